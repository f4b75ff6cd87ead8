"""A golden prompt of the private GPT, a run of it, and a leak run."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from gpts.evals.services.prompts import create_prompt
from gpts.evals.services.runs import start_run


def build(world: Any) -> None:
    owner, gpt, now = world.people["owner"], world.gpts["private"], timezone.now()
    fields = {"prompt": "How long is the walk?", "expected": "answer"}
    prompt = create_prompt(gpt=gpt, fields=fields, by=owner, at=now)
    world.ids["golden_prompt"] = prompt.pk
    for kind, name in (("golden", "golden_run"), ("leak", "leak_run")):
        run = start_run(gpt=gpt, version=None, kind=kind, language="en", by=owner, at=now)
        world.ids[name] = run.pk

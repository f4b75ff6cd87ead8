"""The owner's Create conversation about the private GPT, and the changes it made."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from gpts.studio.services.create import apply_change, end_message, start_message


def build(world: Any) -> None:
    owner, gpt, now = world.people["owner"], world.gpts["private"], timezone.now()
    _question, answer = start_message(gpt=gpt, text="Make it shorter", by=owner, at=now)
    change = apply_change(message=answer, field="starters", value=["Half an hour"], by=owner, at=now)
    assert change is not None
    end_message(message=answer, text="I shortened the starters.", at=now)
    world.ids["builder_change"] = change.pk

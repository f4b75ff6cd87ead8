"""Fetch and authorise golden prompts and runs: admins may look, who may edit the draft changes and runs."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from core.errors import NotFound
from gpts.assistants.models import GPT
from gpts.assistants.queries.gpts import get_relation
from gpts.assistants.rules import GPTAct, may
from gpts.evals.models import GoldenPrompt, GoldenRun
from gpts.evals.states import GoldenKind


def access_golden_prompt(gpt: GPT, identifier: int) -> GoldenPrompt:
    """Return a prompt of a GPT that was authorised; NotFound for any other GPT's."""
    found = (
        GoldenPrompt.objects.select_related("gpt__workspace").filter(gpt=gpt, pk=identifier).first()
        if 0 < identifier < 2**63
        else None
    )
    if found is None:
        raise NotFound(_("This GPT has no such golden prompt."), code="prompt_not_found")
    return found


def access_golden_run(user: Any, gpt: GPT, identifier: UUID) -> GoldenRun:
    """Return a run of a GPT that was authorised. Leak runs show ways in: they are the creator's alone."""
    run = (
        GoldenRun.objects.select_related("gpt__workspace", "version", "baseline__version", "started_by")
        .filter(gpt=gpt, pk=identifier)
        .first()
    )
    if run is None or (run.kind == GoldenKind.LEAK and not may_see_leaks(user, gpt)):
        raise NotFound(_("This GPT has no such run."), code="run_not_found")
    return run


def may_see_leaks(user: Any, gpt: GPT) -> bool:
    return may(GPTAct.EDIT, gpt, get_relation(user, gpt))

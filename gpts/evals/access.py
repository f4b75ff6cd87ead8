"""Fetch golden prompts and runs, or raise. Admins of the workspace may read, editors of the GPT may write."""

from __future__ import annotations

from uuid import UUID

from django.utils.translation import gettext_lazy as _

from core.errors import NotFound
from gpts.assistants.models import GPT
from gpts.assistants.queries.gpts import get_relation
from gpts.assistants.rules import GPTAct, may
from gpts.evals.models import GoldenPrompt, GoldenRun
from gpts.evals.states import GoldenKind
from workspaces.models import User


def access_golden_prompt(gpt: GPT, identifier: int) -> GoldenPrompt:
    """Return a prompt of ``gpt``, which the caller has authorised; raises NotFound for one of another GPT."""
    # The id comes from a URL and can exceed what the column holds.
    prompt = (
        GoldenPrompt.objects.select_related("gpt__workspace").filter(gpt=gpt, pk=identifier).first()
        if 0 < identifier < 2**63
        else None
    )
    if prompt is None:
        raise NotFound(_("This GPT has no such golden prompt."), code="prompt_not_found")
    return prompt


def access_golden_run(user: User, gpt: GPT, identifier: UUID) -> GoldenRun:
    """Return a run of ``gpt``, which the caller has authorised; raises NotFound.

    Leak runs show how to extract the instructions, so only people who may edit the GPT see them.
    """
    run = (
        GoldenRun.objects.select_related("gpt__workspace", "version", "baseline__version", "started_by")
        .filter(gpt=gpt, pk=identifier)
        .first()
    )
    if run is None or (run.kind == GoldenKind.LEAK and not may_see_leaks(user, gpt)):
        raise NotFound(_("This GPT has no such run."), code="run_not_found")
    return run


def may_see_leaks(user: User, gpt: GPT) -> bool:
    return may(GPTAct.EDIT, gpt, get_relation(user, gpt))

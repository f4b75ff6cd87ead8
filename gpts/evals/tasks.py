"""Jobs of golden prompts: one task asks one prompt."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from celery import shared_task
from django.utils import timezone

from core.errors import DomainError
from core.scope import system_scope
from gpts.evals.models import GoldenResult
from gpts.evals.services.asking import Asked, ask, prepare_prompt
from gpts.evals.services.runs import (
    claim_result,
    fail_result,
    fail_with,
    finish_result,
    hold_budget,
    sweep_runs,
)
from gpts.llm.runtime.types import ModelFailure

NAME = "gpts.ask_golden_prompt"


@shared_task(name=NAME)
def ask_golden_prompt(*, run_id: str) -> None:
    """Claim the run's next prompt, ask it, write the answer. The model is asked in no transaction."""
    with system_scope(NAME):
        result = claim_result(run_id=UUID(run_id), at=timezone.now())
    if result is None:
        return
    asked = _prepared(result, at=timezone.now())
    if asked is None:
        return
    try:
        answered = ask(asked)
    except ModelFailure as failure:
        with system_scope(NAME):
            fail_with(result=result, failure=failure, at=timezone.now())
        return
    with system_scope(NAME):
        finish_result(result=result, answered=answered, at=timezone.now())


def _prepared(result: GoldenResult, *, at: datetime) -> Asked | None:
    try:
        with system_scope(NAME):
            asked = prepare_prompt(result.run, result)
            hold_budget(result=result, asked=asked, at=at)
            return asked
    except DomainError as refusal:
        with system_scope(NAME):
            wait = refusal.data.get("retry_after")
            fail_result(result=result, code=refusal.code[:40], retry_after=wait, at=at)
        return None


@shared_task(name="gpts.sweep_golden_runs")
def sweep_golden_runs() -> int:
    """Take up runs whose worker died or whose task was lost. Running twice sends steps that find nothing."""
    with system_scope("gpts.sweep_golden_runs"):
        return sweep_runs(at=timezone.now())

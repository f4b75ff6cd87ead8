"""Jobs of golden prompts: one task asks one prompt."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from celery import shared_task
from django.utils import timezone

from core.errors import DomainError
from core.jobs import log_refused_task
from core.scope import system_scope
from gpts.chat.streaming.hub import run_turn_to_end
from gpts.evals.models import GoldenResult
from gpts.evals.services.asking import PromptRequest, prepare_prompt
from gpts.evals.services.prompt_turn import PromptTurn
from gpts.evals.services.runs import claim_result, fail_result, reserve_budgets, sweep_runs
from gpts.knowledge.retrieval import get_question_embedder
from gpts.llm.embeddings import may_have_embedding_models
from gpts.llm.runtime.types import FailureCode

NAME = "gpts.ask_golden_prompt"


@shared_task(name=NAME)
def ask_golden_prompt(*, run_id: str) -> None:
    """Claim the run's next prompt, ask it, record the answer. No transaction is open while the model answers.

    Running twice asks two prompts, or finds none: a claim is taken once.
    """
    with system_scope(NAME):
        result = claim_result(run_id=UUID(run_id), at=timezone.now())
    if result is None:
        log_refused_task(NAME, "nothing_to_ask", run_id=run_id)
        return
    request = _prepare(result, at=timezone.now())
    if request is not None:
        run_turn_to_end(PromptTurn(result, request))


def _prepare(result: GoldenResult, *, at: datetime) -> PromptRequest | None:
    """The prompt with its budgets reserved; None when a budget or a rule refused, which is recorded.

    A rule about the model refuses each prompt alike, so that it ends the run.
    """
    with system_scope(NAME):
        embedder = get_question_embedder(result.run.gpt) if may_have_embedding_models() else None
    vector = None if embedder is None else embedder.embed([result.snapshot["prompt"]])[0]
    try:
        with system_scope(NAME):
            request = prepare_prompt(result.run, result, vector=vector)
            reserve_budgets(result=result, request=request, at=at)
            return request
    except DomainError as refusal:
        with system_scope(NAME):
            wait = refusal.data.get("retry_after")
            code = FailureCode.ACCESS_ENDED if refusal.code == "policy_refuses" else refusal.code[:40]
            fail_result(result=result, code=code, retry_after=wait, at=at)
        return None


@shared_task(name="gpts.sweep_golden_runs")
def sweep_golden_runs() -> int:
    """Resume runs whose worker died or whose task was lost. Running twice sends tasks that find nothing."""
    with system_scope("gpts.sweep_golden_runs"):
        return sweep_runs(at=timezone.now())

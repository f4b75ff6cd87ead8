"""Runs of golden prompts and leak probes: started, asked prompt by prompt, ended exactly once.

The results of a run are its work queue. A task claims one result, asks the model outside any transaction and
records the answer under its claim; a task that lost its claim records only the cost. So a task may run twice
and a worker may die.
"""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID, uuid4

from django.db import transaction
from django.db.models import Count, F, Q
from django.utils.translation import gettext_lazy as _

from core.audit import record
from core.errors import Conflict, InvalidInput
from core.jobs import enqueue_on_commit
from gpts.assistants.models import GPT, Version
from gpts.assistants.queries.gpts import gpt_workspace_scope
from gpts.assistants.rules import GPTAct
from gpts.assistants.services.gpts import lock_gpt
from gpts.chat.services.rechecks import RunningAnswer, find_turns_without_access
from gpts.chat.services.turn_inputs import get_usable_model
from gpts.chat.streaming.connection import ask_to_stop
from gpts.chat.streaming.lost import find_lost_turns
from gpts.evals.leak_probes import PROBES
from gpts.evals.leaks import compute_leak_score, make_canary
from gpts.evals.metrics import MeasuredResult, compute_metrics, compute_satisfaction
from gpts.evals.models import GoldenPrompt, GoldenResult, GoldenRun
from gpts.evals.services.asking import PromptAnswer, PromptRequest
from gpts.evals.services.snapshots import build_snapshot, build_version
from gpts.evals.states import (
    ACTIVE_RUNS,
    OPEN_RESULTS,
    GoldenKind,
    GoldenResultState,
    GoldenRunAction,
    GoldenRunState,
    move_run,
)
from gpts.evals.verdicts import get_result_state
from gpts.insights.models import InsightBucket
from gpts.insights.states import InsightSeries
from gpts.knowledge.models import KnowledgeFile
from gpts.llm.models import LanguageModel
from gpts.llm.runtime.types import FailureCode
from gpts.metering.services.budgets import (
    capture,
    count_prompt_characters,
    estimate_largest,
    estimate_usage,
    release,
    reserve,
)
from workspaces.acts import check_policy
from workspaces.models import User
from workspaces.policy import Act, model_targets

# Prompts of one run that are asked at the same time.
CONCURRENCY = 4
ATTEMPTS = 5
# A claim of this age whose turn has no heartbeat is lost with its worker.
LEASE = timedelta(minutes=1)
BACK_OFF = (2, 5, 15, 40)
LONGEST_WAIT = 120
# After these failures another attempt may succeed.
RETRIED_FAILURES = (
    FailureCode.RATE_LIMITED,
    FailureCode.OVERLOADED,
    FailureCode.PROVIDER_DOWN,
    FailureCode.PROVIDER_ERROR,
    FailureCode.PROVIDER_SLOW,
)
FEEDBACK_DAYS = 90


@transaction.atomic
def start_run(
    *,
    gpt: GPT,
    version: Version | None,
    kind: str,
    language: str,
    by: User,
    at: datetime,
    api_key_id: int | None = None,
) -> GoldenRun:
    """Start a run of all enabled prompts, or of the leak probes, on a version (None: the present draft).

    A snapshot of the GPT is stored with the run. Raises Conflict (``run_active``) while one of the kind
    goes on, InvalidInput (``no_prompts``, ``foreign_version``), Forbidden (``policy_refuses``) for a model
    that ``by`` may not use. Audited; tasks are sent after commit.
    """
    fresh = lock_gpt(gpt)
    if version is not None and version.gpt_id != fresh.pk:
        raise InvalidInput(_("This version belongs to another GPT."), code="foreign_version", field="version")
    if GoldenRun.objects.filter(gpt=fresh, kind=kind, state__in=ACTIVE_RUNS).exists():
        raise Conflict(
            _("A run is already in progress. Wait until it ends, or cancel it."), code="run_active"
        )
    content_hash, behaviour = build_snapshot(fresh, version)
    snapshots = (
        _build_leak_snapshots(fresh, behaviour) if kind == GoldenKind.LEAK else _build_prompt_snapshots(fresh)
    )
    if not snapshots:
        raise InvalidInput(_("There is no enabled prompt to run. Add one first."), code="no_prompts")
    model = get_usable_model(fresh, build_version(fresh, behaviour, content_hash))
    if model is not None:
        targets = model_targets(model.pk, model.provider_id)
        check_policy(by.pk, Act.USE_MODEL, workspace_id=fresh.workspace_id, targets=targets)
    run = GoldenRun.objects.create(
        workspace_id=fresh.workspace_id,
        gpt=fresh,
        version=version,
        content_hash=content_hash,
        behaviour=behaviour,
        kind=kind,
        started_by=by,
        api_key_id=api_key_id,
        language=language[:10],
        model_name=model.name if model else "",
        total_count=len(snapshots),
        baseline=_find_baseline(fresh, kind, version),
        created_at=at,
    )
    GoldenResult.objects.bulk_create(
        GoldenResult(
            workspace_id=fresh.workspace_id,
            run=run,
            prompt_id=prompt_id,
            position=position,
            snapshot=snapshot,
        )
        for position, (prompt_id, snapshot) in enumerate(snapshots, 1)
    )
    send_steps(run.pk, count=min(CONCURRENCY, len(snapshots)))
    record(
        action="gpts.golden_run_started",
        by=by,
        at=at,
        subject=run,
        workspace_id=fresh.workspace_id,
        data={"gpt_id": fresh.pk, "kind": str(kind), "version": version.number if version else None},
    )
    return run


def _build_prompt_snapshots(gpt: GPT) -> list[tuple[int | None, dict[str, Any]]]:
    prompts = GoldenPrompt.objects.filter(gpt=gpt, is_enabled=True).order_by("position")
    names = ("name", "prompt", "history", "tags", "expected", "assertions", "seed")
    return [(prompt.pk, {name: getattr(prompt, name) for name in names}) for prompt in prompts]


def _build_leak_snapshots(gpt: GPT, behaviour: dict[str, Any]) -> list[tuple[int | None, dict[str, Any]]]:
    planted = {
        "instructions": make_canary(secrets.token_bytes(20)),
        "passage": make_canary(secrets.token_bytes(20)),
    }
    with gpt_workspace_scope(gpt):
        files = KnowledgeFile.objects.filter(gpt=gpt, content_hash__in=behaviour["knowledge_hashes"])
        names = sorted(set(files.values_list("name", flat=True)))
    return [
        (
            None,
            {"key": probe.key, "family": probe.family.value, "name": probe.key, "prompt": probe.text,
             "planted": planted, "files": names, "assertions": [], "expected": ""},
        )
        for probe in PROBES
    ]  # fmt: skip


def _find_baseline(gpt: GPT, kind: str, version: Version | None) -> GoldenRun | None:
    """The run to compare with: the newest finished one of an earlier version, else the newest of all."""
    finished = GoldenRun.objects.filter(gpt=gpt, kind=kind, state=GoldenRunState.FINISHED)
    earlier = finished.filter(version__isnull=False)
    if version is not None:
        earlier = earlier.filter(version__number__lt=version.number)
    newest = earlier.order_by("-version__number", "-created_at").first()
    return newest or finished.order_by("-created_at", "-id").first()


def send_steps(run_id: UUID, *, count: int = 1, delay: float = 0.0) -> None:
    """Send tasks that each ask one prompt, after commit. The sweep sends them again where that failed."""
    for _number in range(count):
        enqueue_on_commit("gpts.ask_golden_prompt", countdown=delay or None, run_id=str(run_id))


@transaction.atomic
def cancel_run(*, run: GoldenRun, by: User, at: datetime) -> GoldenRun:
    """End a run: waiting prompts are not asked, running ones are stopped; their cost counts. Idempotent."""
    fresh = _lock_run(run.pk)
    if fresh.state != GoldenRunState.CANCELLED:
        _cancel(fresh, by=by, at=at)
    return fresh


def _cancel(run: GoldenRun, *, by: User | None, at: datetime) -> None:
    """``run`` is locked."""
    run.state = move_run(run.state, GoldenRunAction.CANCEL)
    run.ended_at = at
    run.save(update_fields=["state", "ended_at"])
    claims = list(run.results.filter(state=GoldenResultState.RUNNING).values_list("claim", flat=True))
    run.results.filter(state__in=OPEN_RESULTS).update(state=GoldenResultState.CANCELLED, ended_at=at)
    transaction.on_commit(partial(_stop_prompts, claims), robust=True)
    record(
        action="gpts.golden_run_cancelled",
        by=by,
        at=at,
        subject=run,
        workspace_id=run.workspace_id,
        data={"gpt_id": run.gpt_id},
    )


def _stop_prompts(claims: list[UUID | None]) -> None:
    """Stop the answers that workers are reading from models."""
    for claim in claims:
        if claim is not None:
            ask_to_stop(claim)


def _has_lost_access(run: GoldenRun, *, at: datetime) -> bool:
    """Whether the person who started the run may not try the GPT any more, or the key of the run ended."""
    if run.started_by_id is None:
        return True
    answer = RunningAnswer(
        turn_id=run.pk,
        user_id=run.started_by_id,
        gpt_id=run.gpt_id,
        act=GPTAct.TRY,
        workspace_ids=(run.workspace_id,),
        payer_id=run.workspace_id,
        api_key_id=run.api_key_id,
    )
    return bool(find_turns_without_access([answer], at=at))


def _lock_run(run_id: UUID) -> GoldenRun:
    return GoldenRun.objects.select_for_update(of=("self",)).select_related("gpt__workspace").get(pk=run_id)


@transaction.atomic
def claim_result(*, run_id: UUID, at: datetime) -> GoldenResult | None:
    """Claim the next waiting prompt; None when the run has ended, enough of it runs, or nothing is due yet.

    A run whose person may not try the GPT any more is cancelled by the system instead.
    """
    run = GoldenRun.objects.select_for_update(of=("self",)).filter(pk=run_id, state__in=ACTIVE_RUNS).first()
    if run is None:
        return None
    if _has_lost_access(run, at=at):
        _cancel(run, by=None, at=at)
        return None
    if run.state == GoldenRunState.WAITING:
        run.state = move_run(run.state, GoldenRunAction.BEGIN)
        run.save(update_fields=["state"])
    if run.results.filter(state=GoldenResultState.RUNNING).count() >= CONCURRENCY:
        return None
    due = Q(not_before__isnull=True) | Q(not_before__lte=at)
    result = run.results.filter(due, state=GoldenResultState.WAITING).order_by("position").first()
    if result is None:
        return None
    result.state = GoldenResultState.RUNNING
    result.claim = uuid4()
    result.attempts += 1
    result.started_at = at
    result.save(update_fields=["state", "claim", "attempts", "started_at"])
    return GoldenResult.objects.select_related("run__gpt__workspace", "run__started_by").get(pk=result.pk)


def reserve_budgets(*, result: GoldenResult, request: PromptRequest, at: datetime) -> None:
    """Reserve the estimate for the person who started the run; raises BudgetExceeded before any call.

    The claim is used as the turn's id; recording the result captures or releases the reservation.
    """
    run = result.run
    asks_no_model = request.prepared.fixed_answer and not request.judges
    if run.started_by is None or asks_no_model or result.claim is None:
        return
    # Judges read at most what the model reads and writes; a fixed answer costs nothing itself.
    models: list[LanguageModel | None] = [model for _spec, model in request.judges.values()]
    characters = count_prompt_characters(request.prepared.input)
    if not request.prepared.fixed_answer:
        models.insert(0, request.prepared.model)
    estimates = [estimate_usage(model, characters) for model in models]
    tokens, micros = (sum(amounts) for amounts in zip(*estimates, strict=True))
    most = [
        estimate_largest(model, run.workspace_id) or pair
        for model, pair in zip(models, estimates, strict=True)
    ]
    reserve(
        user=run.started_by,
        workspace_id=run.workspace_id,
        gpt=run.gpt,
        turn_id=result.claim,
        estimated_tokens=tokens,
        estimated_micros=micros,
        largest=(sum(pair[0] for pair in most), sum(pair[1] for pair in most)),
        at=at,
    )


@transaction.atomic
def finish_result(*, result: GoldenResult, answer: PromptAnswer, at: datetime) -> None:
    """Record an answer under its claim; the cost is counted also when the run was cancelled meanwhile."""
    run = _lock_run(result.run_id)
    _count_cost(run, result, answer, at=at)
    fresh = _find_claimed(run, result)
    if fresh is None:
        return
    fresh.state = get_result_state(answer.verdicts)
    fresh.answer = answer.text
    fresh.outcome = answer.outcome
    fresh.verdicts = [verdict.as_json() for verdict in answer.verdicts]
    fresh.citations = answer.citations
    fresh.tool_calls = answer.tool_calls
    fresh.model_name = answer.model_name[:120]
    fresh.input_tokens = answer.input_tokens
    fresh.output_tokens = answer.output_tokens
    fresh.cost_micros = answer.cost_micros
    fresh.latency_ms = answer.latency_ms
    fresh.ended_at = at
    fresh.save()
    _continue_run(run, at=at)


@transaction.atomic
def count_stopped_result(*, result: GoldenResult, answer: PromptAnswer, at: datetime) -> None:
    """Count the cost of an answer that was stopped because its run was cancelled."""
    _count_cost(_lock_run(result.run_id), result, answer, at=at)


def _count_cost(run: GoldenRun, result: GoldenResult, answer: PromptAnswer, *, at: datetime) -> None:
    GoldenRun.objects.filter(pk=run.pk).update(
        input_tokens=F("input_tokens") + answer.input_tokens,
        output_tokens=F("output_tokens") + answer.output_tokens,
        cost_micros=F("cost_micros") + answer.cost_micros,
    )
    if result.claim is not None:
        tokens = answer.input_tokens + answer.output_tokens
        capture(turn_id=result.claim, tokens=tokens, cost_micros=answer.cost_micros, at=at)


def _find_claimed(run: GoldenRun, result: GoldenResult) -> GoldenResult | None:
    """The result as it is now; None when the claim was lost or the run was cancelled."""
    return run.results.filter(pk=result.pk, claim=result.claim, state=GoldenResultState.RUNNING).first()


@transaction.atomic
def fail_result(*, result: GoldenResult, code: str, retry_after: float | None, at: datetime) -> None:
    """Record that no answer came: retry later where that may help, else it is an error, never a fail.

    A person who lost the right to try the GPT meanwhile ends the whole run, as claim_result does.
    """
    run = _lock_run(result.run_id)
    if result.claim is not None:
        release(turn_id=result.claim)
    fresh = _find_claimed(run, result)
    if fresh is None:
        return
    if code == FailureCode.ACCESS_ENDED:
        _cancel(run, by=None, at=at)
        return
    fresh.error_code = code
    if code in RETRIED_FAILURES and fresh.attempts < ATTEMPTS:
        delay = BACK_OFF[min(fresh.attempts, len(BACK_OFF)) - 1]
        delay = min(max(delay, int(retry_after or 0)), LONGEST_WAIT)
        fresh.state = GoldenResultState.WAITING
        fresh.claim = None
        fresh.not_before = at + timedelta(seconds=delay)
        fresh.save(update_fields=["state", "claim", "not_before", "error_code"])
        send_steps(run.pk, delay=delay + 0.1)
        return
    fresh.state = GoldenResultState.ERROR
    fresh.ended_at = at
    fresh.save(update_fields=["state", "ended_at", "error_code"])
    _continue_run(run, at=at)


def _continue_run(run: GoldenRun, *, at: datetime) -> None:
    """Send the next task, or end the run when no result is open. ``run`` is locked."""
    states = dict(run.results.values_list("state").annotate(count=Count("pk")))
    GoldenRun.objects.filter(pk=run.pk).update(
        passed_count=states.get(GoldenResultState.PASSED, 0),
        failed_count=states.get(GoldenResultState.FAILED, 0),
        unjudged_count=states.get(GoldenResultState.UNJUDGED, 0),
        error_count=states.get(GoldenResultState.ERROR, 0),
    )
    if run.state not in ACTIVE_RUNS:
        return
    if states.get(GoldenResultState.WAITING):
        send_steps(run.pk)
    elif not states.get(GoldenResultState.RUNNING):
        _finish(run, at=at)


def _finish(run: GoldenRun, *, at: datetime) -> None:
    run.refresh_from_db(fields=["passed_count", "error_count", "total_count"])
    run.state = move_run(run.state, GoldenRunAction.FINISH)
    run.ended_at = at
    rows = run.results.values_list("state", "snapshot__expected", "outcome", "latency_ms")
    figures = [
        MeasuredResult(state, expected or "", outcome, latency) for state, expected, outcome, latency in rows
    ]
    run.metrics = compute_metrics(figures)
    if run.kind == GoldenKind.LEAK:
        answered = run.total_count - run.error_count
        # Probes without an answer prove nothing: a run of errors alone has no score.
        run.score = compute_leak_score(run.passed_count, answered) if answered else None
    else:
        run.metrics |= _measure_satisfaction(run, at=at)
    run.save(update_fields=["state", "ended_at", "metrics", "score"])


def _measure_satisfaction(run: GoldenRun, *, at: datetime) -> dict[str, Any]:
    """Thumbs on answers of all versions, from closed periods of Insights only.

    Newer thumbs would let the difference of two runs reveal one person's thumb.
    """
    periods = InsightBucket.objects.filter(
        gpt=run.gpt, series=InsightSeries.THUMBS, start_date__gte=(at - timedelta(days=FEEDBACK_DAYS)).date()
    )
    rows = list(periods.values_list("figures", "people"))
    positive = sum(figures["positive"] for figures, _people in rows)
    thumbs = positive + sum(figures["negative"] for figures, _people in rows)
    return compute_satisfaction(positive, max((people for _figures, people in rows), default=0), thumbs)


def sweep_runs(*, at: datetime) -> int:
    """Resume runs that broke off: claims whose worker died are released, and every active run gets tasks.

    Returns the number of active runs. Idempotent: tasks that find nothing to claim end at once.
    """
    run_ids = GoldenRun.objects.filter(state__in=ACTIVE_RUNS).order_by("created_at")
    swept = 0
    for run_id in run_ids.values_list("pk", flat=True):
        _resume_run(run_id, at=at)
        swept += 1
    return swept


@transaction.atomic
def _resume_run(run_id: UUID, *, at: datetime) -> None:
    run = _lock_run(run_id)
    running = run.results.filter(state=GoldenResultState.RUNNING, started_at__lt=at - LEASE)
    rows = running.values_list("claim", "started_at")
    started = {
        claim: started_at for claim, started_at in rows if claim is not None and started_at is not None
    }
    claims = find_lost_turns(started, at=at)
    for claim in sorted(claims):
        release(turn_id=claim)
    lost = run.results.filter(claim__in=claims)
    lost.filter(attempts__gte=ATTEMPTS).update(
        state=GoldenResultState.ERROR, error_code=FailureCode.INTERRUPTED.value, ended_at=at
    )
    lost.filter(state=GoldenResultState.RUNNING).update(state=GoldenResultState.WAITING, claim=None)
    _continue_run(run, at=at)
    send_steps(run_id, count=CONCURRENCY - 1)

"""Runs of golden prompts and leak probes: begun, asked prompt by prompt, ended exactly once.

A run's results are its work list. A task claims one result, asks outside any transaction and writes what came
of it under its claim; whoever lost the claim writes nothing. So a task may run twice and a worker may die.
"""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
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
from gpts.assistants.services.gpts import lock_gpt
from gpts.chat.services.rechecks import RunningAnswer, find_turns_without_access
from gpts.chat.services.turn_inputs import get_usable_model
from gpts.evals.leak_probes import PROBES
from gpts.evals.leaks import make_canary, score_of
from gpts.evals.metrics import Figure, measure, satisfaction
from gpts.evals.models import GoldenPrompt, GoldenResult, GoldenRun
from gpts.evals.services.asking import Answered, Asked
from gpts.evals.services.snapshots import behaviour_of, snapshot_of
from gpts.evals.states import (
    ACTIVE_RUNS,
    OPEN_RESULTS,
    GoldenKind,
    GoldenResultState,
    GoldenRunAction,
    GoldenRunState,
    move_run,
)
from gpts.evals.verdicts import state_of
from gpts.insights.models import InsightBucket
from gpts.insights.states import InsightSeries
from gpts.knowledge.models import KnowledgeFile
from gpts.llm.models import LanguageModel
from gpts.llm.runtime.types import FailureCode, ModelFailure
from gpts.metering.services.reservations import capture, characters_of, estimate, release, reserve

# Prompts of one run that are asked at the same time.
CONCURRENCY = 4
ATTEMPTS = 5
# Longer than any answer may take: first token and idle limits end those that hang.
LEASE = timedelta(minutes=10)
BACK_OFF = (2, 5, 15, 40)
LONGEST_WAIT = 120
# Of these another try may succeed.
PASSING_TROUBLE = (FailureCode.RATE_LIMITED, FailureCode.PROVIDER_DOWN, FailureCode.PROVIDER_SLOW)
FEEDBACK_DAYS = 90


@transaction.atomic
def start_run(
    *, gpt: GPT, version: Version | None, kind: str, language: str, by: Any, at: datetime
) -> GoldenRun:
    """Begin a run of all enabled prompts, or of the leak probes, on a version (None: the present draft).

    The state is kept with the run. Raises Conflict (``run_active``) while one of the kind goes on,
    InvalidInput (``no_prompts``, ``foreign_version``). Audited; the work begins after commit.
    """
    fresh = lock_gpt(gpt)
    if version is not None and version.gpt_id != fresh.pk:
        raise InvalidInput(_("This version belongs to another GPT."), code="foreign_version", field="version")
    if GoldenRun.objects.filter(gpt=fresh, kind=kind, state__in=ACTIVE_RUNS).exists():
        raise Conflict(_("A run is going on already. Wait for its end or cancel it."), code="run_active")
    content_hash, kept = snapshot_of(fresh, version)
    snapshots = _leak_snapshots(fresh, kept) if kind == GoldenKind.LEAK else _prompt_snapshots(fresh)
    if not snapshots:
        raise InvalidInput(_("There is no enabled prompt to run. Add one first."), code="no_prompts")
    model = get_usable_model(fresh, behaviour_of(fresh, kept, content_hash))
    run = GoldenRun.objects.create(
        workspace_id=fresh.workspace_id,
        gpt=fresh,
        version=version,
        content_hash=content_hash,
        behaviour=kept,
        kind=kind,
        started_by=by,
        language=language[:10],
        model_name=model.name if model else "",
        total_count=len(snapshots),
        baseline=_baseline(fresh, kind, version),
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


def _prompt_snapshots(gpt: GPT) -> list[tuple[int | None, dict[str, Any]]]:
    prompts = GoldenPrompt.objects.filter(gpt=gpt, is_enabled=True).order_by("position")
    names = ("name", "prompt", "history", "tags", "expected", "assertions", "seed")
    return [(prompt.pk, {name: getattr(prompt, name) for name in names}) for prompt in prompts]


def _leak_snapshots(gpt: GPT, kept: dict[str, Any]) -> list[tuple[int | None, dict[str, Any]]]:
    planted = {
        "instructions": make_canary(secrets.token_bytes(20)),
        "passage": make_canary(secrets.token_bytes(20)),
    }
    with gpt_workspace_scope(gpt):
        files = KnowledgeFile.objects.filter(gpt=gpt, content_hash__in=kept["knowledge_hashes"])
        names = sorted(set(files.values_list("name", flat=True)))
    return [
        (
            None,
            {"key": probe.key, "family": probe.family.value, "name": probe.key, "prompt": probe.text,
             "planted": planted, "files": names, "assertions": [], "expected": ""},
        )
        for probe in PROBES
    ]  # fmt: skip


def _baseline(gpt: GPT, kind: str, version: Version | None) -> GoldenRun | None:
    """The run to compare with: the newest finished one of an earlier version, else the newest of all."""
    finished = GoldenRun.objects.filter(gpt=gpt, kind=kind, state=GoldenRunState.FINISHED)
    earlier = finished.filter(version__isnull=False)
    if version is not None:
        earlier = earlier.filter(version__number__lt=version.number)
    newest = earlier.order_by("-version__number", "-created_at").first()
    return newest or finished.order_by("-created_at", "-id").first()


def send_steps(run_id: UUID, *, count: int = 1, delay: float = 0.0) -> None:
    """Send tasks that each ask one prompt, after commit. A broker that is down is the sweep's matter."""
    for _number in range(count):
        enqueue_on_commit("gpts.ask_golden_prompt", countdown=delay or None, run_id=str(run_id))


@transaction.atomic
def cancel_run(*, run: GoldenRun, by: Any, at: datetime) -> GoldenRun:
    """Stop a run: what waits is not asked, what is being asked is paid but not counted. Idempotent."""
    fresh = _locked(run.pk)
    if fresh.state != GoldenRunState.CANCELLED:
        _cancel(fresh, by=by, at=at)
    return fresh


def _cancel(run: GoldenRun, *, by: Any, at: datetime) -> None:
    """``run`` is locked."""
    run.state = move_run(run.state, GoldenRunAction.CANCEL)
    run.ended_at = at
    run.save(update_fields=["state", "ended_at"])
    run.results.filter(state__in=OPEN_RESULTS).update(state=GoldenResultState.CANCELLED, ended_at=at)
    record(
        action="gpts.golden_run_cancelled",
        by=by,
        at=at,
        subject=run,
        workspace_id=run.workspace_id,
        data={"gpt_id": run.gpt_id},
    )


def _lost_its_right(run: GoldenRun) -> bool:
    """Whether who began a run was removed or deactivated since, or its GPT may not be run any more."""
    if run.started_by_id is None:
        return True
    asking = RunningAnswer(run.pk, run.started_by_id, run.gpt_id, True, (run.workspace_id,))
    return bool(find_turns_without_access([asking]))


def _locked(run_id: UUID) -> GoldenRun:
    return GoldenRun.objects.select_for_update(of=("self",)).select_related("gpt__workspace").get(pk=run_id)


@transaction.atomic
def claim_result(*, run_id: UUID, at: datetime) -> GoldenResult | None:
    """Take the next prompt that waits, or None: ended, enough at work already, or nothing due yet.

    A run whose person may not try the GPT any more ends here instead, as cancelled by the machine.
    """
    run = GoldenRun.objects.select_for_update(of=("self",)).filter(pk=run_id, state__in=ACTIVE_RUNS).first()
    if run is None:
        return None
    if _lost_its_right(run):
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


def hold_budget(*, result: GoldenResult, asked: Asked, at: datetime) -> None:
    """Reserve the estimate for the person who started the run; raises BudgetExceeded before any call.

    The claim stands for a turn's id; finish_result counts, fail_result gives back.
    """
    run = result.run
    asks_nobody = asked.prepared.fixed_answer and not asked.judges
    if run.started_by is None or asks_nobody or result.claim is None:
        return
    # Judges read at most what the model reads and writes; a fixed answer costs nothing itself.
    models: list[LanguageModel | None] = [model for _spec, model in asked.judges.values()]
    characters = characters_of(asked.prepared.input)
    if not asked.prepared.fixed_answer:
        models.insert(0, asked.prepared.model)
    estimates = [estimate(model, characters) for model in models]
    tokens, micros = (sum(amounts) for amounts in zip(*estimates, strict=True))
    reserve(
        user=run.started_by,
        workspace_id=run.workspace_id,
        gpt=run.gpt,
        turn_id=result.claim,
        estimated_tokens=tokens,
        estimated_micros=micros,
        at=at,
    )


@transaction.atomic
def finish_result(*, result: GoldenResult, answered: Answered, at: datetime) -> None:
    """Write an answer under its claim; the cost is counted also when the run was cancelled meanwhile."""
    run = _locked(result.run_id)
    GoldenRun.objects.filter(pk=run.pk).update(
        input_tokens=F("input_tokens") + answered.input_tokens,
        output_tokens=F("output_tokens") + answered.output_tokens,
        cost_micros=F("cost_micros") + answered.cost_micros,
    )
    tokens = answered.input_tokens + answered.output_tokens
    if result.claim is not None:
        capture(turn_id=result.claim, tokens=tokens, cost_micros=answered.cost_micros, at=at)
    fresh = run.results.filter(pk=result.pk, claim=result.claim, state=GoldenResultState.RUNNING).first()
    if fresh is None:
        return
    fresh.state = state_of(answered.verdicts)
    fresh.answer = answered.text
    fresh.outcome = answered.outcome
    fresh.verdicts = [verdict.as_json() for verdict in answered.verdicts]
    fresh.citations = answered.citations
    fresh.tool_calls = answered.tool_calls
    fresh.model_name = answered.model_name[:120]
    fresh.input_tokens = answered.input_tokens
    fresh.output_tokens = answered.output_tokens
    fresh.cost_micros = answered.cost_micros
    fresh.latency_ms = answered.latency_ms
    fresh.ended_at = at
    fresh.save()
    _go_on(run, at=at)


@transaction.atomic
def fail_result(*, result: GoldenResult, code: str, retry_after: float | None, at: datetime) -> None:
    """Note that no answer came: try again later where that may help, else it is an error, never a fail."""
    run = _locked(result.run_id)
    if result.claim is not None:
        release(turn_id=result.claim)
    fresh = run.results.filter(pk=result.pk, claim=result.claim, state=GoldenResultState.RUNNING).first()
    if fresh is None:
        return
    fresh.error_code = code
    if code in PASSING_TROUBLE and fresh.attempts < ATTEMPTS:
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
    _go_on(run, at=at)


def fail_with(*, result: GoldenResult, failure: ModelFailure, at: datetime) -> None:
    fail_result(result=result, code=failure.code.value, retry_after=failure.retry_after, at=at)


def _go_on(run: GoldenRun, *, at: datetime) -> None:
    """Send the next step, or end the run when nothing is open. ``run`` is locked."""
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
    figures = [Figure(state, expected or "", outcome, latency) for state, expected, outcome, latency in rows]
    run.metrics = measure(figures)
    if run.kind == GoldenKind.LEAK:
        asked = run.total_count - run.error_count
        # Probes without an answer prove nothing: a run of errors alone has no score.
        run.score = score_of(run.passed_count, asked) if asked else None
    else:
        run.metrics |= _satisfaction(run, at=at)
    run.save(update_fields=["state", "ended_at", "metrics", "score"])


def _satisfaction(run: GoldenRun, *, at: datetime) -> dict[str, Any]:
    """Thumbs on all versions' answers, of closed periods of Insights alone.

    Anything newer would let two runs tell of one person's thumb between them.
    """
    periods = InsightBucket.objects.filter(
        gpt=run.gpt, series=InsightSeries.THUMBS, start_date__gte=(at - timedelta(days=FEEDBACK_DAYS)).date()
    )
    rows = list(periods.values_list("figures", "people"))
    positive = sum(figures["positive"] for figures, _people in rows)
    thumbs = positive + sum(figures["negative"] for figures, _people in rows)
    return satisfaction(positive, max((people for _figures, people in rows), default=0), thumbs)


def sweep_runs(*, at: datetime) -> int:
    """Take up runs that broke off: claims whose worker died wait again, and every active run gets steps.

    Returns how many runs were looked after. Repeating it is harmless: steps without work end at once.
    """
    swept = 0
    for run_id in (
        GoldenRun.objects.filter(state__in=ACTIVE_RUNS).order_by("created_at").values_list("pk", flat=True)
    ):
        with transaction.atomic():
            run = _locked(run_id)
            lost = run.results.filter(state=GoldenResultState.RUNNING, started_at__lt=at - LEASE)
            lost.filter(attempts__gte=ATTEMPTS).update(
                state=GoldenResultState.ERROR, error_code=FailureCode.INTERRUPTED.value, ended_at=at
            )
            lost.update(state=GoldenResultState.WAITING, claim=None)
            _go_on(run, at=at)
            send_steps(run_id, count=CONCURRENCY - 1)
            swept += 1
    return swept

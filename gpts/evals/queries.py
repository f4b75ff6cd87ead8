"""Queries for golden prompts, their runs and results."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from django.db.models import Case, F, IntegerField, OuterRef, QuerySet, Subquery, Value, When

from gpts.assistants.models import GPT
from gpts.assistants.queries.gpts import gpt_workspace_scope
from gpts.evals.leak_probes import ADVICE, ProbeFamily
from gpts.evals.metrics import Comparison, compare_runs
from gpts.evals.models import GoldenPrompt, GoldenResult, GoldenRun
from gpts.evals.states import ACTIVE_RUNS, GoldenKind, GoldenResultState, GoldenRunState
from gpts.evals.suggestions import Suggestion, build_suggestions
from gpts.knowledge.models import Passage
from gpts.knowledge.queries import list_knowledge_files

ENDED_RESULTS = (
    GoldenResultState.PASSED,
    GoldenResultState.FAILED,
    GoldenResultState.UNJUDGED,
    GoldenResultState.ERROR,
)


def list_golden_prompts(gpt: GPT) -> QuerySet[GoldenPrompt]:
    """Return the prompts in order, with ``last_state`` and ``last_run`` of the newest result that ended."""
    newest = GoldenResult.objects.filter(prompt=OuterRef("pk"), state__in=ENDED_RESULTS).order_by("-id")
    return (
        GoldenPrompt.objects.filter(gpt=gpt)
        .annotate(
            last_state=Subquery(newest.values("state")[:1]), last_run=Subquery(newest.values("run_id")[:1])
        )
        .order_by("position")
    )


def list_golden_runs(gpt: GPT, *, kind: str = GoldenKind.GOLDEN) -> QuerySet[GoldenRun]:
    """Return the runs of a kind, newest first, without their snapshots."""
    return (
        GoldenRun.objects.filter(gpt=gpt, kind=kind)
        .select_related("version", "started_by", "baseline__version")
        .defer("behaviour")
        .order_by("-created_at", "-id")
    )


def get_active_run(gpt: GPT, *, kind: str = GoldenKind.GOLDEN) -> GoldenRun | None:
    return list_golden_runs(gpt, kind=kind).filter(state__in=ACTIVE_RUNS).first()


def get_last_finished_run(gpt: GPT, *, kind: str = GoldenKind.GOLDEN) -> GoldenRun | None:
    return list_golden_runs(gpt, kind=kind).filter(state=GoldenRunState.FINISHED).first()


def find_finished_run(gpt: GPT, content_hash: str, kind: str) -> GoldenRun | None:
    """Return the newest finished run on exactly this content, inside the GPT's workspace."""
    rows = GoldenRun.objects.filter(
        gpt=gpt, kind=kind, state=GoldenRunState.FINISHED, content_hash=content_hash
    )
    return rows.defer("behaviour").order_by("-created_at", "-id").first()


def list_results(run: GoldenRun, *, only: str = "") -> QuerySet[GoldenResult]:
    """Return the results: failed, without an answer, not judged, passed. ``only`` filters by one state."""
    rank = Case(
        When(state=GoldenResultState.FAILED, then=Value(0)),
        When(state=GoldenResultState.ERROR, then=Value(1)),
        When(state=GoldenResultState.UNJUDGED, then=Value(2)),
        When(state=GoldenResultState.PASSED, then=Value(3)),
        default=Value(4),
        output_field=IntegerField(),
    )
    results = GoldenResult.objects.filter(run=run).annotate(rank=rank).order_by("rank", "position")
    return results.filter(state=only) if only in GoldenResultState.values else results


def map_results_by_prompt(run: GoldenRun | None) -> dict[int, GoldenResult]:
    if run is None:
        return {}
    rows = GoldenResult.objects.filter(run=run, prompt__isnull=False)
    return {row.prompt_id: row for row in rows if row.prompt_id is not None}


def compare_with_baseline(run: GoldenRun) -> Comparison | None:
    """Return the comparison of a run with its baseline, None if it has no baseline."""
    if run.baseline_id is None:
        return None
    states = [
        dict(
            GoldenResult.objects.filter(run_id=identifier, prompt__isnull=False).values_list(
                "prompt_id", "state"
            )
        )
        for identifier in (run.baseline_id, run.pk)
    ]
    return compare_runs(states[0], states[1])


def list_leak_advice(run: GoldenRun) -> list[tuple[ProbeFamily, int, str]]:
    """Return (family, failed probes, advice) for each family with a failed probe, most failures first."""
    failed = GoldenResult.objects.filter(run=run, state=GoldenResultState.FAILED)
    counts: dict[str, int] = {}
    for family in failed.annotate(family=F("snapshot__family")).values_list("family", flat=True):
        counts[family] = counts.get(family, 0) + 1
    families = sorted(counts, key=lambda family: (-counts[family], family))
    return [
        (ProbeFamily(family), counts[family], str(ADVICE[ProbeFamily(family)]))
        for family in families
        if family in ProbeFamily.values
    ]


def suggest_prompts(gpt: GPT) -> list[Suggestion]:
    """Suggest the first prompts for a GPT that has none, from its starters and files."""
    passages = []
    with gpt_workspace_scope(gpt):
        for file in list_knowledge_files(gpt)[:3]:
            if file.document_id is None:
                continue
            heading = (
                Passage.objects.filter(document_id=file.document_id)
                .exclude(heading="")
                .order_by("position")
                .values_list("heading", flat=True)
                .first()
            )
            passages.append((file.name, heading or ""))
    return build_suggestions(starters=list(gpt.starters), passages=passages, instructions=gpt.instructions)


def find_running_claims(claims: Collection[UUID]) -> set[UUID]:
    """Return those of ``claims`` whose result is still running."""
    running = GoldenResult.objects.filter(claim__in=claims, state=GoldenResultState.RUNNING)
    return {claim for claim in running.values_list("claim", flat=True) if claim is not None}

"""Golden prompts and what came of them in the export of a workspace."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from gpts.evals.models import GoldenPrompt, GoldenResult, GoldenRun
from workspaces.exports import ExportPart, Table, columns
from workspaces.models import Workspace


def _of(model: Any, gpt: str = "gpt") -> Any:
    def find(workspace: Workspace) -> QuerySet[Any]:
        return model.objects.filter(
            **{"workspace": workspace, f"{gpt}__workspace": workspace, f"{gpt}__deleted_at__isnull": True}
        )

    return find


PART = ExportPart(
    steps=(
        Table(
            "tests/prompts.jsonl",
            _("Golden prompts"),
            _of(GoldenPrompt),
            columns(
                "id",
                "gpt_id",
                "position",
                "name",
                "prompt",
                "history",
                "tags",
                "expected",
                "assertions",
                "seed",
                "is_enabled",
                "created_at",
                "updated_at",
            ),
        ),
        Table(
            "tests/runs.jsonl",
            _("Runs of golden prompts and leak probes"),
            _of(GoldenRun),
            columns(
                "id",
                "gpt_id",
                "version_id",
                "content_hash",
                "behaviour",
                "kind",
                "state",
                "language",
                "model_name",
                "total_count",
                "passed_count",
                "failed_count",
                "unjudged_count",
                "error_count",
                "input_tokens",
                "output_tokens",
                "cost_micros",
                "metrics",
                "score",
                "baseline_id",
                "error_code",
                "created_at",
                "ended_at",
                people=("started_by",),
            ),
        ),
        Table(
            "tests/results.jsonl",
            _("Each prompt of each run, with its answer and verdicts"),
            _of(GoldenResult, "run__gpt"),
            columns(
                "run_id",
                "prompt_id",
                "position",
                "snapshot",
                "state",
                "answer",
                "outcome",
                "verdicts",
                "citations",
                "tool_calls",
                "model_name",
                "input_tokens",
                "output_tokens",
                "cost_micros",
                "latency_ms",
                "error_code",
                "started_at",
                "ended_at",
            ),
        ),
    )
)

"""A company's usage as CSV, sent period by period: a line for each person, GPT and model, or cost centre."""

from __future__ import annotations

from collections.abc import AsyncIterator
from decimal import Decimal

from django.conf import settings
from django.http import StreamingHttpResponse
from django.utils import timezone

from core.csv_files import write_csv, write_csv_rows
from core.errors import Forbidden, NotFound
from core.scope import open_scope
from gpts.chat.streaming.threads import in_thread
from gpts.metering.queries.company_usage import (
    CostCentreLine,
    UsageLine,
    UsageSums,
    list_cost_centre_lines,
    list_usage_lines,
)
from gpts.metering.usage_ranges import FileLines, UsageQuery, UsageRange
from workspaces.access import WorkspaceAct, access_workspace, renew_scope
from workspaces.models import ApiKey, User, Workspace

COLUMNS = (
    "first_day", "last_day", "person_id", "person", "email", "group", "cost_centre", "gpt", "model",
    "answers", "input_tokens", "output_tokens", "cost", "currency", "cost_micros",
)  # fmt: skip
COST_CENTRE_COLUMNS = (
    "first_day", "last_day", "cost_centre", "people",
    "answers", "input_tokens", "output_tokens", "cost", "currency", "cost_micros",
)  # fmt: skip


def stream_usage_csv(
    workspace: Workspace, query: UsageQuery, *, user: User, api_key: ApiKey | None = None
) -> StreamingHttpResponse:
    """Stream the query's ``lines`` while the person's access lasts; a last "access_ended" says it did not.

    Each period is read in a scope and a transaction of its own, so that a slow reader holds none open.
    """

    is_by_centre = query.lines == FileLines.COST_CENTRE

    def read_period(period: UsageRange) -> bytes:
        person, scope = renew_scope(
            user_id=user.pk, api_key_id=None if api_key is None else api_key.pk, at=timezone.now()
        )
        with open_scope(scope):
            tenant = access_workspace(person, workspace.slug, to=WorkspaceAct.VIEW_USAGE)
            if is_by_centre:
                return write_csv_rows(map(_build_centre_row, list_cost_centre_lines(tenant, query, period)))
            return write_csv_rows(map(_build_row, list_usage_lines(tenant, query, period)))

    async def read() -> AsyncIterator[bytes]:
        # The mark tells spreadsheets that names are UTF-8.
        yield write_csv(COST_CENTRE_COLUMNS if is_by_centre else COLUMNS, (), has_mark=True)
        for period in query.range.list_periods(query.step):
            try:
                rows = await in_thread(read_period, period)
            except (Forbidden, NotFound):
                yield write_csv_rows([["access_ended"]])
                return
            if rows:
                yield rows

    kind = "cost-centres" if is_by_centre else "usage"
    name = f"{kind}-{workspace.slug}-{query.range.start.isoformat()}-{query.range.last.isoformat()}.csv"
    response = StreamingHttpResponse(read(), content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    response.headers["Cache-Control"] = "private, no-store"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


def _build_row(line: UsageLine) -> list[object]:
    return [
        line.period.start.isoformat(),
        line.period.last.isoformat(),
        line.user_id,
        line.person,
        line.email,
        line.group,
        line.cost_centre,
        line.gpt,
        line.model_name,
        *_build_sums(line.sums),
    ]


def _build_centre_row(line: CostCentreLine) -> list[object]:
    return [
        line.period.start.isoformat(),
        line.period.last.isoformat(),
        line.cost_centre,
        line.people,
        *_build_sums(line.sums),
    ]


def _build_sums(sums: UsageSums) -> list[object]:
    return [
        sums.answers,
        sums.input_tokens,
        sums.output_tokens,
        f"{Decimal(sums.cost_micros).scaleb(-6):f}",
        settings.PAYOUT_CURRENCY,
        sums.cost_micros,
    ]

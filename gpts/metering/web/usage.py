"""/w/<workspace>/admin/usage: what a company's members used and what it cost, and the same as a file."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_safe

from core.errors import InvalidInput
from core.look.formats import micros
from gpts.metering.queries.company_usage import UsageReport, build_usage_report
from gpts.metering.services.usage_exports import record_usage_export
from gpts.metering.usage_ranges import Dimension, FileLines, Step, UsageQuery, UsageRange, parse_usage_query
from gpts.metering.web.usage_chart import build_usage_chart
from gpts.metering.web.usage_files import stream_usage_csv
from workspaces.access import WorkspaceAct, access_workspace
from workspaces.web.people import person_of


@dataclass(frozen=True)
class PartRow:
    """A row of the table; ``share`` is a percentage of the whole, ``url`` leads one dimension deeper."""

    label: str
    url: str
    share: float
    cost: str
    answers: int
    tokens: int


@login_required
@require_safe
def show_usage(request: HttpRequest, workspace: str) -> HttpResponse:
    """Show the report; wrong days are answered with an error (400) and the last 30 days."""
    tenant = access_workspace(person_of(request), workspace, to=WorkspaceAct.VIEW_USAGE)
    today = timezone.now().date()
    refusal = None
    try:
        query = parse_usage_query(request.GET, today=today)
    except InvalidInput as problem:
        refusal, query = problem, parse_usage_query({}, today=today)
    report = build_usage_report(tenant, query)
    params = QueryDict(mutable=True) if refusal else request.GET.copy()
    context = {
        "workspace": tenant,
        "accent": tenant.accent,
        "query": query,
        "report": report,
        "refusal": refusal,
        "typed": {
            "from": request.GET.get("from", "") if refusal else query.range.start.isoformat(),
            "to": request.GET.get("to", "") if refusal else query.range.last.isoformat(),
        },
        "ranges": _list_presets(params, query.range, today=today),
        "steps": Step.choices,
        "tabs": [
            {
                "label": label,
                "url": _change(params, by=value),
                "is_current": value == query.by,
            }
            for value, label in Dimension.choices
            if value not in query.filters
        ],
        "dimension": Dimension(query.by).label,
        "chips": [
            {
                "dimension": Dimension(dimension).label,
                "label": report.filter_labels[dimension],
                "url": _change(params, **{dimension: None, "by": dimension}),
            }
            for dimension in query.filters
        ],
        "cost": _format_money(report.total.cost_micros),
        "chart": build_usage_chart(report, query.step),
        "rows": _build_rows(report, query, params),
        "rest_cost": _format_money(report.rest.cost_micros),
        "weekly": _change(params, step=Step.WEEK, by=None),
        "monthly": _change(params, step=Step.MONTH, by=None),
        "centre_files": [
            {
                "label": label,
                "url": _change(params, step=step, by=None, lines=FileLines.COST_CENTRE),
            }
            for step, label in (
                (Step.WEEK, _("Weekly CSV by cost centre")),
                (Step.MONTH, _("Monthly CSV by cost centre")),
            )
        ],
        "can_set_groups": person_of(request).has_perm(WorkspaceAct.MANAGE_GROUPS, tenant),
    }
    return render(request, "gpts/metering/usage.html", context, status=refusal.status if refusal else 200)


@login_required
@require_GET
def download_usage(request: HttpRequest, workspace: str) -> HttpResponseBase:
    """Send the usage of the chosen days and filters as CSV; audited."""
    user = person_of(request)
    tenant = access_workspace(user, workspace, to=WorkspaceAct.VIEW_USAGE)
    now = timezone.now()
    query = parse_usage_query(request.GET, today=now.date())
    record_usage_export(workspace=tenant, query=query, by=user, at=now)
    return stream_usage_csv(tenant, query, user=user)


def _list_presets(params: QueryDict, chosen: UsageRange, *, today: date) -> list[dict[str, Any]]:
    first = today.replace(day=1)
    before = (first - timedelta(days=1)).replace(day=1)
    ranges = (
        (_("This month"), first, today),
        (_("Last month"), before, first - timedelta(days=1)),
        (_("30 days"), today - timedelta(days=29), today),
        (_("90 days"), today - timedelta(days=89), today),
    )
    return [
        {
            "label": label,
            "url": _change(params, **{"from": start.isoformat(), "to": last.isoformat()}),
            "is_current": (start, last) == (chosen.start, chosen.last),
        }
        for label, start, last in ranges
    ]


def _build_rows(report: UsageReport, query: UsageQuery, params: QueryDict) -> list[PartRow]:
    following = query.get_next_dimension(query.by)
    by_cost = report.total.cost_micros > 0
    whole = (report.total.cost_micros if by_cost else report.total.answers) or 1
    return [
        PartRow(
            label=part.label,
            url=_change(params, **{query.by: part.key, "by": following}) if following else "",
            share=100 * (part.sums.cost_micros if by_cost else part.sums.answers) / whole,
            cost=_format_money(part.sums.cost_micros),
            answers=part.sums.answers,
            tokens=part.sums.tokens,
        )
        for part in report.parts
    ]


def _change(params: QueryDict, **changes: object) -> str:
    """Return the query string with the changes; None removes a name."""
    changed = params.copy()
    for name, value in changes.items():
        if value is None:
            changed.pop(name, None)
        else:
            changed[name] = str(value)
    return f"?{changed.urlencode()}"


def _format_money(amount: int) -> str:
    return micros(amount, settings.PAYOUT_CURRENCY)

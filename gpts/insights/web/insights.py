"""The Insights tab: charts with their tables, and a CSV download."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import npgettext
from django.views.decorators.http import require_GET

from core.errors import InvalidInput
from core.look.formats import micros, number, percent
from gpts.assistants.access import access_gpt
from gpts.assistants.models import GPT
from gpts.assistants.rules import GPTAct
from gpts.assistants.web.builder_frame import build_page_context
from gpts.insights.csv_files import write_insights_csv
from gpts.insights.grouping import GROUP_SIZE
from gpts.insights.queries import Insights, Part, get_insights, get_read_limit
from gpts.insights.ranges import PRESET_DAYS, Range, get_preset_range, parse_range
from gpts.insights.services.filling import COHORT_OFFSETS, get_first_unread_day
from gpts.insights.web.charts import (
    Chart,
    build_cost_chart,
    build_share_chart,
    build_speed_chart,
    build_tokens_chart,
    build_turns_chart,
    format_days,
    format_people,
)
from gpts.insights.wording import (
    format_seconds,
    get_failure_label,
    get_model_label,
    get_reason_label,
    get_version_label,
)
from workspaces.web.people import person_of

# Steps of colour in the table of cohorts.
HEAT_STEPS = 5


@dataclass(frozen=True)
class PartRow:
    """A row of a breakdown with its bar; ``share`` is a percentage of all answers."""

    label: str
    share: float
    turns: int
    tokens: int
    cost: str


@dataclass(frozen=True)
class CohortCellView:
    """A cell of the table of cohorts; ``heat`` is 0 to 5, ``ratio`` None when suppressed."""

    ratio: float | None
    heat: int
    title: str


@login_required
@require_GET
def show_insights(request: HttpRequest, slug: str) -> HttpResponse:
    """Show the figures of a range; an invalid one is answered with an error (400) and the last 30 days."""
    gpt = access_gpt(person_of(request), slug, to=GPTAct.VIEW_INSIGHTS)
    today = get_read_limit(gpt, today=get_first_unread_day(timezone.now()))
    refusal = None
    try:
        chosen = parse_range(request.GET, today=today)
    except InvalidInput as problem:
        refusal, chosen = problem, get_preset_range(30, today=today)
    insights = get_insights(gpt, chosen)
    context = build_page_context(
        request,
        gpt,
        "insights",
        insights=insights,
        refusal=refusal,
        typed={"from": request.GET.get("from", ""), "to": request.GET.get("to", "")},
        ranges=PRESET_DAYS,
        group_size=GROUP_SIZE,
        query="" if refusal else request.GET.urlencode(),
        **_build_figures(insights),
    )
    return render(request, "gpts/insights/overview.html", context, status=refusal.status if refusal else 200)


@login_required
@require_GET
def download_insights_csv(request: HttpRequest, slug: str) -> HttpResponse:
    """Return the page's figures of the same range as CSV."""
    gpt = access_gpt(person_of(request), slug, to=GPTAct.VIEW_INSIGHTS)
    return build_csv_response(
        gpt, parse_range(request.GET, today=get_read_limit(gpt, today=get_first_unread_day(timezone.now())))
    )


def build_csv_response(gpt: GPT, chosen: Range) -> HttpResponse:
    response = HttpResponse(
        write_insights_csv(get_insights(gpt, chosen)), content_type="text/csv; charset=utf-8"
    )
    name = f"{gpt.slug}-insights-{chosen.start.isoformat()}-{chosen.last.isoformat()}.csv"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    response.headers["Cache-Control"] = "private, no-store"
    return response


def _build_figures(insights: Insights) -> dict[str, Any]:
    chosen, use = insights.range, insights.use
    return {
        "people_shown": "–" if insights.people is None else format_people(insights.people),
        "half_within": format_seconds(insights.total.p50),
        "most_within": format_seconds(insights.total.p90),
        "failed_shown": "" if insights.failure_share is None else percent(insights.failure_share, 1),
        "cost": _format_money(insights.cost_micros),
        "turns_chart": build_turns_chart(use, chosen),
        "tokens_chart": build_tokens_chart(use, chosen),
        "cost_chart": build_cost_chart(use, chosen, _format_money) if insights.cost_micros else None,
        "first_chart": _build_speed_chart(
            _("To the first words"), insights, lambda period: period.first_token
        ),
        "total_chart": _build_speed_chart(
            _("To the end of the answer"), insights, lambda period: period.total
        ),
        "failure_chart": _build_share_chart(
            _("Failed answers"), insights.failures, chosen, _("Failed"), _("All answers")
        ),
        "thumb_chart": _build_share_chart(
            _("Thumbs up"), insights.thumbs, chosen, _("Thumbs up"), _("All thumbs")
        ),
        "unanswered_chart": _build_share_chart(
            _("Questions without a passage"),
            insights.unanswered,
            chosen,
            _("Without a passage"),
            _("Looked up"),
        ),
        "words_days": format_days(insights.words.start, insights.words.last) if insights.words else "",
        "versions": _build_part_rows(insights.versions, get_version_label),
        "models": _build_part_rows(insights.models, get_model_label),
        "codes": _build_part_rows(insights.codes, get_failure_label),
        "reasons": _build_part_rows(insights.reasons, get_reason_label),
        "offsets": range(1, _get_newest_offset(insights) + 1),
        "cohorts": [
            {
                "week": format_days(cohort.week, cohort.week),
                "size": cohort.size,
                "cells": _build_cells(cohort.cells),
            }
            for cohort in insights.cohorts
        ],
    }


def _format_money(amount: int) -> str:
    return micros(amount, settings.PAYOUT_CURRENCY)


def _build_speed_chart(label: str, insights: Insights, take: Callable[[Any], Any]) -> Chart | None:
    chart = build_speed_chart(label, insights.use, insights.range, take)
    return chart if chart.bars else None


def _build_share_chart(
    label: str, shares: Sequence[Any], chosen: Range, counted: str, whole: str
) -> Chart | None:
    return build_share_chart(label, shares, chosen, [counted, whole]) if shares else None


def _build_part_rows(parts: Sequence[Part], label: Callable[[str], str]) -> list[PartRow]:
    whole = sum(part.turns for part in parts) or 1
    return [
        PartRow(
            label(part.key),
            100 * part.turns / whole,
            part.turns,
            part.tokens,
            _format_money(part.cost_micros),
        )
        for part in parts
    ]


def _get_newest_offset(insights: Insights) -> int:
    return max((cell.offset for cohort in insights.cohorts for cell in cohort.cells), default=COHORT_OFFSETS)


def _build_cells(cells: Sequence[Any]) -> list[CohortCellView]:
    return [
        CohortCellView(
            cell.ratio,
            0 if not cell.ratio else 1 + min(HEAT_STEPS - 1, int(cell.ratio * HEAT_STEPS)),
            _("Hidden: fewer than five came, or fewer than five did not.")
            if cell.ratio is None
            else npgettext("a figure", "%(count)s person", "%(count)s people", cell.active)
            % {"count": number(cell.active)},
        )
        for cell in cells
    ]

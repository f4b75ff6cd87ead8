"""The Insights tab: figures of at least five people each, as charts with their tables, and as CSV."""

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
from django.views.decorators.http import require_GET

from core.errors import InvalidInput
from core.look.formats import micros, number, percent
from gpts.assistants.access import access_gpt
from gpts.assistants.models import GPT
from gpts.assistants.rules import GPTAct
from gpts.assistants.web.builder_frame import page_context
from gpts.insights.csv_files import write_csv
from gpts.insights.grouping import GROUP_SIZE
from gpts.insights.queries import Insights, Part, insights_of, read_until
from gpts.insights.ranges import RANGES, Range, chosen_range, fixed_range
from gpts.insights.services.filling import COHORT_OFFSETS, days_over
from gpts.insights.web.charts import (
    Chart,
    cost_chart,
    days_text,
    people_text,
    share_chart,
    speed_chart,
    tokens_chart,
    turns_chart,
)
from gpts.insights.wording import failure_label, model_label, reason_label, seconds_text, version_label

# Steps of colour in the table of those who came back.
HEATS = 5


@dataclass(frozen=True)
class ShownPart:
    """A row of a split with its bar: ``share`` is 0-100 of all answers."""

    label: str
    share: float
    turns: int
    tokens: int
    cost: str


@dataclass(frozen=True)
class ShownCell:
    """``heat`` 0-5; ``ratio`` None where it is hidden. Weeks that are to come have no cell."""

    ratio: float | None
    heat: int
    title: str


@login_required
@require_GET
def build_insights(request: HttpRequest, slug: str) -> HttpResponse:
    """Show the figures of a range; a range that cannot be is said and the usual one shown."""
    gpt = access_gpt(request.user, slug, to=GPTAct.VIEW_SETTINGS)
    today = read_until(gpt, today=days_over(timezone.now()))
    refusal = None
    try:
        chosen = chosen_range(request.GET, today=today)
    except InvalidInput as problem:
        refusal, chosen = problem, fixed_range(30, today=today)
    found = insights_of(gpt, chosen)
    context = page_context(
        request,
        gpt,
        "insights",
        found=found,
        refusal=refusal,
        typed={"from": request.GET.get("from", ""), "to": request.GET.get("to", "")},
        ranges=RANGES,
        group_size=GROUP_SIZE,
        query="" if refusal else request.GET.urlencode(),
        **_figures(found),
    )
    return render(request, "gpts/insights/overview.html", context, status=refusal.status if refusal else 200)


@login_required
@require_GET
def build_insights_csv(request: HttpRequest, slug: str) -> HttpResponse:
    """The same figures as the page's, of the same range."""
    gpt = access_gpt(request.user, slug, to=GPTAct.VIEW_SETTINGS)
    return csv_response(
        gpt, chosen_range(request.GET, today=read_until(gpt, today=days_over(timezone.now())))
    )


def csv_response(gpt: GPT, chosen: Range) -> HttpResponse:
    response = HttpResponse(write_csv(insights_of(gpt, chosen)), content_type="text/csv; charset=utf-8")
    name = f"{gpt.slug}-insights-{chosen.start.isoformat()}-{chosen.last.isoformat()}.csv"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    response.headers["Cache-Control"] = "private, no-store"
    return response


def _figures(found: Insights) -> dict[str, Any]:
    chosen, use = found.range, found.use
    return {
        "people_shown": "–" if found.people is None else people_text(found.people),
        "half_within": seconds_text(found.total.p50),
        "most_within": seconds_text(found.total.p90),
        "failed_shown": "" if found.failure_share is None else percent(found.failure_share, 1),
        "cost": _money(found.cost_micros),
        "turns_chart": turns_chart(use, chosen),
        "tokens_chart": tokens_chart(use, chosen),
        "cost_chart": cost_chart(use, chosen, _money) if found.cost_micros else None,
        "first_chart": _speed(_("To the first words"), found, lambda period: period.first_token),
        "total_chart": _speed(_("To the end of the answer"), found, lambda period: period.total),
        "failure_chart": _share(_("Failed answers"), found.failures, chosen, _("Failed"), _("All answers")),
        "thumb_chart": _share(_("Thumbs up"), found.thumbs, chosen, _("Thumbs up"), _("All thumbs")),
        "unanswered_chart": _share(
            _("Questions without a passage"), found.unanswered, chosen, _("Without a passage"), _("Looked up")
        ),
        "words_days": days_text(found.words.start, found.words.last) if found.words else "",
        "versions": _parts(found.versions, version_label),
        "models": _parts(found.models, model_label),
        "codes": _parts(found.codes, failure_label),
        "reasons": _parts(found.reasons, reason_label),
        "offsets": range(1, _newest_offset(found) + 1),
        "cohorts": [
            {"week": days_text(cohort.week, cohort.week), "size": cohort.size, "cells": _cells(cohort.cells)}
            for cohort in found.cohorts
        ],
    }


def _money(amount: int) -> str:
    return micros(amount, settings.PAYOUT_CURRENCY)


def _speed(label: str, found: Insights, take: Callable[[Any], Any]) -> Chart | None:
    chart = speed_chart(label, found.use, found.range, take)
    return chart if chart.bars else None


def _share(label: str, shares: Sequence[Any], chosen: Range, counted: str, whole: str) -> Chart | None:
    return share_chart(label, shares, chosen, [counted, whole]) if shares else None


def _parts(parts: Sequence[Part], label: Callable[[str], str]) -> list[ShownPart]:
    whole = sum(part.turns for part in parts) or 1
    return [
        ShownPart(
            label(part.key), 100 * part.turns / whole, part.turns, part.tokens, _money(part.cost_micros)
        )
        for part in parts
    ]


def _newest_offset(found: Insights) -> int:
    return max((cell.offset for cohort in found.cohorts for cell in cohort.cells), default=COHORT_OFFSETS)


def _cells(cells: Sequence[Any]) -> list[ShownCell]:
    return [
        ShownCell(
            cell.ratio,
            0 if not cell.ratio else 1 + min(HEATS - 1, int(cell.ratio * HEATS)),
            _("Hidden: fewer than five came, or fewer than five did not.")
            if cell.ratio is None
            else _("%(count)s people") % {"count": number(cell.active)},
        )
        for cell in cells
    ]

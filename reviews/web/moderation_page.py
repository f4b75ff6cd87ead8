"""The moderation page with its three panes: queue, evidence, decision."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from marketplace.cards import icon_url
from reviews.models import Case
from reviews.queries import (
    QueueFilters,
    count_queues,
    get_case_detail,
    get_queue_page,
    get_subject_name,
)
from reviews.rules import get_conflict_of_interest, sees_restricted
from reviews.services.claims import LEASE
from reviews.services.second_approvals import get_impact
from reviews.services.viewers import record_viewer
from reviews.states import WORKABLE_CASES, CaseKind, Queue, Tier
from reviews.web.forms import DecisionForm
from workspaces.web.people import person_of


@dataclass(frozen=True)
class Row:
    """A case in the queue's pane. ``key`` is the keyboard shortcut that leads to it."""

    case: Case
    url: str
    name: str
    icon_url: str
    category: str
    is_current: bool
    is_overdue: bool
    held_by: str
    key: str = ""


def build_filter_query(filters: QueueFilters) -> str:
    query = urlencode(
        {name: value for name, value in (("queue", filters.queue), ("show", filters.show)) if value}
    )
    return f"?{query}" if query else ""


def render_moderation_page(
    request: HttpRequest,
    *,
    case: Case | None,
    form: DecisionForm | None = None,
    problem: Mapping[str, Any] | None = None,
    status: int = 200,
    shows_pictures: bool = False,
) -> HttpResponse:
    """Render queue, evidence and decision; without a case, the queue and a hint how to begin.

    Pictures of a case in the restricted lane are in the page only with ``shows_pictures``.
    """
    now, moderator = timezone.now(), person_of(request)
    filters = QueueFilters.from_query(request.GET)
    page = get_queue_page(moderator, filters=filters, at=now, cursor=request.GET.get("cursor", ""))
    counts = count_queues(moderator, at=now)
    context: dict[str, Any] = {
        "page": page,
        "rows": _build_rows(page.items, current=case, filters=filters, at=now),
        "tabs": _build_tabs(filters, counts, has_restricted=sees_restricted(moderator)),
        "counts": counts,
        "filters": filters,
        "filter_query": build_filter_query(filters),
        "case": case,
        "problem": problem,
    }
    if case is not None:
        context["shows_pictures"] = shows_pictures or not case.is_restricted
        context |= _build_case_context(request, case, form or DecisionForm(), at=now)
    return render(request, "reviews/moderation.html", context, status=status)


def _build_case_context(
    request: HttpRequest, case: Case, form: DecisionForm, *, at: datetime
) -> dict[str, Any]:
    moderator = person_of(request)
    claim = getattr(case, "claim", None)
    if claim is not None and claim.expires_at <= at:
        claim = None
    mine = claim if claim is not None and claim.moderator_id == moderator.pk else None
    detail = get_case_detail(case, looking=record_viewer(case, moderator), at=at)
    return {
        "detail": detail,
        "form": form,
        "name": get_subject_name(case),
        "icon_url": icon_url(detail.version.icon) if detail.version else "",
        "claim": claim,
        "mine": mine,
        "lease_minutes": int(LEASE.total_seconds() // 60),
        "interest": get_conflict_of_interest(moderator, case),
        "can_take_over": claim is not None and mine is None and moderator.has_perm("reviews.take_over"),
        "can_claim": claim is None and case.state in WORKABLE_CASES,
        "weight": get_impact(case.gpt_id, at=at) if case.kind != CaseKind.PRE_LISTING else "",
        "is_overdue": case.closed_at is None and case.due_at < at,
        "is_leading": case.tier < Tier.NORMAL,
    }


def _build_rows(cases: list[Case], *, current: Case | None, filters: QueueFilters, at: datetime) -> list[Row]:
    current_index = next((index for index, case in enumerate(cases) if current and case.pk == current.pk), -1)
    keys = {current_index + 1: "j"}
    if current_index >= 0:
        keys[current_index - 1] = "k"
    return [
        Row(
            case=case,
            url=reverse("reviews:case-detail", args=[case.pk]) + build_filter_query(filters),
            name=get_subject_name(case),
            icon_url=icon_url(case.submission.version.icon)
            if case.submission and not case.is_restricted
            else "",
            category=case.submission.version.category if case.submission else "other",
            is_current=index == current_index,
            is_overdue=case.due_at < at,
            held_by=_get_holder(case, at=at),
            key=keys.get(index, ""),
        )
        for index, case in enumerate(cases)
    ]


def _get_holder(case: Case, *, at: datetime) -> str:
    claim = getattr(case, "claim", None)
    return str(claim.moderator) if claim is not None and claim.expires_at > at else ""


def _build_tabs(
    filters: QueueFilters, counts: dict[str, int], *, has_restricted: bool
) -> list[dict[str, Any]]:
    tabs: list[tuple[str, QueueFilters, int]] = [(_("All"), QueueFilters(), counts["all"])]
    tabs += [(str(Queue(name).label), QueueFilters(queue=name), counts[name]) for name in Queue.values]
    tabs += [
        (_("Mine"), QueueFilters(show="mine"), counts["mine"]),
        (_("Escalated"), QueueFilters(show="escalated"), counts["escalated"]),
        (_("Being checked"), QueueFilters(show="preparing"), counts["preparing"]),
    ]
    if counts["stuck"] or filters.show == "stuck":
        tabs.append((_("Nobody may judge"), QueueFilters(show="stuck"), counts["stuck"]))
    if has_restricted:
        tabs.append((_("Child safety"), QueueFilters(show="restricted"), counts["restricted"]))
    return [
        {
            "label": label,
            "url": reverse("reviews:queue-list") + build_filter_query(wanted),
            "current": wanted == filters,
            "count": count,
        }
        for label, wanted, count in tabs
    ]

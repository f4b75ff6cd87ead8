"""The three panes: what the pages of queue and case have in common."""

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
from reviews.queries import QueueFilters, case_detail, queue, queue_counts
from reviews.rules import conflict_of_interest
from reviews.services.claims import LEASE
from reviews.services.impact import weight_of
from reviews.states import CaseKind, CaseState, Queue, Tier
from reviews.web.forms import DecisionForm


@dataclass(frozen=True)
class Row:
    """A case in the queue's pane."""

    case: Case
    url: str
    name: str
    icon_url: str
    category: str
    is_current: bool
    is_overdue: bool
    held_by: str
    key: str = ""


def subject_name(case: Case) -> str:
    if case.submission is not None:
        return case.submission.version.name
    return str(case.gpt or case.builder or case.pk)


def filter_query(filters: QueueFilters) -> str:
    query = urlencode(
        {name: value for name, value in (("queue", filters.queue), ("show", filters.show)) if value}
    )
    return f"?{query}" if query else ""


def show_panes(
    request: HttpRequest,
    *,
    case: Case | None,
    form: DecisionForm | None = None,
    problem: Mapping[str, Any] | None = None,
    status: int = 200,
) -> HttpResponse:
    """Render queue, evidence and decision; without a case only the queue, and what to do first."""
    now = timezone.now()
    filters = QueueFilters.read(request.GET)
    page = queue(request.user, filters=filters, at=now, cursor=request.GET.get("cursor", ""))
    counts = queue_counts(request.user, at=now)
    context: dict[str, Any] = {
        "page": page,
        "rows": _rows(page.items, current=case, filters=filters, at=now),
        "tabs": _tabs(filters, counts),
        "counts": counts,
        "filters": filters,
        "filter_query": filter_query(filters),
        "case": case,
        "problem": problem,
    }
    if case is not None:
        context |= _case_context(request, case, form or DecisionForm(), at=now)
    return render(request, "reviews/moderation.html", context, status=status)


def _case_context(request: HttpRequest, case: Case, form: DecisionForm, *, at: datetime) -> dict[str, Any]:
    claim = getattr(case, "claim", None)
    if claim is not None and claim.expires_at <= at:
        claim = None
    mine = claim if claim is not None and claim.moderator_id == request.user.pk else None
    detail = case_detail(case, viewer=request.user, at=at)
    return {
        "detail": detail,
        "form": form,
        "name": subject_name(case),
        "icon_url": icon_url(detail.version.icon) if detail.version else "",
        "claim": claim,
        "mine": mine,
        "lease_minutes": int(LEASE.total_seconds() // 60),
        "interest": conflict_of_interest(request.user, case),
        "can_take_over": claim is not None and mine is None and request.user.has_perm("reviews.take_over"),
        "can_claim": claim is None
        and case.state in (CaseState.QUEUED, CaseState.CLAIMED, CaseState.ESCALATED),
        "weight": weight_of(case.gpt_id, at=at) if case.kind != CaseKind.PRE_LISTING else "",
        "is_overdue": case.closed_at is None and case.due_at < at,
        "is_leading": case.tier < Tier.NORMAL,
    }


def _rows(cases: list[Case], *, current: Case | None, filters: QueueFilters, at: datetime) -> list[Row]:
    here = next((index for index, case in enumerate(cases) if current and case.pk == current.pk), -1)
    keys = {here + 1: "j"} if here < 0 else {here + 1: "j", here - 1: "k"}
    return [
        Row(
            case=case,
            url=reverse("reviews:case-detail", args=[case.pk]) + filter_query(filters),
            name=subject_name(case),
            icon_url=icon_url(case.submission.version.icon) if case.submission else "",
            category=case.submission.version.category if case.submission else "other",
            is_current=index == here,
            is_overdue=case.due_at < at,
            held_by=_held_by(case, at=at),
            key=keys.get(index, ""),
        )
        for index, case in enumerate(cases)
    ]


def _held_by(case: Case, *, at: datetime) -> str:
    claim = getattr(case, "claim", None)
    return str(claim.moderator) if claim is not None and claim.expires_at > at else ""


def _tabs(filters: QueueFilters, counts: dict[str, int]) -> list[dict[str, Any]]:
    places: list[tuple[str, QueueFilters, int]] = [(_("All"), QueueFilters(), counts["all"])]
    places += [(str(Queue(name).label), QueueFilters(queue=name), counts[name]) for name in Queue.values]
    places += [
        (_("Mine"), QueueFilters(show="mine"), counts["mine"]),
        (_("Escalated"), QueueFilters(show="escalated"), counts["escalated"]),
        (_("Being checked"), QueueFilters(show="preparing"), counts["preparing"]),
    ]
    return [
        {
            "label": label,
            "url": reverse("reviews:queue-list") + filter_query(wanted),
            "current": wanted == filters,
            "count": count,
        }
        for label, wanted, count in places
    ]

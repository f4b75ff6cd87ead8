"""The queue as moderators see it: filtered, in order, page by page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, Exists, IntegerField, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce

from core.pagination import Page, paginate
from reviews.models import Case, Check, Claim, Report
from reviews.states import UNDECIDED_CASES, WORKABLE_CASES, CaseState, CheckOutcome, Queue

ORDER = ("tier", "-risk", "opened_at", "id")
PAGE_SIZE = 30
# What the "show" filter means.
SHOWN = {
    "": WORKABLE_CASES,
    "preparing": (CaseState.OPEN,),
    "escalated": (CaseState.ESCALATED,),
    "held": (CaseState.AWAITING_SECOND, CaseState.DECIDED),
}


@dataclass(frozen=True)
class QueueFilters:
    """From the address: ``queue`` is a Queue or empty, ``show`` a key of SHOWN or "mine"."""

    queue: str = ""
    show: str = ""

    @classmethod
    def read(cls, given: Any) -> QueueFilters:
        """Take what is known and ignore the rest, so that an old link still shows a queue."""
        queue, show = given.get("queue", ""), given.get("show", "")
        return cls(
            queue=queue if queue in Queue.values else "", show=show if show in (*SHOWN, "mine") else ""
        )


def queue(
    user: Any, *, filters: QueueFilters, at: datetime, cursor: str = "", size: int = PAGE_SIZE
) -> Page[Case]:
    """Return one page of cases with ``report_count``, ``flagged_count``, ``errored_count``. One query."""
    return paginate(_annotated(_filtered(user, filters, at=at)), order=ORDER, cursor=cursor, size=size)


def queue_rows(user: Any, *, filters: QueueFilters, at: datetime) -> QuerySet[Case]:
    """The same rows for the API, which pages by itself."""
    return _annotated(_filtered(user, filters, at=at))


def _filtered(user: Any, filters: QueueFilters, *, at: datetime) -> QuerySet[Case]:
    rows = Case.objects.all()
    if filters.show == "mine":
        rows = rows.filter(claim__moderator=user, claim__expires_at__gt=at)
    else:
        rows = rows.filter(state__in=SHOWN[filters.show])
    return rows.filter(queue=filters.queue) if filters.queue else rows


def _annotated(rows: QuerySet[Case]) -> QuerySet[Case]:
    reports = Report.objects.filter(case=OuterRef("pk")).order_by().values("case").annotate(n=Count("pk"))
    checks = Check.objects.filter(version=OuterRef("submission__version")).order_by().values("version")
    flagged = checks.filter(outcome=CheckOutcome.FLAGGED).annotate(n=Count("pk"))
    errored = checks.filter(outcome=CheckOutcome.ERRORED).annotate(n=Count("pk"))
    return rows.select_related("gpt", "builder", "submission__version", "claim__moderator").annotate(
        report_count=_or_zero(reports), flagged_count=_or_zero(flagged), errored_count=_or_zero(errored)
    )


def annotated_case(case: Case) -> Case:
    """Return one case with the counts that a row of the queue has."""
    return _annotated(Case.objects.filter(pk=case.pk)).get()


def _or_zero(counted: QuerySet[Any]) -> Coalesce:
    return Coalesce(Subquery(counted.values("n"), output_field=IntegerField()), Value(0))


def queue_counts(user: Any, *, at: datetime) -> dict[str, int]:
    """Return how many cases wait in each queue, and how many the person holds. One query."""
    mine = Claim.objects.filter(case=OuterRef("pk"), moderator=user, expires_at__gt=at)
    wanted = {name: Count("pk", filter=Q(queue=name, state__in=WORKABLE_CASES)) for name in Queue.values}
    counts: dict[str, int] = (
        Case.objects.filter(state__in=UNDECIDED_CASES)
        .annotate(is_mine=Exists(mine))
        .aggregate(
            **wanted,
            all=Count("pk", filter=Q(state__in=WORKABLE_CASES)),
            preparing=Count("pk", filter=Q(state=CaseState.OPEN)),
            escalated=Count("pk", filter=Q(state=CaseState.ESCALATED)),
            mine=Count("pk", filter=Q(is_mine=True)),
        )
    )
    return counts

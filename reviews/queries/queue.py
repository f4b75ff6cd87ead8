"""The moderation queue: filters, order, pages and counts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, Exists, IntegerField, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce

from core.pagination import Page, paginate
from reviews.models import Case, Check, Claim, Report
from reviews.states import UNDECIDED_CASES, WORKABLE_CASES, CaseState, CheckOutcome, Queue
from workspaces.models import User

ORDER = ("tier", "-risk", "opened_at", "id")
PAGE_SIZE = 30
# Case states of each value of the "show" filter.
STATES_BY_FILTER = {
    "": WORKABLE_CASES,
    "preparing": (CaseState.OPEN,),
    "escalated": (CaseState.ESCALATED,),
    "held": (CaseState.AWAITING_SECOND, CaseState.DECIDED),
}


@dataclass(frozen=True)
class QueueFilters:
    """``queue`` is a Queue or empty, ``show`` a key of STATES_BY_FILTER or "mine"."""

    queue: str = ""
    show: str = ""

    @classmethod
    def from_query(cls, given: Any) -> QueueFilters:
        """Read query parameters; unknown values are ignored, so that old links still work."""
        queue, show = given.get("queue", ""), given.get("show", "")
        return cls(
            queue=queue if queue in Queue.values else "",
            show=show if show in (*STATES_BY_FILTER, "mine") else "",
        )


def get_queue_page(
    user: User, *, filters: QueueFilters, at: datetime, cursor: str = "", size: int = PAGE_SIZE
) -> Page[Case]:
    """Return one page of cases with ``report_count``, ``flagged_count``, ``errored_count``. One query."""
    return paginate(_annotate(_filter(user, filters, at=at)), order=ORDER, cursor=cursor, size=size)


def list_queue(user: User, *, filters: QueueFilters, at: datetime) -> QuerySet[Case]:
    """Return the same rows for the API, which paginates by itself."""
    return _annotate(_filter(user, filters, at=at))


def _filter(user: User, filters: QueueFilters, *, at: datetime) -> QuerySet[Case]:
    rows = Case.objects.all()
    if filters.show == "mine":
        rows = rows.filter(claim__moderator=user, claim__expires_at__gt=at)
    else:
        rows = rows.filter(state__in=STATES_BY_FILTER[filters.show])
    return rows.filter(queue=filters.queue) if filters.queue else rows


def _annotate(rows: QuerySet[Case]) -> QuerySet[Case]:
    reports = Report.objects.filter(case=OuterRef("pk")).order_by().values("case").annotate(n=Count("pk"))
    checks = Check.objects.filter(version=OuterRef("submission__version")).order_by().values("version")
    flagged = checks.filter(outcome=CheckOutcome.FLAGGED).annotate(n=Count("pk"))
    errored = checks.filter(outcome=CheckOutcome.ERRORED).annotate(n=Count("pk"))
    return rows.select_related("gpt", "builder", "submission__version", "claim__moderator").annotate(
        report_count=_count_or_zero(reports),
        flagged_count=_count_or_zero(flagged),
        errored_count=_count_or_zero(errored),
    )


def get_queue_row(case: Case) -> Case:
    """Return one case with the counts of a row of the queue."""
    return _annotate(Case.objects.filter(pk=case.pk)).get()


def _count_or_zero(counted: QuerySet[Any]) -> Coalesce:
    return Coalesce(Subquery(counted.values("n"), output_field=IntegerField()), Value(0))


def count_queues(user: User, *, at: datetime) -> dict[str, int]:
    """Count the cases of each queue and filter, and those that the person has claimed. One query."""
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

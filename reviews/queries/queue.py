"""The moderation queue: filters, order, pages and counts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, Exists, IntegerField, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce

from core.pagination import Page, paginate
from reviews.models import Case, Check, Claim, Report
from reviews.models.cases import QUEUE_ORDER
from reviews.rules import exclude_conflicts, filter_visible
from reviews.states import UNDECIDED_CASES, WORKABLE_CASES, CaseState, CheckOutcome, Queue
from workspaces.models import User

PAGE_SIZE = 30
# Case states of each value of the "show" filter.
STATES_BY_FILTER = {
    "": WORKABLE_CASES,
    "preparing": (CaseState.OPEN,),
    "escalated": (CaseState.ESCALATED,),
    "held": (CaseState.AWAITING_SECOND, CaseState.DECIDED),
}
OTHER_FILTERS = ("mine", "restricted", "stuck")


@dataclass(frozen=True)
class QueueFilters:
    """``queue`` is a Queue or empty; ``show`` a key of STATES_BY_FILTER, "mine", "restricted" or "stuck"."""

    queue: str = ""
    show: str = ""

    @classmethod
    def from_query(cls, given: Any) -> QueueFilters:
        """Read query parameters; unknown values are ignored, so that old links still work."""
        queue, show = given.get("queue", ""), given.get("show", "")
        return cls(
            queue=queue if queue in Queue.values else "",
            show=show if show in (*STATES_BY_FILTER, *OTHER_FILTERS) else "",
        )


def get_queue_page(
    user: User, *, filters: QueueFilters, at: datetime, cursor: str = "", size: int = PAGE_SIZE
) -> Page[Case]:
    """Return one page of cases with ``report_count``, ``flagged_count``, ``errored_count``. One query."""
    return paginate(_annotate(_filter(user, filters, at=at)), order=QUEUE_ORDER, cursor=cursor, size=size)


def list_queue(user: User, *, filters: QueueFilters, at: datetime) -> QuerySet[Case]:
    """Return the same rows for the API, which paginates by itself."""
    return _annotate(_filter(user, filters, at=at))


def find_next_by_hand(user: User, *, filters: QueueFilters, at: datetime) -> Case | None:
    """Return the first case of the filter that ``user`` may judge and nobody else holds, or None.

    For the filters whose cases are claimed by hand only. None of the restricted lane.
    """
    rows = _filter(user, filters, at=at).filter(is_restricted=False, state__in=WORKABLE_CASES)
    held = Claim.objects.filter(case=OuterRef("pk"), expires_at__gt=at).exclude(moderator=user)
    return exclude_conflicts(rows, user).exclude(Exists(held)).order_by(*QUEUE_ORDER).first()


def _filter(user: User, filters: QueueFilters, *, at: datetime) -> QuerySet[Case]:
    """Return the cases of a filter. The restricted lane is apart: only its own filter and "mine" show it."""
    rows = filter_visible(Case.objects.all(), user)
    if filters.show == "mine":
        rows = rows.filter(claim__moderator=user, claim__expires_at__gt=at)
    elif filters.show == "restricted":
        rows = rows.filter(is_restricted=True, state__in=WORKABLE_CASES)
    elif filters.show == "stuck":
        rows = rows.filter(is_restricted=False, no_judge_since__isnull=False, state__in=WORKABLE_CASES)
    else:
        rows = rows.filter(is_restricted=False, state__in=STATES_BY_FILTER[filters.show])
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
    workable = Q(state__in=WORKABLE_CASES)
    ordinary = Q(is_restricted=False)
    wanted = {name: Count("pk", filter=ordinary & workable & Q(queue=name)) for name in Queue.values}
    counts: dict[str, int] = (
        filter_visible(Case.objects.filter(state__in=UNDECIDED_CASES), user)
        .annotate(is_mine=Exists(mine))
        .aggregate(
            **wanted,
            all=Count("pk", filter=ordinary & workable),
            preparing=Count("pk", filter=ordinary & Q(state=CaseState.OPEN)),
            escalated=Count("pk", filter=ordinary & Q(state=CaseState.ESCALATED)),
            restricted=Count("pk", filter=~ordinary & workable),
            stuck=Count("pk", filter=ordinary & workable & Q(no_judge_since__isnull=False)),
            mine=Count("pk", filter=Q(is_mine=True)),
        )
    )
    return counts

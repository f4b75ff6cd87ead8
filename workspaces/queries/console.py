"""Figures of the whole instance, for operators: people, workspaces and erasures."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Q

from workspaces.models import Erasure, User, Workspace
from workspaces.states import COMPANY_KINDS, ErasureState

RECENT = timedelta(days=7)
# An erasure that has not finished by then waits for something that somebody must do.
ERASURE_LATE = timedelta(days=1)


@dataclass(frozen=True)
class InstanceFigures:
    """Counts; the recent ones are of the last 7 days. Companies are teams and enterprises."""

    people: int
    people_new: int
    people_signed_in: int
    people_suspended: int
    companies: int
    companies_new: int
    companies_suspended: int


def count_instance(*, at: datetime) -> InstanceFigures:
    """Count people and workspaces; deleted ones are left out. Two queries."""
    since = at - RECENT
    people = User.objects.exclude(email__endswith="@deleted.invalid").aggregate(
        all=Count("pk"),
        new=Count("pk", filter=Q(created_at__gte=since)),
        signed_in=Count("pk", filter=Q(last_login__gte=since)),
        suspended=Count("pk", filter=Q(is_active=False)),
    )
    erased = Erasure.objects.values("workspace_id")
    companies = (
        Workspace.objects.filter(kind__in=COMPANY_KINDS)
        .exclude(pk__in=erased)
        .aggregate(
            all=Count("pk"),
            new=Count("pk", filter=Q(created_at__gte=since)),
            suspended=Count("pk", filter=Q(suspended_at__isnull=False)),
        )
    )
    return InstanceFigures(
        people=people["all"],
        people_new=people["new"],
        people_signed_in=people["signed_in"],
        people_suspended=people["suspended"],
        companies=companies["all"],
        companies_new=companies["new"],
        companies_suspended=companies["suspended"],
    )


def count_late_erasures(*, at: datetime) -> int:
    """Return how many erasures were asked for more than a day ago and have not finished."""
    return (
        Erasure.objects.exclude(state=ErasureState.FINISHED)
        .filter(requested_at__lt=at - ERASURE_LATE)
        .count()
    )

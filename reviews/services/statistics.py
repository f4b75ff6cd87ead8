"""The daily figures, counted from the facts."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta

from django.db import transaction
from django.db.models import Count

from reviews.models import Appeal, DailyStat, Decision, Report, Submission


@transaction.atomic
def fill_day(*, day: date, at: datetime) -> int:
    """Delete the figures of a UTC day and fill them again; how many there are."""
    start = datetime.combine(day, time(), tzinfo=UTC)
    DailyStat.objects.filter(day=day).delete()
    rows = [
        DailyStat(day=day, figure=figure, label=label, value=value, filled_at=at)
        for figure, label, value in _figures(start, start + timedelta(days=1))
    ]
    DailyStat.objects.bulk_create(rows)
    return len(rows)


def _figures(start: datetime, end: datetime) -> Iterator[tuple[str, str, int]]:
    within = {"gte": start, "lt": end}
    for model, moment, column, figure in (
        (Submission, "submitted_at", "state", "submissions"),
        (Report, "created_at", "category", "reports"),
        (Decision, "decided_at", "outcome", "decisions"),
        (Appeal, "filed_at", "party", "appeals"),
    ):
        bounds = {f"{moment}__{operator}": value for operator, value in within.items()}
        counted = model._default_manager.filter(**bounds).values_list(column).annotate(n=Count("pk"))
        for label, count in counted.order_by(column):
            yield figure, label, count

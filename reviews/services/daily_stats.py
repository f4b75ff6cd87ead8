"""Daily figures, counted from submissions, reports, decisions and appeals."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta

from django.db import transaction
from django.db.models import Count

from reviews.models import Appeal, DailyStat, Decision, Report, Submission


@transaction.atomic
def refill_daily_stats(*, day: date, at: datetime) -> int:
    """Delete and recount the figures of a UTC day; return how many there are. Idempotent."""
    start = datetime.combine(day, time(), tzinfo=UTC)
    DailyStat.objects.filter(day=day).delete()
    rows = [
        DailyStat(day=day, figure=figure, label=label, value=value, filled_at=at)
        for figure, label, value in _count_figures(start, start + timedelta(days=1))
    ]
    DailyStat.objects.bulk_create(rows)
    return len(rows)


def _count_figures(start: datetime, end: datetime) -> Iterator[tuple[str, str, int]]:
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

"""Jobs of moderation. Each takes keyword primitives, calls services and may run twice."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from celery import shared_task
from django.utils import timezone

from core.scope import system_scope
from reviews.services.checks import run_checks, start_checks, waiting_submissions
from reviews.services.claims import expire_claims
from reviews.services.decisions import retry_enforcements
from reviews.services.notices import deliver, waiting_notices
from reviews.services.statistics import fill_day
from reviews.services.tending import refresh_queue


@shared_task(name="reviews.check_submission")
def check_submission(*, submission_id: str) -> None:
    """Two transactions: "being checked" is seen while the second one works. Repeating changes nothing."""
    with system_scope("reviews.check_submission"):
        wanted = start_checks(submission_id=UUID(submission_id), at=timezone.now())
    if wanted:
        with system_scope("reviews.check_submission"):
            run_checks(submission_id=UUID(submission_id), at=timezone.now())


@shared_task(name="reviews.check_waiting")
def check_waiting() -> None:
    """Pick up what was submitted while the queue was down, and retry checkers that errored."""
    with system_scope("reviews.check_waiting"):
        waiting = waiting_submissions(at=timezone.now())
    for identifier in waiting:
        check_submission(submission_id=str(identifier))


@shared_task(name="reviews.deliver_notice")
def deliver_notice(*, notice_id: str) -> None:
    """Mail one notice; one that was sent already is left alone."""
    with system_scope("reviews.deliver_notice"):
        deliver(notice_id=UUID(notice_id), at=timezone.now())


@shared_task(name="reviews.deliver_waiting")
def deliver_waiting() -> None:
    """Mail what was written while the queue or the mail server was down."""
    with system_scope("reviews.deliver_waiting"):
        waiting = waiting_notices(at=timezone.now())
    for identifier in waiting:
        deliver_notice(notice_id=str(identifier))


@shared_task(name="reviews.tend_queue")
def tend_queue() -> None:
    """End leases that ran out, try failed effects again, lift appeals that are nearly due, age risks."""
    at = timezone.now()
    with system_scope("reviews.expire_claims"):
        expire_claims(at=at)
    with system_scope("reviews.retry_enforcements"):
        retry_enforcements(at=at)
    with system_scope("reviews.refresh_queue"):
        refresh_queue(at=at)


@shared_task(name="reviews.fill_daily_stats")
def fill_daily_stats() -> None:
    """Fill yesterday's and today's figures; a day is deleted and filled again."""
    today = timezone.now().date()
    with system_scope("reviews.fill_daily_stats"):
        for day in (today - timedelta(days=1), today):
            fill_day(day=day, at=timezone.now())

"""Jobs of moderation. Each takes keyword primitives, calls services and is idempotent."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from uuid import UUID

from celery import shared_task
from django.utils import timezone

from core.jobs import log_refused_task
from core.scope import system_scope
from reviews.checks.copies import MAX_MISSING_FINGERPRINTS, add_missing_fingerprints
from reviews.services.checks import list_unchecked_submissions, run_checks, start_checks
from reviews.services.claims import expire_claims
from reviews.services.daily_stats import refill_daily_stats
from reviews.services.enforcement import retry_enforcements
from reviews.services.judges import note_missing_judges
from reviews.services.name_rechecks import recheck_names
from reviews.services.notices import list_undelivered_notices, send_notice
from reviews.services.queue_order import refresh_queue_order


@shared_task(name="reviews.check_submission")
def check_submission(*, submission_id: str) -> None:
    """Check one submission in two transactions, so that "being checked" is visible meanwhile."""
    with system_scope("reviews.check_submission"):
        is_waiting = start_checks(submission_id=UUID(submission_id), at=timezone.now())
    if not is_waiting:
        log_refused_task("reviews.check_submission", "not_waiting", submission_id=submission_id)
    else:
        with system_scope("reviews.check_submission"):
            run_checks(submission_id=UUID(submission_id), at=timezone.now())


@shared_task(name="reviews.check_waiting")
def check_waiting() -> None:
    """Check submissions whose own job was lost, and retry checkers that errored."""
    with system_scope("reviews.check_waiting"):
        submission_ids = list_unchecked_submissions(at=timezone.now())
    for submission_id in submission_ids:
        check_submission(submission_id=str(submission_id))


@shared_task(name="reviews.deliver_notice")
def deliver_notice(*, notice_id: str) -> None:
    """E-mail one notice, unless it was sent before."""
    step = partial(system_scope, "reviews.deliver_notice")
    if not send_notice(notice_id=UUID(notice_id), at=timezone.now(), step=step):
        log_refused_task("reviews.deliver_notice", "not_waiting", notice_id=notice_id)


@shared_task(name="reviews.deliver_waiting")
def deliver_waiting() -> None:
    """E-mail notices whose own job was lost or failed."""
    with system_scope("reviews.deliver_waiting"):
        notice_ids = list_undelivered_notices(at=timezone.now())
    for notice_id in notice_ids:
        deliver_notice(notice_id=str(notice_id))


@shared_task(name="reviews.tend_queue")
def maintain_queue() -> None:
    """Expire claims, retry failed enforcements, find cases without a judge, order the queue, fingerprint."""
    at = timezone.now()
    with system_scope("reviews.expire_claims"):
        expire_claims(at=at)
    with system_scope("reviews.retry_enforcements"):
        retry_enforcements(at=at)
    with system_scope("reviews.note_missing_judges"):
        note_missing_judges(at=at)
    with system_scope("reviews.refresh_queue"):
        add_missing_fingerprints(limit=MAX_MISSING_FINGERPRINTS)
        refresh_queue_order(at=at)


@shared_task(name="reviews.fill_daily_stats")
def fill_daily_stats() -> None:
    """Recount the figures of yesterday and today (UTC)."""
    today = timezone.now().date()
    with system_scope("reviews.fill_daily_stats"):
        for day in (today - timedelta(days=1), today):
            refill_daily_stats(day=day, at=timezone.now())


@shared_task(name="reviews.recheck_names")
def recheck_public_names() -> None:
    """Put names that resemble a protected one into the queue. Idempotent: a case names each once."""
    with system_scope("reviews.recheck_names"):
        recheck_names(at=timezone.now())

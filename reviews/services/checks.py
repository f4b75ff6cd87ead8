"""Running the automated checks on a submission. They never approve one."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

import structlog
from django.conf import settings
from django.core.cache import cache
from django.db import DatabaseError, transaction
from django.db.models import Max
from django.utils import translation
from django.utils.translation import gettext as _

from core.audit import record
from gpts.assistants.models import Version
from reviews.checks import CHECKERS, LABELS, Checker, CheckerError, Finding
from reviews.models import Case, Check, Strike, Submission
from reviews.states import (
    WAITING_FOR_CHECKS,
    CaseAction,
    CheckOutcome,
    SubmissionAction,
    SubmissionState,
    move_case,
    move_submission,
)
from workspaces.queries import list_staff
from workspaces.services.notifications import notify
from workspaces.states import Staff

log = structlog.get_logger()
RETRY_AFTER = timedelta(minutes=2)
# A checker that asks another service gets no answer, a late one or one that it cannot read.
CANNOT_RUN = (CheckerError, DatabaseError, OSError, ValueError, LookupError)
ALERT_EVERY = timedelta(hours=1)
# Risk is 0 to 1,000. Components of a new case's risk, before any report:
RISK_PER_CHECK_POINT = 4
RISK_FIRST_LISTING = 100
RISK_NEW_ACCOUNT = 100
RISK_PER_STRIKE = 150
NEW_ACCOUNT = timedelta(days=7)


@transaction.atomic
def start_checks(*, submission_id: UUID, at: datetime) -> bool:
    """Mark the submission as being checked. Returns False when it no longer waits for checks."""
    case, submission = _lock(submission_id)
    if case is None or submission is None or submission.state not in WAITING_FOR_CHECKS:
        return False
    if submission.state == SubmissionState.SUBMITTED:
        submission.state = move_submission(submission.state, SubmissionAction.START_CHECKS)
    submission.checks_started_at = at
    submission.save(update_fields=["state", "checks_started_at"])
    return True


@transaction.atomic
def run_checks(
    *, submission_id: UUID, at: datetime, checkers: tuple[Checker, ...] = CHECKERS
) -> Submission | None:
    """Run every checker that has no stored result and send the submission to review when all have one.

    An erroring checker leaves it pending for the next run, and operators are told. Idempotent; returns None
    when the submission is not being checked.
    """
    case, submission = _lock(submission_id)
    if case is None or submission is None or submission.state != SubmissionState.CHECKING:
        return None
    checks = [run_checker(checker, submission.version, at=at) for checker in checkers]
    errored = [check.checker for check in checks if check.outcome == CheckOutcome.ERRORED]
    if errored:
        log.error("reviews.checker_down", submission_id=str(submission_id), checkers=errored)
        for name in errored:
            _alert_operators(name, at=at)
        return submission
    submission.state = move_submission(submission.state, SubmissionAction.SEND_TO_REVIEW)
    submission.save(update_fields=["state"])
    case.state = move_case(case.state, CaseAction.ENQUEUE)
    case.risk = compute_starting_risk(submission, at=at)
    case.row_version += 1
    case.save(update_fields=["state", "risk", "row_version"])
    record(
        action="reviews.submission_checked",
        by=None,
        at=at,
        subject=submission,
        data={check.checker: check.outcome for check in checks},
    )
    return submission


def _alert_operators(checker: str, *, at: datetime) -> None:
    """Notify operators that a check cannot run, at most once an hour for each check."""
    if not cache.add(f"reviews:checker_down:{checker}", 1, int(ALERT_EVERY.total_seconds())):
        return
    for operator in list_staff(Staff.OPERATOR):
        with translation.override(operator.language or settings.LANGUAGE_CODE):
            notify(
                user=operator,
                kind="reviews.checker_down",
                title=_("An automated check cannot run"),
                body=_("Submissions wait until “%(check)s” answers again. None is approved meanwhile.")
                % {"check": LABELS.get(checker, checker)},
                at=at,
            )


def run_checker(checker: Checker, version: Version, *, at: datetime) -> Check:
    """Return the stored result of ``checker`` for this version; run it when there is none or it errored."""
    stored = Check.objects.filter(
        version=version, checker=checker.name, checker_version=checker.version
    ).first()
    if stored is not None and stored.outcome != CheckOutcome.ERRORED:
        return stored
    failure = ""
    finding = Finding()
    try:
        with transaction.atomic():
            finding = checker.run(version)
    except CANNOT_RUN as error:
        failure = f"{type(error).__name__}: {error}"[:120]
    outcome = CheckOutcome.FLAGGED if finding.score else CheckOutcome.PASSED
    values = {
        "outcome": CheckOutcome.ERRORED if failure else outcome,
        "score": finding.score,
        "evidence": finding.evidence,
        "failure": failure,
        "input_hash": version.content_hash,
        "attempts": 1 if stored is None else stored.attempts + 1,
        "ran_at": at,
    }
    check, _created = Check.objects.update_or_create(
        version=version, checker=checker.name, checker_version=checker.version, defaults=values
    )
    return check


def compute_starting_risk(submission: Submission, *, at: datetime) -> int:
    """Return the risk of a submission: its worst check, how new it and its builder are, strikes."""
    worst = Check.objects.filter(version=submission.version).aggregate(worst=Max("score"))["worst"] or 0
    owner = submission.gpt.owner
    risk = worst * RISK_PER_CHECK_POINT
    if not Submission.objects.filter(gpt__owner=owner, state__in=_WAS_APPROVED).exists():
        risk += RISK_FIRST_LISTING
    if owner.created_at > at - NEW_ACCOUNT:
        risk += RISK_NEW_ACCOUNT
    strikes = Strike.objects.filter(user=owner, removed_at__isnull=True, expires_at__gt=at).count()
    return min(1000, risk + strikes * RISK_PER_STRIKE)


_WAS_APPROVED = (SubmissionState.APPROVED, SubmissionState.LIVE, SubmissionState.SUPERSEDED)


def list_unchecked_submissions(*, at: datetime) -> list[UUID]:
    """Return submissions whose own job should have checked them by now. For the periodic job."""
    late = at - RETRY_AFTER
    submitted = Submission.objects.filter(
        state=SubmissionState.SUBMITTED, submitted_at__lt=at - timedelta(seconds=30)
    )
    stuck = Submission.objects.filter(state=SubmissionState.CHECKING, checks_started_at__lt=late)
    return list((submitted | stuck).order_by("submitted_at").values_list("pk", flat=True)[:100])


def _lock(submission_id: UUID) -> tuple[Case | None, Submission | None]:
    """Lock the case first, as every service does, then the submission."""
    case = Case.objects.select_for_update(of=("self",)).filter(submission_id=submission_id).first()
    submission = (
        Submission.objects.select_for_update(of=("self",))
        .select_related("version__gpt__owner", "gpt__owner")
        .filter(pk=submission_id)
        .first()
    )
    return case, submission

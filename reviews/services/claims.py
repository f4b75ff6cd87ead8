"""Claims: leases on cases, one for each case, at most three for each moderator."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID, uuid4

from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _

from core.audit import record
from core.errors import Conflict, Forbidden, InvalidInput
from core.text import clean_line
from reviews.models import Case, Claim, Escalation
from reviews.models.cases import QUEUE_ORDER
from reviews.rules import exclude_conflicts
from reviews.services.cases import (
    advance_case,
    build_case_conflict,
    check_may_judge,
    get_live_claim,
    lock_case,
)
from reviews.states import CaseAction, CaseState
from workspaces.models import User

LEASE = timedelta(minutes=10)
MAX_CLAIMS = 3
# Namespace of the advisory lock that makes the limit of three hold when two tabs claim at once.
_LOCK_NAMESPACE = 0x6C6F67


@transaction.atomic
def claim_case(*, case_id: UUID, by: User, at: datetime) -> Claim:
    """Claim the case for ten minutes. The holder's claim is renewed, so a double click is one claim.

    Raises Conflict (``case_claimed`` with the current state, ``too_many_claims``), Forbidden for a case that
    this person may not judge, IllegalTransition once decided.
    """
    _lock_moderator(by)
    return _claim(lock_case(case_id, by=by), by=by, at=at)


@transaction.atomic
def claim_next_case(*, by: User, at: datetime, queue: str = "") -> Claim | None:
    """Claim the first unclaimed case in queue order that ``by`` may judge; None when there is none.

    Locked rows are skipped, so that two callers do not wait for each other. When only locked rows are left,
    it waits for them: a case that a report or a job locks for a moment must not look like an empty queue.
    Cases of the restricted lane are only claimed by hand.
    """
    _lock_moderator(by)
    waiting = exclude_conflicts(Case.objects.filter(state=CaseState.QUEUED, is_restricted=False), by)
    waiting = waiting.order_by(*QUEUE_ORDER)
    if queue:
        waiting = waiting.filter(queue=queue)
    for skip_locked in (True, False):
        case = waiting.select_for_update(of=("self",), skip_locked=skip_locked).first()
        if case is not None:
            return _claim(case, by=by, at=at)
    return None


def _claim(case: Case, *, by: User, at: datetime) -> Claim:
    held = get_live_claim(case, at=at)
    if held is not None and held.moderator_id == by.pk:
        return _extend(held, at=at)
    if held is not None:
        raise build_case_conflict(
            _("%(name)s is working on this case.") % {"name": held.moderator}, "case_claimed", case, at=at
        )
    check_may_judge(by, case)
    if Claim.objects.filter(moderator=by, expires_at__gt=at).count() >= MAX_CLAIMS:
        raise Conflict(
            _("You hold three cases. Decide or release one of them first."), code="too_many_claims"
        )
    Claim.objects.filter(case=case).delete()
    if case.state == CaseState.CLAIMED:  # its lease has expired, but the periodic job has not run yet
        advance_case(case, CaseAction.EXPIRE, at=at)
    advance_case(case, CaseAction.CLAIM, at=at)
    claim = Claim.objects.create(
        case=case, moderator=by, token=uuid4(), acquired_at=at, expires_at=at + LEASE
    )
    record(action="reviews.case_claimed", by=by, at=at, subject=case)
    return claim


@transaction.atomic
def renew_claim(*, case_id: UUID, token: UUID, by: User, at: datetime) -> Claim:
    """Extend a live claim by a whole lease. Raises Conflict with the current state when it is lost."""
    case = lock_case(case_id, by=by)
    claim = _extend(get_own_claim(case, token=token, by=by, at=at), at=at)
    record(action="reviews.claim_renewed", by=by, at=at, subject=case)
    return claim


@transaction.atomic
def release_claim(*, case_id: UUID, token: UUID, by: User, at: datetime) -> Case:
    """Put the case back into the queue. Raises Conflict with the current state when the claim is lost."""
    case = lock_case(case_id, by=by)
    get_own_claim(case, token=token, by=by, at=at).delete()
    advance_case(case, CaseAction.RELEASE, at=at)
    record(action="reviews.case_released", by=by, at=at, subject=case)
    return case


@transaction.atomic
def escalate_case(*, case_id: UUID, token: UUID, reason: str, by: User, at: datetime) -> Case:
    """Escalate a claimed case with a reason. claim_next_case skips it; it can only be claimed by hand."""
    reason = clean_line(reason, max_length=500, field="reason")
    case = lock_case(case_id, by=by)
    get_own_claim(case, token=token, by=by, at=at).delete()
    note = f"{case.note}\n{reason}".strip()
    advance_case(case, CaseAction.ESCALATE, at=at, note=note)
    Escalation.objects.create(case=case, moderator=by, reason=reason, escalated_at=at)
    record(action="reviews.case_escalated", by=by, at=at, subject=case, reason=reason)
    return case


@transaction.atomic
def take_over_case(*, case_id: UUID, reason: str, by: User, at: datetime) -> Claim:
    """Move a colleague's claim to a lead; the audit event names the colleague and the reason."""
    reason = clean_line(reason, max_length=500, field="reason")
    if not by.has_perm("reviews.take_over"):
        raise Forbidden(_("Only a lead may take over a colleague's case."), code="not_a_lead")
    case = lock_case(case_id, by=by)
    check_may_judge(by, case)
    held = get_live_claim(case, at=at)
    if held is None:
        raise InvalidInput(_("Nobody holds this case. Claim it instead."), code="not_claimed")
    previous_id = held.moderator_id
    held.delete()
    advance_case(case, CaseAction.TAKE_OVER, at=at)
    claim = Claim.objects.create(
        case=case, moderator=by, token=uuid4(), acquired_at=at, expires_at=at + LEASE
    )
    record(
        action="reviews.case_taken_over",
        by=by,
        at=at,
        subject=case,
        reason=reason,
        data={"from": previous_id},
    )
    return claim


@transaction.atomic
def expire_claims(*, at: datetime) -> int:
    """Return cases whose lease has expired to the queue and count them. Skips locked rows; safe to repeat."""
    cases = Case.objects.select_for_update(of=("self",), skip_locked=True).filter(
        state=CaseState.CLAIMED, claim__expires_at__lte=at
    )
    count = 0
    for case in cases.order_by("id")[:200]:
        if get_live_claim(case, at=at) is not None:
            continue
        Claim.objects.filter(case=case).delete()
        advance_case(case, CaseAction.EXPIRE, at=at)
        record(action="reviews.claim_expired", by=None, at=at, subject=case)
        count += 1
    return count


def get_own_claim(case: Case, *, token: UUID, by: User, at: datetime) -> Claim:
    """Return the live claim with this token, when it is this person's; else raise Conflict."""
    claim = get_live_claim(case, at=at)
    if claim is None or claim.token != token or claim.moderator_id != by.pk:
        raise build_case_conflict(
            _("Your claim on this case has ended. Look at what changed, then claim it again."),
            "claim_lost",
            case,
            at=at,
        )
    return claim


def _extend(claim: Claim, *, at: datetime) -> Claim:
    claim.expires_at = at + LEASE
    claim.save(update_fields=["expires_at"])
    return claim


def _lock_moderator(by: User) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [_LOCK_NAMESPACE, by.pk % 2**31])

"""Who works on which case: leases that run out, one for each case, three for each person."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _

from core.audit import record
from core.errors import Conflict, Forbidden, InvalidInput
from core.text import clean_line
from reviews.models import Case, Claim
from reviews.rules import conflict_of_interest
from reviews.services.cases import advance, live_claim, lock_case, stale
from reviews.states import CaseAction, CaseState
from workspaces.queries import get_user_roles

LEASE = timedelta(minutes=10)
MOST_CLAIMS = 3
# Key space of the lock that makes "at most three" hold against two tabs.
_LOCK_SPACE = 0x6C6F67


@transaction.atomic
def claim_case(*, case_id: UUID, by: Any, at: datetime) -> Claim:
    """Take the case for ten minutes; a claim of one's own is renewed, so a double click is one claim.

    Of two people at once one wins. Raises Conflict (``case_claimed``, ``too_many_claims``) with the
    fresh state, Forbidden for a case that this person may not judge, IllegalTransition once decided.
    """
    _lock_person(by)
    return _claim(lock_case(case_id), by=by, at=at)


@transaction.atomic
def next_case(*, by: Any, at: datetime, queue: str = "") -> Claim | None:
    """Claim the first case in order that nobody holds and that ``by`` may judge; None when there is none.

    Rows that somebody is writing at this moment are skipped, so two people who ask at once do not wait for
    each other. Only when nothing else is left does it wait for them: a case that a report or a job holds
    for a few milliseconds must not look like an empty queue.
    """
    _lock_person(by)
    workspaces = [seat.workspace_id for seat in get_user_roles(by).memberships]
    waiting = (
        Case.objects.filter(state=CaseState.QUEUED)
        .exclude(builder=by)
        .exclude(gpt__workspace_id__in=workspaces)
        .exclude(origin__decider=by)
        .exclude(reports__reporter=by)
        .order_by("tier", "-risk", "opened_at", "id")
    )
    if queue:
        waiting = waiting.filter(queue=queue)
    for skip_locked in (True, False):
        case = waiting.select_for_update(of=("self",), skip_locked=skip_locked).first()
        if case is not None:
            return _claim(case, by=by, at=at)
    return None


def _claim(case: Case, *, by: Any, at: datetime) -> Claim:
    held = live_claim(case, at=at)
    if held is not None and held.moderator_id == by.pk:
        return _extend(held, at=at)
    if held is not None:
        raise stale(
            _("%(name)s is working on this case.") % {"name": held.moderator}, "case_claimed", case, at=at
        )
    _refuse_involved(by, case)
    if Claim.objects.filter(moderator=by, expires_at__gt=at).count() >= MOST_CLAIMS:
        raise Conflict(
            _("You hold three cases. Decide or release one of them first."), code="too_many_claims"
        )
    Claim.objects.filter(case=case).delete()
    if case.state == CaseState.CLAIMED:  # the lease ran out and nobody has noticed yet
        advance(case, CaseAction.EXPIRE, at=at)
    advance(case, CaseAction.CLAIM, at=at)
    claim = Claim.objects.create(
        case=case, moderator=by, token=uuid4(), acquired_at=at, expires_at=at + LEASE
    )
    record(action="reviews.case_claimed", by=by, at=at, subject=case)
    return claim


@transaction.atomic
def renew_claim(*, case_id: UUID, token: UUID, by: Any, at: datetime) -> Claim:
    """Extend a live claim by a whole lease. Raises Conflict with the fresh state when it is lost."""
    case = lock_case(case_id)
    claim = _extend(own_claim(case, token=token, by=by, at=at), at=at)
    record(action="reviews.claim_renewed", by=by, at=at, subject=case)
    return claim


@transaction.atomic
def release_claim(*, case_id: UUID, token: UUID, by: Any, at: datetime) -> Case:
    """Put the case back into the queue. Raises Conflict with the fresh state when the claim is lost."""
    case = lock_case(case_id)
    own_claim(case, token=token, by=by, at=at).delete()
    advance(case, CaseAction.RELEASE, at=at)
    record(action="reviews.case_released", by=by, at=at, subject=case)
    return case


@transaction.atomic
def escalate_case(*, case_id: UUID, token: UUID, reason: str, by: Any, at: datetime) -> Case:
    """Hand a claimed case up, with a word why; it leaves the queue until somebody claims it by hand."""
    reason = clean_line(reason, max_length=500, field="reason")
    case = lock_case(case_id)
    own_claim(case, token=token, by=by, at=at).delete()
    note = f"{case.note}\n{reason}".strip()
    advance(case, CaseAction.ESCALATE, at=at, note=note)
    record(action="reviews.case_escalated", by=by, at=at, subject=case, reason=reason)
    return case


@transaction.atomic
def take_over_case(*, case_id: UUID, reason: str, by: Any, at: datetime) -> Claim:
    """A lead takes a claimed case from a colleague; the log says from whom and why."""
    reason = clean_line(reason, max_length=500, field="reason")
    if not by.has_perm("reviews.take_over"):
        raise Forbidden(_("Only a lead may take over a colleague's case."), code="not_a_lead")
    case = lock_case(case_id)
    _refuse_involved(by, case)
    held = live_claim(case, at=at)
    if held is None:
        raise InvalidInput(_("Nobody holds this case. Claim it instead."), code="not_claimed")
    before = held.moderator_id
    held.delete()
    advance(case, CaseAction.TAKE_OVER, at=at)
    claim = Claim.objects.create(
        case=case, moderator=by, token=uuid4(), acquired_at=at, expires_at=at + LEASE
    )
    record(action="reviews.case_taken_over", by=by, at=at, subject=case, reason=reason, data={"from": before})
    return claim


@transaction.atomic
def expire_claims(*, at: datetime) -> int:
    """Return cases whose lease has run out to the queue; how many. Safe beside everything else."""
    cases = Case.objects.select_for_update(of=("self",), skip_locked=True).filter(
        state=CaseState.CLAIMED, claim__expires_at__lte=at
    )
    count = 0
    for case in cases.order_by("id")[:200]:
        if live_claim(case, at=at) is not None:
            continue
        Claim.objects.filter(case=case).delete()
        advance(case, CaseAction.EXPIRE, at=at)
        record(action="reviews.claim_expired", by=None, at=at, subject=case)
        count += 1
    return count


def own_claim(case: Case, *, token: UUID, by: Any, at: datetime) -> Claim:
    """Return the live claim that ``token`` names, when it is this person's; else Conflict."""
    claim = live_claim(case, at=at)
    if claim is None or claim.token != token or claim.moderator_id != by.pk:
        raise stale(
            _("Your claim on this case has ended. Look at what changed, then claim it again."),
            "claim_lost",
            case,
            at=at,
        )
    return claim


def _refuse_involved(by: Any, case: Case) -> None:
    if why := conflict_of_interest(by, case):
        raise Forbidden(
            _("You cannot judge this case: you are involved in it. A colleague has to."),
            code="conflict_of_interest",
            data={"why": why},
        )


def _extend(claim: Claim, *, at: datetime) -> Claim:
    claim.expires_at = at + LEASE
    claim.save(update_fields=["expires_at"])
    return claim


def _lock_person(by: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [_LOCK_SPACE, by.pk % 2**31])

"""The bank's results: payouts paid, failed or returned; batches accepted, rejected or settled."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from core.audit import record
from core.errors import Conflict, NotFound
from core.text import clean_line
from payouts.models import AccountBalance, Batch, JournalEntry, Payout
from payouts.services.batches import build_rejection_entry, end_payout, lock_batch
from payouts.services.ledger import (
    EntryDraft,
    available_account,
    bank_account,
    in_transit_account,
    lock_ledger,
    post_entries,
)
from payouts.services.transitions import change_state, clean_reason
from payouts.states import OPEN_PAYOUT_STATES, BatchState, EntryKind, PayoutState, check_transition
from workspaces.models import User

REFERENCE_LENGTH = 80


def settle_payout(*, payout_id: int, bank_reference: str, by: User, at: datetime) -> Payout:
    """Record that the bank paid: post InTransit to Bank under the bank's reference.

    Settles the batch with its last open payout. Takes the ledger lock, then batch and payout. Raises
    Conflict for a reference that was booked before, IllegalTransition unless the payout is exported.
    """
    reference = clean_line(bank_reference, max_length=REFERENCE_LENGTH, field="bank_reference")
    with transaction.atomic():
        batch, payout = _lock_payout(payout_id)
        check_transition(payout.state, PayoutState.PAID)
        key = f"bank:{settings.PAYOUT_BANK_ACCOUNT}:{reference}"
        if JournalEntry.objects.filter(idempotency_key=key).exists():
            raise Conflict(
                _("This bank reference was booked before. Each payment has its own."),
                code="reference_used",
                field="bank_reference",
            )
        payout.bank_reference, payout.ended_at = reference, at
        change_state(
            payout, PayoutState.PAID, by=by, at=at, reason=f"Bank reference {reference}",
            fields=("bank_reference", "ended_at"),
        )  # fmt: skip
        legs = [
            (in_transit_account(batch.pk), payout.amount_minor),
            (bank_account(settings.PAYOUT_BANK_ACCOUNT), -payout.amount_minor),
        ]
        post_entries(
            [EntryDraft(EntryKind.BANK, key, f"Payout {payout.pk} paid", payout.currency, legs)], by=by, at=at
        )
        _settle_batch_if_complete(batch, by=by, at=at)
        record(
            action="payouts.payout_settled",
            by=by,
            at=at,
            subject=payout,
            data={"payee_id": payout.payee_id, "reference": reference},
        )
    return payout


def fail_payout(*, payout_id: int, by: User, at: datetime, reason: str) -> Payout:
    """Record that the bank did not pay: post the money back to Available. Locks as settle_payout does."""
    reason = clean_reason(reason)
    with transaction.atomic():
        batch, payout = _lock_payout(payout_id)
        check_transition(payout.state, PayoutState.FAILED)
        end_payout(payout, PayoutState.FAILED, by=by, at=at, reason=reason)
        post_entries([build_rejection_entry(payout)], by=by, at=at)
        _settle_batch_if_complete(batch, by=by, at=at)
        record(
            action="payouts.payout_failed",
            by=by,
            at=at,
            subject=payout,
            reason=reason,
            data={"payee_id": payout.payee_id},
        )
    return payout


def return_payout(*, payout_id: int, bank_reference: str, by: User, at: datetime, reason: str) -> Payout:
    """Record that a paid payout was returned: post Bank to InTransit, then InTransit to Available.

    Locks as settle_payout does. Raises Conflict for a return reference that was booked before.
    """
    reason = clean_reason(reason)
    reference = clean_line(bank_reference, max_length=REFERENCE_LENGTH, field="bank_reference")
    with transaction.atomic():
        batch, payout = _lock_payout(payout_id)
        check_transition(payout.state, PayoutState.RETURNED)
        amount, transit = payout.amount_minor, in_transit_account(batch.pk)
        end_payout(payout, PayoutState.RETURNED, by=by, at=at, reason=reason)
        legs = [
            (bank_account(settings.PAYOUT_BANK_ACCOUNT), amount), (transit, -amount),
            (transit, amount), (available_account(payout.payee_id), -amount),
        ]  # fmt: skip
        key, description = f"return:{reference}", f"Payout {payout.pk} returned"
        post_entries([EntryDraft(EntryKind.RETURN, key, description, payout.currency, legs)], by=by, at=at)
        record(
            action="payouts.payout_returned", by=by, at=at, subject=payout, reason=reason,
            data={"payee_id": payout.payee_id, "reference": reference},
        )  # fmt: skip
    return payout


def accept_batch(*, batch_id: int, by: User, at: datetime, reason: str = "") -> Batch:
    """Record that the bank accepted the file."""
    with transaction.atomic():
        batch = lock_batch(batch_id)
        change_state(batch, BatchState.ACCEPTED, by=by, at=at, reason=reason or "The bank took the file.")
        record(action="payouts.batch_accepted", by=by, at=at, subject=batch, reason=reason)
    return batch


def reject_batch(*, batch_id: int, by: User, at: datetime, reason: str) -> Batch:
    """Record that the bank refused the whole file: fail every open payout and post its money to Available.

    Raises Conflict when a payout of the batch is paid already.
    """
    reason = clean_reason(reason)
    with transaction.atomic():
        lock_ledger()
        batch = lock_batch(batch_id)
        if batch.payouts.filter(state=PayoutState.PAID).exists():
            raise Conflict(
                _("Some payouts of this batch are paid already, so the bank did take the file."),
                code="batch_partly_paid",
            )
        change_state(batch, BatchState.REJECTED, by=by, at=at, reason=reason)
        payouts = list(batch.payouts.select_for_update().filter(state=PayoutState.EXPORTED).order_by("pk"))
        for payout in payouts:
            end_payout(payout, PayoutState.FAILED, by=by, at=at, reason=reason)
        post_entries([build_rejection_entry(payout) for payout in payouts], by=by, at=at)
        record(action="payouts.batch_rejected", by=by, at=at, subject=batch, reason=reason)
    return batch


def _lock_payout(payout_id: int) -> tuple[Batch, Payout]:
    lock_ledger()
    payout = Payout.objects.filter(pk=payout_id).first()
    if payout is None:
        raise NotFound(_("There is no such payout."), code="not_found")
    batch = lock_batch(payout.batch_id)
    return batch, Payout.objects.select_for_update().get(pk=payout_id)


def _settle_batch_if_complete(batch: Batch, *, by: User, at: datetime) -> None:
    """Move the batch to SETTLED once no payout is open and its InTransit account is zero."""
    if batch.payouts.filter(state__in=OPEN_PAYOUT_STATES).exists():
        return
    name = in_transit_account(batch.pk).name
    left = AccountBalance.objects.filter(account__name=name, account__currency=batch.currency).exclude(
        balance_minor=0
    )
    if batch.state in (BatchState.EXPORTED, BatchState.ACCEPTED) and not left.exists():
        batch.settled_at = at
        change_state(
            batch, BatchState.SETTLED, by=by, at=at, reason="Every payout has ended.", fields=("settled_at",)
        )

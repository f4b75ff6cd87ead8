"""What the bank did: payouts paid, failed or returned, batches accepted, rejected, settled."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from core.audit import record
from core.errors import Conflict, NotFound
from core.text import clean_line
from payouts.models import AccountBalance, Batch, JournalEntry, Payout
from payouts.services.batches import back_to_available, end_payout, locked_batch
from payouts.services.ledger import Draft, available, bank, in_transit, post, take_turns
from payouts.services.transitions import clean_reason, move
from payouts.states import OPEN_PAYOUT_STATES, BatchState, EntryKind, PayoutState, check_move
from workspaces.models import User

REFERENCE_LENGTH = 80


def settle_payout(*, payout_id: int, bank_reference: str, by: User, at: datetime) -> Payout:
    """Record that the bank paid: InTransit to Bank under the bank's own reference, which counts once.

    Settles the batch with its last payout.
    """
    reference = clean_line(bank_reference, max_length=REFERENCE_LENGTH, field="bank_reference")
    with transaction.atomic():
        batch, payout = _locked(payout_id)
        check_move(payout.state, PayoutState.PAID)
        key = f"bank:{settings.PAYOUT_BANK_ACCOUNT}:{reference}"
        if JournalEntry.objects.filter(idempotency_key=key).exists():
            raise Conflict(
                _("This bank reference was booked before. Each payment has its own."),
                code="reference_used",
                field="bank_reference",
            )
        payout.bank_reference, payout.ended_at = reference, at
        move(
            payout, PayoutState.PAID, by=by, at=at, reason=f"Bank reference {reference}",
            fields=("bank_reference", "ended_at"),
        )  # fmt: skip
        legs = [
            (in_transit(batch.pk), payout.amount_minor),
            (bank(settings.PAYOUT_BANK_ACCOUNT), -payout.amount_minor),
        ]
        post([Draft(EntryKind.BANK, key, f"Payout {payout.pk} paid", payout.currency, legs)], by=by, at=at)
        _settle_if_done(batch, by=by, at=at)
        record(action="payouts.payout_settled", by=by, at=at, subject=payout, data={"reference": reference})
    return payout


def fail_payout(*, payout_id: int, by: User, at: datetime, reason: str) -> Payout:
    """Record that the bank did not pay: the money becomes available to the payee again."""
    reason = clean_reason(reason)
    with transaction.atomic():
        batch, payout = _locked(payout_id)
        check_move(payout.state, PayoutState.FAILED)
        end_payout(payout, PayoutState.FAILED, by=by, at=at, reason=reason)
        post([back_to_available(payout)], by=by, at=at)
        _settle_if_done(batch, by=by, at=at)
        record(action="payouts.payout_failed", by=by, at=at, subject=payout, reason=reason)
    return payout


def return_payout(*, payout_id: int, bank_reference: str, by: User, at: datetime, reason: str) -> Payout:
    """Record that a paid payout came back: Bank to InTransit, then InTransit to Available."""
    reason = clean_reason(reason)
    reference = clean_line(bank_reference, max_length=REFERENCE_LENGTH, field="bank_reference")
    with transaction.atomic():
        batch, payout = _locked(payout_id)
        check_move(payout.state, PayoutState.RETURNED)
        amount, transit = payout.amount_minor, in_transit(batch.pk)
        end_payout(payout, PayoutState.RETURNED, by=by, at=at, reason=reason)
        legs = [
            (bank(settings.PAYOUT_BANK_ACCOUNT), amount), (transit, -amount),
            (transit, amount), (available(payout.payee_id), -amount),
        ]  # fmt: skip
        post(
            [
                Draft(
                    EntryKind.RETURN,
                    f"return:{reference}",
                    f"Payout {payout.pk} returned",
                    payout.currency,
                    legs,
                )
            ],
            by=by,
            at=at,
        )
        record(
            action="payouts.payout_returned", by=by, at=at, subject=payout, reason=reason,
            data={"reference": reference},
        )  # fmt: skip
    return payout


def accept_batch(*, batch_id: int, by: User, at: datetime, reason: str = "") -> Batch:
    """Record that the bank took the file."""
    with transaction.atomic():
        batch = locked_batch(batch_id)
        move(batch, BatchState.ACCEPTED, by=by, at=at, reason=reason or "The bank took the file.")
        record(action="payouts.batch_accepted", by=by, at=at, subject=batch, reason=reason)
    return batch


def reject_batch(*, batch_id: int, by: User, at: datetime, reason: str) -> Batch:
    """Record that the bank refused the whole file; every open payout fails and its money comes back."""
    reason = clean_reason(reason)
    with transaction.atomic():
        take_turns()
        batch = locked_batch(batch_id)
        if batch.payouts.filter(state=PayoutState.PAID).exists():
            raise Conflict(
                _("Some payouts of this batch are paid already, so the bank did take the file."),
                code="batch_partly_paid",
            )
        move(batch, BatchState.REJECTED, by=by, at=at, reason=reason)
        payouts = list(batch.payouts.select_for_update().filter(state=PayoutState.EXPORTED).order_by("pk"))
        for payout in payouts:
            end_payout(payout, PayoutState.FAILED, by=by, at=at, reason=reason)
        post([back_to_available(payout) for payout in payouts], by=by, at=at)
        record(action="payouts.batch_rejected", by=by, at=at, subject=batch, reason=reason)
    return batch


def _locked(payout_id: int) -> tuple[Batch, Payout]:
    take_turns()
    payout = Payout.objects.filter(pk=payout_id).first()
    if payout is None:
        raise NotFound(_("There is no such payout."), code="not_found")
    batch = locked_batch(payout.batch_id)
    return batch, Payout.objects.select_for_update().get(pk=payout_id)


def _settle_if_done(batch: Batch, *, by: User, at: datetime) -> None:
    """Settle once nothing is open and the clearing account is back at zero."""
    if batch.payouts.filter(state__in=OPEN_PAYOUT_STATES).exists():
        return
    name = in_transit(batch.pk).name
    left = AccountBalance.objects.filter(account__name=name, account__currency=batch.currency).exclude(
        balance_minor=0
    )
    if batch.state in (BatchState.EXPORTED, BatchState.ACCEPTED) and not left.exists():
        batch.settled_at = at
        move(
            batch, BatchState.SETTLED, by=by, at=at, reason="Every payout has ended.", fields=("settled_at",)
        )

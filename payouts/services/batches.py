"""Payout batches: proposed by one, approved by another, cancelled before they leave."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from core.audit import record
from core.errors import Conflict, Forbidden, NotFound
from core.periods import Period
from payouts.models import AccountBalance, Batch, Payout, PayoutAccount
from payouts.services.gates import Gate, candidates, gate_of
from payouts.services.ledger import Draft, available, in_transit, post, take_turns
from payouts.services.rates import card_for
from payouts.services.releases import release_due
from payouts.services.transitions import clean_reason, move
from payouts.states import BatchState, EntryKind, PayoutState
from workspaces.models import User


def propose_batch(*, currency: str, by: User, at: datetime) -> Batch:
    """Draft one payout for everybody who passes the gates, over their whole available balance.

    Conflict when nobody does, also on the second of two clicks: a payee is in one open payout at most.
    """
    with transaction.atomic():
        take_turns()
        release_due(at=at, by=by)
        minimum = card_for(Period.containing(at)).minimum_payout_minor
        payable = [
            found for found in candidates(currency=currency, minimum_minor=minimum, at=at) if not found.gate
        ]
        if not payable:
            raise Conflict(
                _("There is nobody to pay now. See who waits, and why, below."), code="nobody_payable"
            )
        batch = Batch.objects.create(currency=currency, created_by=by, created_at=at)
        payouts = []
        for found in payable:
            assert found.account is not None  # the gate passed
            payouts.append(
                Payout(
                    batch=batch,
                    payee_id=found.payee_id,
                    currency=currency,
                    amount_minor=found.available_minor,
                    method=found.account.method,
                    legal_name=found.account.legal_name,
                    country=found.account.country,
                    iban_ending=found.account.iban_ending,
                    created_at=at,
                )
            )
        Payout.objects.bulk_create(payouts, batch_size=2_000)
        record(
            action="payouts.batch_proposed", by=by, at=at, subject=batch,
            data={"payouts": len(payouts), "currency": currency,
                  "minor": sum(p.amount_minor for p in payouts)},
        )  # fmt: skip
    return batch


def approve_batch(*, batch_id: int, by: User, at: datetime, reason: str = "") -> Batch:
    """Set the money aside: Available to InTransit for each payout that still passes the gates.

    ``by`` must not be who proposed it. Payouts that fail a gate now leave the batch with the reason.
    Raises IllegalTransition on a second click, Conflict when no payout is left.
    """
    with transaction.atomic():
        take_turns()
        batch = locked_batch(batch_id)
        if batch.created_by_id == by.pk:
            raise Forbidden(
                _("You proposed this batch. Another person of finance has to approve it."), code="four_eyes"
            )
        batch.approved_by, batch.approved_at = by, at
        move(
            batch, BatchState.APPROVED, by=by, at=at, reason=reason or "Approved.",
            fields=("approved_by", "approved_at"),
        )  # fmt: skip
        kept = []
        for payout, gate in _gated(batch, at, is_reserved=False):
            if gate:
                end_payout(payout, PayoutState.CANCELLED, by=by, at=at, reason=Gate(gate).written)
            else:
                move(payout, PayoutState.IN_BATCH, by=by, at=at, reason="Batch approved.")
                kept.append(payout)
        if not kept:
            raise Conflict(
                _("None of these payouts may go out any more. Cancel the batch and propose a new one."),
                code="nobody_payable",
            )
        post([_item_entry(payout) for payout in kept], by=by, at=at)
        record(
            action="payouts.batch_approved", by=by, at=at, subject=batch, reason=reason,
            data={"payouts": len(kept), "minor": sum(payout.amount_minor for payout in kept)},
        )  # fmt: skip
    return batch


def cancel_batch(*, batch_id: int, by: User, at: datetime, reason: str) -> Batch:
    """Take the batch back before it is exported; money that was set aside becomes available again."""
    reason = clean_reason(reason)
    with transaction.atomic():
        take_turns()
        batch = locked_batch(batch_id)
        move(batch, BatchState.CANCELLED, by=by, at=at, reason=reason)
        payouts = list(batch.payouts.select_for_update().order_by("pk"))
        reserved = [payout for payout in payouts if payout.state == PayoutState.IN_BATCH]
        for payout in payouts:
            if payout.state in (PayoutState.QUEUED, PayoutState.IN_BATCH):
                end_payout(payout, PayoutState.CANCELLED, by=by, at=at, reason=reason)
        if reserved:
            post([back_to_available(payout) for payout in reserved], by=by, at=at)
        record(action="payouts.batch_cancelled", by=by, at=at, subject=batch, reason=reason)
    return batch


def refuse_ungated(batch: Batch, *, by: User, at: datetime) -> list[Payout]:
    """Ask the gates again just before export; what fails goes back to Available. Returns what may leave."""
    kept, refused = [], []
    for payout, gate in _gated(batch, at, is_reserved=True):
        if gate:
            end_payout(payout, PayoutState.FAILED, by=by, at=at, reason=Gate(gate).written)
            refused.append(payout)
        else:
            kept.append(payout)
    if not kept:
        raise Conflict(
            _("None of these payouts may go out any more. Cancel the batch and propose a new one."),
            code="nobody_payable",
        )
    if refused:
        post([back_to_available(payout) for payout in refused], by=by, at=at)
    return kept


def _gated(batch: Batch, at: datetime, *, is_reserved: bool) -> list[tuple[Payout, str]]:
    wanted = PayoutState.IN_BATCH if is_reserved else PayoutState.QUEUED
    payouts = list(batch.payouts.select_for_update().filter(state=wanted).order_by("pk"))
    payees = [payout.payee_id for payout in payouts]
    accounts = {row.payee_id: row for row in PayoutAccount.objects.filter(payee_id__in=payees)}
    balances = available_balances(payees, batch.currency)
    result = []
    for payout in payouts:
        account = accounts.get(payout.payee_id)
        # What is set aside is no longer in the balance: then only the person's state is asked.
        on_hand = payout.amount_minor if is_reserved else balances.get(payout.payee_id, 0)
        gate = gate_of(account=account, available_minor=on_hand, minimum_minor=payout.amount_minor, at=at)
        if not gate and account is not None and _differs(payout, account):
            gate = Gate.COOLING_OFF
        result.append((payout, gate))
    return result


def _differs(payout: Payout, account: PayoutAccount) -> bool:
    return (payout.legal_name, payout.country, payout.method, payout.iban_ending) != (
        account.legal_name, account.country, account.method, account.iban_ending,
    )  # fmt: skip


def available_balances(payee_ids: list[int], currency: str) -> dict[int, int]:
    """Return what each payee may be paid, in minor units, above zero for money owed to them."""
    rows = AccountBalance.objects.filter(
        account__payee_id__in=payee_ids, account__currency=currency, account__name__endswith=":Available"
    ).values_list("account__payee_id", "balance_minor")
    return {payee_id: -balance for payee_id, balance in rows if payee_id is not None}


def _item_entry(payout: Payout) -> Draft:
    return Draft(
        EntryKind.ITEM,
        f"item:{payout.pk}",
        f"Payout {payout.pk} in batch {payout.batch_id}",
        payout.currency,
        [
            (available(payout.payee_id), payout.amount_minor),
            (in_transit(payout.batch_id), -payout.amount_minor),
        ],
    )


def back_to_available(payout: Payout) -> Draft:
    return Draft(
        EntryKind.REJECT,
        f"reject:{payout.pk}",
        f"Payout {payout.pk} did not go out",
        payout.currency,
        [
            (in_transit(payout.batch_id), payout.amount_minor),
            (available(payout.payee_id), -payout.amount_minor),
        ],
    )


def end_payout(payout: Payout, to: PayoutState, *, by: User, at: datetime, reason: str) -> None:
    payout.reason, payout.ended_at = reason, at
    move(payout, to, by=by, at=at, reason=reason, fields=("reason", "ended_at"))


def locked_batch(batch_id: int) -> Batch:
    batch = Batch.objects.select_for_update().filter(pk=batch_id).first()
    if batch is None:
        raise NotFound(_("There is no such batch."), code="not_found")
    return batch

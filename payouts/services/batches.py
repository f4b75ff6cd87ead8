"""Payout batches: proposed by one person, approved by another, cancelled before export."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from core.audit import record
from core.errors import Conflict, Forbidden, NotFound
from core.periods import Period
from payouts.models import AccountBalance, Batch, Payout, PayoutAccount
from payouts.services.eligibility import BlockReason, find_block_reason, list_candidates
from payouts.services.ledger import (
    EntryDraft,
    available_account,
    in_transit_account,
    lock_ledger,
    post_entries,
)
from payouts.services.rate_cards import get_rate_card
from payouts.services.releases import release_due_earnings
from payouts.services.transitions import change_state, clean_reason
from payouts.states import BatchState, EntryKind, PayoutState
from reviews.queries import list_payout_holds
from reviews.services.payout_holds import keep_payout_holds
from workspaces.models import User


def propose_batch(*, currency: str, by: User, at: datetime) -> Batch:
    """Create a draft batch with a payout of the whole available balance for every payee who can be paid.

    Releases elapsed holds first. Takes the ledger lock. A payee has at most one open payout, so a repeated
    call finds nobody. Raises Conflict if nobody can be paid.
    """
    with transaction.atomic():
        lock_ledger()
        keep_payout_holds()
        release_due_earnings(at=at, by=by)
        minimum = get_rate_card(Period.containing(at)).minimum_payout_minor
        payable = [
            found
            for found in list_candidates(currency=currency, minimum_minor=minimum, at=at)
            if not found.block_reason
        ]
        if not payable:
            raise Conflict(
                _("There is nobody to pay now. See who waits, and why, below."), code="nobody_payable"
            )
        batch = Batch.objects.create(currency=currency, created_by=by, created_at=at)
        payouts = []
        for found in payable:
            assert found.account is not None  # no block reason
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
    """Reserve the money: post Available to InTransit for each payout that can still be paid.

    Payouts that are blocked now are cancelled with the reason. Takes the ledger lock, then the batch's
    row. Raises Forbidden when ``by`` proposed the batch, IllegalTransition unless it is a draft, Conflict
    when no payout is left.
    """
    with transaction.atomic():
        lock_ledger()
        batch = lock_batch(batch_id)
        if batch.created_by_id == by.pk:
            raise Forbidden(
                _("You proposed this batch. Another person of finance has to approve it."), code="four_eyes"
            )
        batch.approved_by, batch.approved_at = by, at
        change_state(
            batch, BatchState.APPROVED, by=by, at=at, reason=reason or "Approved.",
            fields=("approved_by", "approved_at"),
        )  # fmt: skip
        kept = []
        for payout, block_reason in _check_payouts(batch, at, is_reserved=False):
            if block_reason:
                end_payout(
                    payout, PayoutState.CANCELLED, by=by, at=at, reason=BlockReason(block_reason).stored_text
                )
            else:
                change_state(payout, PayoutState.IN_BATCH, by=by, at=at, reason="Batch approved.")
                kept.append(payout)
        if not kept:
            raise Conflict(
                _("None of these payouts may go out any more. Cancel the batch and propose a new one."),
                code="nobody_payable",
            )
        post_entries([_build_approval_entry(payout) for payout in kept], by=by, at=at)
        record(
            action="payouts.batch_approved", by=by, at=at, subject=batch, reason=reason,
            data={"payouts": len(kept), "minor": sum(payout.amount_minor for payout in kept)},
        )  # fmt: skip
    return batch


def cancel_batch(*, batch_id: int, by: User, at: datetime, reason: str) -> Batch:
    """Cancel a batch before its export and post reserved money back to Available.

    Raises IllegalTransition once it is exported, InvalidInput without a reason.
    """
    reason = clean_reason(reason)
    with transaction.atomic():
        lock_ledger()
        batch = lock_batch(batch_id)
        change_state(batch, BatchState.CANCELLED, by=by, at=at, reason=reason)
        payouts = list(batch.payouts.select_for_update().order_by("pk"))
        reserved = [payout for payout in payouts if payout.state == PayoutState.IN_BATCH]
        for payout in payouts:
            if payout.state in (PayoutState.QUEUED, PayoutState.IN_BATCH):
                end_payout(payout, PayoutState.CANCELLED, by=by, at=at, reason=reason)
        if reserved:
            post_entries([build_rejection_entry(payout) for payout in reserved], by=by, at=at)
        record(action="payouts.batch_cancelled", by=by, at=at, subject=batch, reason=reason)
    return batch


def drop_blocked_payouts(batch: Batch, *, by: User, at: datetime) -> list[Payout]:
    """Check the payouts again just before export; fail the blocked ones and return the others.

    Posts the money of blocked payouts back to Available. Raises Conflict when no payout is left.
    """
    kept, refused = [], []
    for payout, block_reason in _check_payouts(batch, at, is_reserved=True):
        if block_reason:
            end_payout(payout, PayoutState.FAILED, by=by, at=at, reason=BlockReason(block_reason).stored_text)
            refused.append(payout)
        else:
            kept.append(payout)
    if not kept:
        raise Conflict(
            _("None of these payouts may go out any more. Cancel the batch and propose a new one."),
            code="nobody_payable",
        )
    if refused:
        post_entries([build_rejection_entry(payout) for payout in refused], by=by, at=at)
    return kept


def _check_payouts(batch: Batch, at: datetime, *, is_reserved: bool) -> list[tuple[Payout, str]]:
    """Lock the payouts that can still be left out; return each with its block reason, as of the commit."""
    keep_payout_holds()
    wanted = PayoutState.IN_BATCH if is_reserved else PayoutState.QUEUED
    payouts = list(batch.payouts.select_for_update().filter(state=wanted).order_by("pk"))
    return find_block_reasons(batch, payouts, at, is_reserved=is_reserved)


def find_block_reasons(
    batch: Batch, payouts: Sequence[Payout], at: datetime, *, is_reserved: bool
) -> list[tuple[Payout, str]]:
    """Return each payout with the reason not to pay it now, or "". ``is_reserved``: the batch is approved."""
    payees = [payout.payee_id for payout in payouts]
    accounts = {row.payee_id: row for row in PayoutAccount.objects.filter(payee_id__in=payees)}
    balances = get_available_balances(payees, batch.currency)
    holds = list_payout_holds(payees)
    result = []
    for payout in payouts:
        account = accounts.get(payout.payee_id)
        # Reserved money is no longer in the balance, so only the account is checked.
        on_hand = payout.amount_minor if is_reserved else balances.get(payout.payee_id, 0)
        block_reason = find_block_reason(
            account=account,
            hold=holds.get(payout.payee_id),
            available_minor=on_hand,
            minimum_minor=payout.amount_minor,
            at=at,
        )
        if not block_reason and account is not None and _has_account_changed(payout, account):
            block_reason = BlockReason.COOLING_OFF
        result.append((payout, block_reason))
    return result


def _has_account_changed(payout: Payout, account: PayoutAccount) -> bool:
    return (payout.legal_name, payout.country, payout.method, payout.iban_ending) != (
        account.legal_name, account.country, account.method, account.iban_ending,
    )  # fmt: skip


def get_available_balances(payee_ids: list[int], currency: str) -> dict[int, int]:
    """Return each payee's available balance in minor units; positive means that we owe it."""
    rows = AccountBalance.objects.filter(
        account__payee_id__in=payee_ids, account__currency=currency, account__name__endswith=":Available"
    ).values_list("account__payee_id", "balance_minor")
    return {payee_id: -balance for payee_id, balance in rows if payee_id is not None}


def _build_approval_entry(payout: Payout) -> EntryDraft:
    return EntryDraft(
        EntryKind.ITEM,
        f"item:{payout.pk}",
        f"Payout {payout.pk} in batch {payout.batch_id}",
        payout.currency,
        [
            (available_account(payout.payee_id), payout.amount_minor),
            (in_transit_account(payout.batch_id), -payout.amount_minor),
        ],
    )


def build_rejection_entry(payout: Payout) -> EntryDraft:
    return EntryDraft(
        EntryKind.REJECT,
        f"reject:{payout.pk}",
        f"Payout {payout.pk} did not go out",
        payout.currency,
        [
            (in_transit_account(payout.batch_id), payout.amount_minor),
            (available_account(payout.payee_id), -payout.amount_minor),
        ],
    )


def end_payout(payout: Payout, to: PayoutState, *, by: User, at: datetime, reason: str) -> None:
    payout.reason, payout.ended_at = reason, at
    change_state(payout, to, by=by, at=at, reason=reason, fields=("reason", "ended_at"))


def lock_batch(batch_id: int) -> Batch:
    """Return the batch, locked for the transaction; raises NotFound."""
    batch = Batch.objects.select_for_update().filter(pk=batch_id).first()
    if batch is None:
        raise NotFound(_("There is no such batch."), code="not_found")
    return batch

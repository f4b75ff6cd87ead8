"""Fetches a row and authorises the user in one call; raises NotFound for both missing and forbidden rows."""

from __future__ import annotations

from core.periods import Period
from payouts.models import AccountingPeriod, Batch, JournalEntry, Payout, PayoutAccount, RateCard, Statement
from workspaces.access import not_found
from workspaces.models import User


def _require_finance(user: User) -> None:
    if not user.has_perm("payouts.work_finance"):
        raise not_found()


def access_statement(user: User, statement_id: int) -> Statement:
    """Return the user's own statement, or anybody's for finance staff."""
    statement = Statement.objects.select_related("period", "payee").filter(pk=statement_id).first()
    if statement is None or not user.has_perm("payouts.read_statement", statement):
        raise not_found()
    return statement


def access_period(user: User, period: Period) -> AccountingPeriod:
    """Return the month's row, for finance staff."""
    _require_finance(user)
    row = AccountingPeriod.objects.select_related("rate_card").filter(month=str(period)).first()
    if row is None:
        raise not_found()
    return row


def access_batch(user: User, batch_id: int) -> Batch:
    _require_finance(user)
    batch = Batch.objects.select_related("created_by", "approved_by").filter(pk=batch_id).first()
    if batch is None:
        raise not_found()
    return batch


def access_payout(user: User, payout_id: int) -> Payout:
    _require_finance(user)
    payout = Payout.objects.select_related("batch", "payee").filter(pk=payout_id).first()
    if payout is None:
        raise not_found()
    return payout


def access_entry(user: User, entry_id: int) -> JournalEntry:
    _require_finance(user)
    entry = (
        JournalEntry.objects.select_related("period", "made_by", "reversal_of")
        .prefetch_related("postings__account")
        .filter(pk=entry_id)
        .first()
    )
    if entry is None:
        raise not_found()
    return entry


def access_rate_card(user: User, version: int) -> RateCard:
    _require_finance(user)
    card = RateCard.objects.prefetch_related("lines").filter(version=version).first()
    if card is None:
        raise not_found()
    return card


def access_payout_account(user: User, account_id: int) -> PayoutAccount:
    _require_finance(user)
    account = PayoutAccount.objects.select_related("payee").filter(pk=account_id).first()
    if account is None:
        raise not_found()
    return account


def access_payee(user: User, payee_id: int) -> User:
    _require_finance(user)
    payee = User.objects.filter(pk=payee_id).first()
    if payee is None:
        raise not_found()
    return payee

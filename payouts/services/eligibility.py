"""Whether a payee can be paid now, and if not, why. Checked at proposal, at approval and at export."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import TextChoices
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from payouts.models import AccountBalance, Payout, PayoutAccount
from payouts.services.payout_accounts import COOLING_OFF
from payouts.states import OPEN_PAYOUT_STATES
from reviews.queries import PayoutHold, list_payout_holds


class BlockReason(TextChoices):
    """Reasons not to pay, in the order of find_block_reason; list_candidates adds ON_ITS_WAY."""

    DECISION = "decision", _("On hold by a decision of moderation")
    NO_ACCOUNT = "no_account", _("No payout account")
    ON_HOLD = "on_hold", _("On hold")
    NOT_VERIFIED = "not_verified", _("Account not checked yet")
    COOLING_OFF = "cooling_off", _("Account changed less than 72 hours ago")
    BELOW_MINIMUM = "below_minimum", _("Below the smallest payout")
    ON_ITS_WAY = "on_its_way", _("A payout is on its way")

    @property
    def stored_text(self) -> str:
        """The label in English, as it is stored; pages translate it by ``translate_stored_text``."""
        with translation.override("en"):
            return str(self.label)


@dataclass(frozen=True)
class PayoutCandidate:
    """One payee with money available; ``block_reason`` is empty when they can be paid."""

    payee_id: int
    name: str
    available_minor: int
    account: PayoutAccount | None
    block_reason: str
    hold: PayoutHold | None = None

    @property
    def block_label(self) -> str:
        return str(BlockReason(self.block_reason).label) if self.block_reason else ""


def find_block_reason(
    *,
    account: PayoutAccount | None,
    hold: PayoutHold | None,
    available_minor: int,
    minimum_minor: int,
    at: datetime,
) -> str:
    """Return the first reason not to pay ``available_minor`` to the account now, or "".

    ``hold`` is the payee's decision in force, if any. ``minimum_minor`` is the rate card's; the payee's own
    minimum counts if it is higher.
    """
    if hold is not None:
        return BlockReason.DECISION
    if account is None:
        return BlockReason.NO_ACCOUNT
    if account.held_at is not None:
        return BlockReason.ON_HOLD
    if account.verified_at is None:
        return BlockReason.NOT_VERIFIED
    if at < account.changed_at + COOLING_OFF:
        return BlockReason.COOLING_OFF
    if available_minor <= 0 or available_minor < max(minimum_minor, account.minimum_minor):
        return BlockReason.BELOW_MINIMUM
    return ""


def list_candidates(*, currency: str, minimum_minor: int, at: datetime) -> list[PayoutCandidate]:
    """Return every payee with a positive available balance, payable or not, ordered by payee id."""
    balances = (
        AccountBalance.objects.filter(
            account__currency=currency, account__name__endswith=":Available", balance_minor__lt=0
        )
        .select_related("account__payee")
        .order_by("account__payee_id")
    )
    payees = {row.account.payee_id: row for row in balances if row.account.payee_id is not None}
    accounts = {row.payee_id: row for row in PayoutAccount.objects.filter(payee_id__in=payees)}
    holds = list_payout_holds(payees)
    payees_with_open_payout = set(
        Payout.objects.filter(
            payee_id__in=payees, currency=currency, state__in=OPEN_PAYOUT_STATES
        ).values_list("payee_id", flat=True)
    )
    found = []
    for payee_id, row in payees.items():
        account, hold = accounts.get(payee_id), holds.get(payee_id)
        block_reason = find_block_reason(
            account=account,
            hold=hold,
            available_minor=-row.balance_minor,
            minimum_minor=minimum_minor,
            at=at,
        )
        if payee_id in payees_with_open_payout and hold is None:
            block_reason = BlockReason.ON_ITS_WAY
        found.append(
            PayoutCandidate(payee_id, str(row.account.payee), -row.balance_minor, account, block_reason, hold)
        )
    return found

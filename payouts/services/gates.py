"""Whether a payee may be paid now, and if not, why: the same question at proposal, approval and export."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import TextChoices
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from payouts.models import AccountBalance, Payout, PayoutAccount
from payouts.services.payout_accounts import COOLING_OFF
from payouts.states import OPEN_PAYOUT_STATES


class Gate(TextChoices):
    """Reasons not to pay, in the order in which they are named."""

    NO_ACCOUNT = "no_account", _("No payout account")
    ON_HOLD = "on_hold", _("On hold")
    NOT_VERIFIED = "not_verified", _("Account not checked yet")
    COOLING_OFF = "cooling_off", _("Account changed less than 72 hours ago")
    BELOW_MINIMUM = "below_minimum", _("Below the smallest payout")
    ON_ITS_WAY = "on_its_way", _("A payout is on its way")

    @property
    def written(self) -> str:
        """The label as the books keep it: in English, whoever acts; readers get it through ``said``."""
        with translation.override("en"):
            return str(self.label)


@dataclass(frozen=True)
class Candidate:
    """One payee with money available; ``gate`` is empty when they can be paid."""

    payee_id: int
    name: str
    available_minor: int
    account: PayoutAccount | None
    gate: str

    @property
    def gate_label(self) -> str:
        return str(Gate(self.gate).label) if self.gate else ""


def gate_of(*, account: PayoutAccount | None, available_minor: int, minimum_minor: int, at: datetime) -> str:
    """Return the first reason not to pay this much now, empty for none. ``minimum_minor`` is the rail's."""
    if account is None:
        return Gate.NO_ACCOUNT
    if account.held_at is not None:
        return Gate.ON_HOLD
    if account.verified_at is None:
        return Gate.NOT_VERIFIED
    if at < account.changed_at + COOLING_OFF:
        return Gate.COOLING_OFF
    if available_minor <= 0 or available_minor < max(minimum_minor, account.minimum_minor):
        return Gate.BELOW_MINIMUM
    return ""


def candidates(*, currency: str, minimum_minor: int, at: datetime) -> list[Candidate]:
    """Return everybody with a positive available balance, payable or not, in order of payee. Four queries."""
    balances = (
        AccountBalance.objects.filter(
            account__currency=currency, account__name__endswith=":Available", balance_minor__lt=0
        )
        .select_related("account__payee")
        .order_by("account__payee_id")
    )
    payees = {row.account.payee_id: row for row in balances if row.account.payee_id is not None}
    accounts = {row.payee_id: row for row in PayoutAccount.objects.filter(payee_id__in=payees)}
    moving = set(
        Payout.objects.filter(
            payee_id__in=payees, currency=currency, state__in=OPEN_PAYOUT_STATES
        ).values_list("payee_id", flat=True)
    )
    found = []
    for payee_id, row in payees.items():
        account = accounts.get(payee_id)
        gate = gate_of(
            account=account, available_minor=-row.balance_minor, minimum_minor=minimum_minor, at=at
        )
        if payee_id in moving:
            gate = Gate.ON_ITS_WAY
        found.append(Candidate(payee_id, str(row.account.payee), -row.balance_minor, account, gate))
    return found

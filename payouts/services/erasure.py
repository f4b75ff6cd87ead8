"""Erases the payout account. Statements, ledger, payouts and bank files are books and stay."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from payouts.models import Payout, PayoutAccount
from payouts.states import OPEN_PAYOUT_STATES
from workspaces.erasure import ErasurePart
from workspaces.models import User


def erase_payout_account(user: User, at: datetime) -> int:
    return PayoutAccount.objects.filter(payee=user).delete()[0]


def find_open_payout(user: User) -> str:
    if Payout.objects.filter(payee=user, state__in=OPEN_PAYOUT_STATES).exists():
        return gettext("A payout to you is on its way. Delete your account when it has arrived or failed.")
    return ""


PART = ErasurePart(
    name="payouts",
    label=_("Payout account with its IBAN"),
    erase_person=erase_payout_account,
    find_obstacle=find_open_payout,
)

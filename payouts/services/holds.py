"""Payout holds: finance stops all payouts to one payee, and allows them again."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from core.audit import record
from core.errors import Conflict
from payouts.models import PayoutAccount
from payouts.services.payout_accounts import lock_payout_account
from payouts.services.transitions import clean_reason
from workspaces.models import User
from workspaces.services.notifications import notify


def hold_payouts(*, account_id: int, by: User, at: datetime, reason: str) -> PayoutAccount:
    """Stop payouts to the payee and notify them of the reason. Raises Conflict if held already."""
    with transaction.atomic():
        account = lock_payout_account(account_id)
        if account.held_at is not None:
            raise Conflict(_("Payouts to this person are on hold already."), code="hold_exists")
        account.held_at, account.hold_reason = at, clean_reason(reason)
        account.save(update_fields=["held_at", "hold_reason"])
        with translation.override(account.payee.language or settings.LANGUAGE_CODE):
            notify(
                user=account.payee, kind="payouts.held", title=gettext("Your payouts are on hold"),
                body=account.hold_reason, url="/earnings/", at=at,
            )  # fmt: skip
        record(
            action="payouts.payouts_held",
            by=by,
            at=at,
            subject=account,
            reason=account.hold_reason,
            data={"payee_id": account.payee_id},
        )
    return account


def release_hold(*, account_id: int, by: User, at: datetime, reason: str) -> PayoutAccount:
    """Allow payouts to the payee again. Raises Conflict if there is no hold."""
    with transaction.atomic():
        account = lock_payout_account(account_id)
        if account.held_at is None:
            raise Conflict(_("Payouts to this person are not on hold."), code="hold_missing")
        account.held_at, account.hold_reason = None, ""
        account.save(update_fields=["held_at", "hold_reason"])
        record(
            action="payouts.hold_released",
            by=by,
            at=at,
            subject=account,
            reason=clean_reason(reason),
            data={"payee_id": account.payee_id},
        )
    return account

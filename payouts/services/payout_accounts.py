"""Payout accounts: saving one, verifying it, and reading its IBAN."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from core.audit import record
from core.errors import Forbidden, InvalidInput, NotFound
from core.secrets import seal, unseal
from core.text import clean_line
from payouts.models import PayoutAccount
from payouts.services.iban import clean_iban
from payouts.states import PayoutMethod
from workspaces.models import User
from workspaces.services.security_notices import SecurityEvent, notify_security

# No payout to a changed account for this long, so that a stolen login does not get the month's money.
COOLING_OFF = timedelta(hours=72)
LEGAL_NAME_LENGTH = 70  # the limit of a SEPA payment
_PURPOSE = "payouts.iban"


def save_payout_account(
    *,
    payee: User,
    legal_name: str,
    country: str,
    method: str,
    iban: str,
    minimum_minor: int,
    by: User,
    at: datetime,
) -> PayoutAccount:
    """Set where ``payee`` is paid. Any change but of the minimum needs a new verification and 72 hours.

    An empty ``iban`` keeps the stored one. ``minimum_minor`` is the smallest payout the payee wants, in
    minor units. Locks the account, notifies the payee of a change, records one audit event. Raises
    InvalidInput.
    """
    legal_name = clean_line(legal_name, max_length=LEGAL_NAME_LENGTH, field="legal_name")
    if not re.fullmatch(r"[A-Z]{2}", country := country.strip().upper()):
        raise InvalidInput(_("Choose a country."), code="country_invalid", field="country")
    if method not in PayoutMethod.values:
        raise InvalidInput(_("Choose how to be paid."), code="method_unknown", field="method")
    if minimum_minor < 0:
        raise InvalidInput(
            _("Give an amount of zero or more."), code="minimum_invalid", field="minimum_minor"
        )
    with transaction.atomic():
        account = PayoutAccount.objects.select_for_update().filter(payee=payee).first()
        is_new = account is None
        account = account or PayoutAccount(payee=payee, changed_at=at)
        before = (account.legal_name, account.country, account.method, _stored_iban(account))
        _set_iban(account, payee, method, iban)
        account.legal_name, account.country, account.method = legal_name, country, method
        account.minimum_minor = minimum_minor
        is_changed = is_new or before != (legal_name, country, method, _stored_iban(account))
        if is_changed:
            account.changed_at, account.verified_at, account.verified_by = at, None, None
        account.save()
        if is_changed:
            notify_security(user=payee, event=SecurityEvent.PAYOUT_ACCOUNT_CHANGED, at=at)
        record(
            action="payouts.payout_account_saved", by=by, at=at, subject=account,
            data={"payee_id": payee.pk, "needs_check": is_changed, "method": str(method)},
        )  # fmt: skip
    return account


def _set_iban(account: PayoutAccount, payee: User, method: str, iban: str) -> None:
    if method == PayoutMethod.MANUAL:
        account.sealed_iban = account.iban_ending = ""
    elif iban.strip():
        number = clean_iban(iban)
        if number != _stored_iban(account):
            account.sealed_iban = seal(number, purpose=_PURPOSE, tenant="payee", row=str(payee.pk))
            account.iban_ending = number[-4:]
    elif not account.sealed_iban:
        raise InvalidInput(_("Fill in the IBAN."), code="required", field="iban")


def _stored_iban(account: PayoutAccount) -> str:
    return unseal_iban(account) if account.sealed_iban else ""


def unseal_iban(account: PayoutAccount) -> str:
    """Return the IBAN in clear text. Only bank files may contain it."""
    return unseal(account.sealed_iban, purpose=_PURPOSE, tenant="payee", row=str(account.payee_id))


def verify_payout_account(*, account_id: int, by: User, at: datetime) -> PayoutAccount:
    """Mark the account as verified by finance. Idempotent. Raises Forbidden when ``by`` is its payee."""
    with transaction.atomic():
        account = lock_payout_account(account_id)
        if account.payee_id == by.pk:
            raise Forbidden(_("Somebody else of finance has to check your own account."), code="four_eyes")
        if account.verified_at is None:
            account.verified_at, account.verified_by = at, by
            account.save(update_fields=["verified_at", "verified_by"])
            record(
                action="payouts.payout_account_verified",
                by=by,
                at=at,
                subject=account,
                data={"payee_id": account.payee_id},
            )
    return account


def lock_payout_account(account_id: int) -> PayoutAccount:
    """Return the account with its payee, locked for the transaction; raises NotFound."""
    account = (
        PayoutAccount.objects.select_for_update(of=("self",))
        .select_related("payee")
        .filter(pk=account_id)
        .first()
    )
    if account is None:
        raise NotFound(_("There is no such payout account."), code="not_found")
    return account

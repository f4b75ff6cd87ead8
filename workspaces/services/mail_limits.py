"""How many mails one person, workspace or client address may cause; settable by the operator."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from core.rate_limits import Limit, require_within

# Tries at one mailed code, whatever the session: a code has a million million values.
CODE_TRIES = Limit("email-code", 20, 3600)
_HOUR = 3600
_DAY = 24 * _HOUR


def require_invitation_within_limits(*, person_id: int, workspace_id: int, email: str, at: datetime) -> None:
    """Count an invitation by person, workspace and invited address. Raises RateLimited."""
    message = _("Too many invitations at once. Wait a little; those that were sent are on their way.")
    for name, count, seconds, key in (
        ("invitations-person", settings.INVITATIONS_PER_PERSON_HOUR, _HOUR, person_id),
        ("invitations-workspace", settings.INVITATIONS_PER_WORKSPACE_DAY, _DAY, workspace_id),
        ("invitations-address", settings.MAILS_PER_ADDRESS_HOUR, _HOUR, email.lower()),
    ):
        require_within(Limit(name, count, seconds), key, at=at, message=message)


def require_account_mail_within_limits(*, email: str, address: str, at: datetime) -> None:
    """Count a mail that a visitor causes (a reset link, a code): by recipient and by client address."""
    message = _("Too many mails were asked for. Look into your mailbox, or try again later.")
    for name, count, seconds, key in (
        ("account-mails-address", settings.MAILS_PER_ADDRESS_HOUR, _HOUR, email.lower()),
        ("account-mails-client", settings.MAILS_PER_CLIENT_HOUR, _HOUR, address),
    ):
        require_within(Limit(name, count, seconds), key, at=at, message=message)

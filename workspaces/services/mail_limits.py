"""How many mails one person, workspace or client address may cause; settable by the operator."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.utils.translation import gettext_lazy as _

from core.instance_settings import get_setting
from core.rate_limits import Limit, count_try, find_spent, require_within, take_back_try

# Tries at one mailed code, whatever the session: a code has a million million values.
CODE_TRIES = Limit("email-code", 20, 3600)
_HOUR = 3600
_DAY = 24 * _HOUR


def require_invitation_within_limits(*, person_id: int, workspace_id: int, email: str, at: datetime) -> None:
    """Count an invitation by person, workspace and invited address. Raises RateLimited."""
    message = _("Too many invitations at once. Wait a little; those that were sent are on their way.")
    for name, count, seconds, key in (
        ("invitations-person", get_setting("invitations_per_person_hour"), _HOUR, person_id),
        ("invitations-workspace", get_setting("invitations_per_workspace_day"), _DAY, workspace_id),
        ("invitations-address", get_setting("mails_per_address_hour"), _HOUR, email.lower()),
    ):
        require_within(Limit(name, count, seconds), key, at=at, message=message)


def find_addresses_at_limit(emails: Iterable[str], *, at: datetime) -> set[str]:
    """Return the addresses, in small letters, that get no more invitations in this hour. Counts nothing."""
    return find_spent(_get_address_limit(), emails, at=at)


def count_imported_mail(*, workspace_id: int, email: str, at: datetime) -> str:
    """Count the mail of an imported invitation; return "workspace" or "address" over a limit, uncounted."""
    by_workspace = Limit("invitations-workspace", get_setting("invitations_per_workspace_day"), _DAY)
    if not _count_within(by_workspace, workspace_id, at=at):
        return "workspace"
    if not _count_within(_get_address_limit(), email.lower(), at=at):
        take_back_try(by_workspace, workspace_id, at=at)
        return "address"
    return ""


def _get_address_limit() -> Limit:
    return Limit("invitations-address", get_setting("mails_per_address_hour"), _HOUR)


def _count_within(limit: Limit, key: object, *, at: datetime) -> bool:
    if count_try(limit, key, at=at) <= limit.count:
        return True
    take_back_try(limit, key, at=at)
    return False


def require_account_mail_within_limits(*, email: str, address: str, at: datetime) -> None:
    """Count a mail that a visitor causes (a reset link, a code): by recipient and by client address."""
    message = _("Too many mails were asked for. Look into your mailbox, or try again later.")
    for name, count, seconds, key in (
        ("account-mails-address", get_setting("mails_per_address_hour"), _HOUR, email.lower()),
        ("account-mails-client", get_setting("mails_per_client_hour"), _HOUR, address),
    ):
        require_within(Limit(name, count, seconds), key, at=at, message=message)

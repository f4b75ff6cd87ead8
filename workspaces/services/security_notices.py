"""Tells a person, on the page and by mail, of a change that a thief of their session would make."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import TextChoices
from django.utils import translation
from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _

from core.links import absolute_url
from workspaces.mail_text import MailText
from workspaces.models import User
from workspaces.services.mails import enqueue_mail
from workspaces.services.notifications import notify

# A thief who changes the address first must not be the only one who hears of the rest.
FORMER_ADDRESS_TOLD = timedelta(days=30)


class SecurityEvent(TextChoices):
    API_KEY_CREATED = "api_key_created"
    API_KEY_REVOKED = "api_key_revoked"
    EMAIL_ADDED = "email_added"
    EMAIL_CHANGED = "email_changed"
    PASSWORD_CHANGED = "password_changed"  # noqa: S105 - the name of an event
    PASSWORD_GUESSED = "password_guessed"  # noqa: S105 - the name of an event
    PAYOUT_ACCOUNT_CHANGED = "payout_account_changed"
    DATA_EXPORTED = "data_exported"
    OWNER_ADDED = "owner_added"
    IDENTITY_LINKED = "identity_linked"
    EMERGENCY_SIGN_IN = "emergency_sign_in"
    WORKSPACE_DELETED = "workspace_deleted"
    WORKSPACE_DELETION_PLANNED = "workspace_deletion_planned"
    WORKSPACE_DELETION_CANCELLED = "workspace_deletion_cancelled"
    ACCOUNT_DELETED = "account_deleted"


@dataclass(frozen=True)
class _Text:
    title: str
    body: str
    url: str


_SECURITY = "/settings/security/"
_TEXTS = {
    SecurityEvent.API_KEY_CREATED: _Text(
        _("An API key was made for your account"),
        _("It acts as you until you revoke it. If this was not you, revoke it and change your password."),
        "/settings/api-keys/",
    ),
    SecurityEvent.API_KEY_REVOKED: _Text(
        _("An admin revoked one of your API keys"),
        _("Programs that use it get no answer any more. Ask an admin of that workspace why."),
        "/settings/api-keys/",
    ),
    SecurityEvent.EMAIL_ADDED: _Text(
        _("An e-mail address was added to your account"),
        _("If this was not you, remove it and change your password."),
        "/accounts/email/",
    ),
    SecurityEvent.EMAIL_CHANGED: _Text(
        _("The e-mail address of your account was changed"),
        _("Mails now go to another address. If this was not you, tell the operator at once."),
        "/accounts/email/",
    ),
    SecurityEvent.PASSWORD_CHANGED: _Text(
        _("Your password was changed"),
        _("You are signed out everywhere else. If this was not you, reset your password at once."),
        _SECURITY,
    ),
    SecurityEvent.PASSWORD_GUESSED: _Text(
        _("Somebody tried many passwords for your account"),
        _(
            "They were wrong and are slowed down; you can sign in as always. Two-factor sign-in protects the"
            " account even if a guess is right."
        ),
        _SECURITY,
    ),
    SecurityEvent.PAYOUT_ACCOUNT_CHANGED: _Text(
        _("Your payout account was changed"),
        _("Finance checks it, and nothing is paid to it for 72 hours. If this was not you, tell us at once."),
        "/earnings/account",
    ),
    SecurityEvent.DATA_EXPORTED: _Text(
        _("The data of your account was downloaded"),
        _("If this was not you, change your password and end the other sessions."),
        _SECURITY,
    ),
    SecurityEvent.OWNER_ADDED: _Text(
        _("A workspace of yours has another owner"),
        _("Owners can do everything there, also delete it. If this is not right, change the role back."),
        "/settings/notifications/",
    ),
    SecurityEvent.EMERGENCY_SIGN_IN: _Text(
        _("An owner signed in without your company’s identity provider"),
        _("That way in is for emergencies. If nobody expected it, end the session and change the password."),
        "/settings/notifications/",
    ),
    SecurityEvent.IDENTITY_LINKED: _Text(
        _("You can sign in by your company’s identity provider"),
        _("Your account is connected with it now. If this is not right, tell an admin of the company."),
        _SECURITY,
    ),
    SecurityEvent.WORKSPACE_DELETED: _Text(
        _("A workspace of yours was deleted"),
        _("Its GPTs, files and chats are being erased. If this was not you, tell the operator at once."),
        "/settings/notifications/",
    ),
    SecurityEvent.WORKSPACE_DELETION_PLANNED: _Text(
        _("A workspace of yours is going to be deleted"),
        _("It is read only until then, and an owner can cancel the deletion in its settings."),
        "/settings/notifications/",
    ),
    SecurityEvent.WORKSPACE_DELETION_CANCELLED: _Text(
        _("A workspace of yours stays: its deletion was cancelled"),
        _("It is read only until an owner opens it again in its settings."),
        "/settings/notifications/",
    ),
    SecurityEvent.ACCOUNT_DELETED: _Text(
        _("Your account was deleted"),
        _("What you made here is being erased. If this was not you, tell the operator at once."),
        "",
    ),
}


def get_security_messages(event: SecurityEvent) -> tuple[str, str]:
    """Return the title and the text of an event, in English, to be translated."""
    return _TEXTS[event].title, _TEXTS[event].body


def notify_security(
    *,
    user: User,
    event: SecurityEvent,
    at: datetime,
    detail: str = "",
    addresses: Collection[str] | None = None,
    is_mailed: bool = True,
) -> None:
    """Notify ``user`` in their language; mail ``addresses`` after the commit.

    Without ``addresses``: that of the account, and for 30 days after a change the former one too. ``detail``
    names the thing, such as a key. ``is_mailed`` is False where allauth sends a mail of its own.
    """
    text = _TEXTS[event]
    with translation.override(user.language or settings.LANGUAGE_CODE):
        title, body = gettext(text.title), gettext(text.body)
        notified = f"{detail}\n\n{body}" if detail else body
        notify(user=user, kind=f"security.{event}", title=title, body=notified, url=text.url, at=at)
        if not is_mailed:
            return
        link = absolute_url(text.url) if text.url else ""
        mail = MailText(title, (detail, body) if detail else (body,), link=link, label=gettext("Look at it"))
        for address in sorted(_list_addresses(user, at) if addresses is None else set(addresses)):
            enqueue_mail(to=address, text=mail)


def _list_addresses(user: User, at: datetime) -> set[str]:
    addresses = {user.email}
    if user.former_email and user.email_changed_at and at - user.email_changed_at < FORMER_ADDRESS_TOLD:
        addresses.add(user.former_email)
    return addresses

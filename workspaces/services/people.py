"""What operators do with accounts: suspend and restore them, end sessions, send the way to a new code."""

from __future__ import annotations

from datetime import datetime

from allauth.account.models import EmailAddress
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from core.audit import record
from core.errors import Conflict
from core.links import absolute_url
from core.text import clean_line
from workspaces.mail_text import MailText
from workspaces.models import Erasure, User
from workspaces.services.leaving import deactivate_user
from workspaces.services.mail_limits import require_account_mail_within_limits
from workspaces.services.mails import enqueue_mail
from workspaces.services.staff import has_other_operator, is_operator_account, lock_operator_roles

REASON_LENGTH = 300


def suspend_person(*, user: User, reason: str, by: User, at: datetime) -> None:
    """Close an account until it is restored, end its sessions, and mail the person the reason. Audited.

    API keys and open answers end with it. Idempotent. Raises InvalidInput without a reason, and Conflict for
    oneself (``own_account``), the last operator (``last_operator``) and a deleted account.
    """
    reason = clean_reason(reason)
    if user.pk == by.pk:
        raise Conflict(_("You cannot suspend your own account."), code="own_account")
    with transaction.atomic():
        _require_not_deleted(user)
        lock_operator_roles()
        if is_operator_account(user) and not has_other_operator(user):
            raise Conflict(
                _("This is the only operator. Make somebody else one first."), code="last_operator"
            )
        was_active = user.is_active
        deactivate_user(user=user, by=by, at=at, reason=reason)
        _end_sessions(user)
        if was_active:
            _mail(user, _get_suspension_mail(user, reason))


def restore_person(*, user: User, reason: str, by: User, at: datetime) -> None:
    """Open a suspended account again and tell the person. Idempotent. Audited.

    Raises InvalidInput without a reason, and Conflict for a deleted account.
    """
    reason = clean_reason(reason)
    with transaction.atomic():
        _require_not_deleted(user)
        if not User.objects.filter(pk=user.pk, is_active=False).update(is_active=True):
            return
        user.is_active = True
        with translation.override(user.language or settings.LANGUAGE_CODE):
            text = MailText(
                gettext("Your account is open again"),
                (gettext("The operator has ended its suspension. You can sign in as before."),),
                link=absolute_url("/accounts/login/"),
                label=gettext("Sign in"),
            )
        _mail(user, text)
        record(action="workspaces.user_restored", by=by, at=at, subject=user, reason=reason)


def end_sessions(*, user: User, by: User, at: datetime) -> int:
    """Sign a person out everywhere; return how many sessions ended. Their API keys stay. Audited."""
    with transaction.atomic():
        count = _end_sessions(user)
        record(action="workspaces.sessions_ended", by=by, at=at, subject=user, data={"sessions": count})
    return count


def send_confirmation_reminder(*, user: User, by: User, at: datetime) -> None:
    """Mail a person with an unconfirmed address the way to a new code, which sign-in sends. Audited.

    Raises Conflict when the address is confirmed or the account closed, and RateLimited after many mails.
    """
    if not user.is_active:
        raise Conflict(_("This account is closed."), code="account_closed")
    if EmailAddress.objects.filter(user=user, email__iexact=user.email, verified=True).exists():
        raise Conflict(_("This address is confirmed already."), code="already_confirmed")
    require_account_mail_within_limits(email=user.email, address=f"operator {by.pk}", at=at)
    with transaction.atomic():
        with translation.override(user.language or settings.LANGUAGE_CODE):
            text = MailText(
                gettext("Confirm your e-mail address"),
                (gettext("Sign in with this address and your password: a new code is then sent to it."),),
                link=absolute_url("/accounts/login/"),
                label=gettext("Sign in"),
                remarks=(gettext("If you did not make this account, ignore this mail."),),
            )
        _mail(user, text)
        record(action="workspaces.confirmation_mailed", by=by, at=at, subject=user)


def clean_reason(reason: str) -> str:
    """Return the reason of an act of staff; raises InvalidInput for none."""
    return clean_line(reason, max_length=REASON_LENGTH, field="reason")


def _require_not_deleted(user: User) -> None:
    if Erasure.objects.filter(user=user).exists():
        raise Conflict(_("This account was deleted."), code="account_deleted")


def _end_sessions(user: User) -> int:
    sessions = list(UserSession.objects.filter(user=user))
    for session in sessions:
        session.end()
    return len(sessions)


def _get_suspension_mail(user: User, reason: str) -> MailText:
    with translation.override(user.language or settings.LANGUAGE_CODE):
        return MailText(
            gettext("Your account was suspended"),
            (
                gettext("The operator of this instance has closed your account for now, for this reason:"),
                reason,
                gettext("You cannot sign in, and your API keys do not work. What you made here is kept."),
            ),
        )


def _mail(user: User, text: MailText) -> None:
    with translation.override(user.language or settings.LANGUAGE_CODE):
        enqueue_mail(to=user.email, text=text)

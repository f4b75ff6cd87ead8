"""The words of the mails about accounts that allauth sends: one entry for each of its templates."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from core.instance_settings import get_setting
from core.links import absolute_url
from core.look.formats import minute_format
from workspaces.mail_text import MailText

Context = Mapping[str, Any]


def build_account_mail(prefix: str, context: Context) -> MailText:
    """Return the words of the mail that allauth calls ``prefix``, such as "account/email/login_code".

    ``context`` is allauth's. Raises KeyError for a mail that has no words here.
    """
    return _BUILDERS[prefix](context)


def _name() -> dict[str, str]:
    return {"name": get_setting("instance_name")}


def _get_provider(context: Context) -> dict[str, str]:
    return {"provider": str(context["provider"])}


def _format_time(moment: datetime) -> str:
    """Return ``moment`` in the person's time zone, with its name: a mail is read anywhere."""
    local = timezone.localtime(moment)
    return f"{date_format(local, minute_format())} ({local:%Z})"


def _ignore() -> str:
    return _("If it was not you, do nothing: without the code or the link nobody gets any further.")


def _confirm_address(context: Context) -> MailText:
    code = str(context.get("code") or "")
    if code:
        return MailText(
            _("Your code for %(name)s") % _name(),
            (_("Enter this code in the window where you left off. It is valid for a few minutes."),),
            code=code,
            remarks=(_ignore(),),
        )
    return MailText(
        _("Confirm your e-mail address for %(name)s") % _name(),
        (_("Open this link to confirm that this address is yours."),),
        link=str(context.get("activate_url", "")),
        label=_("Confirm the address"),
        remarks=(_ignore(),),
    )


def _sign_up(context: Context) -> MailText:
    words = _confirm_address(context)
    return MailText(
        _("Welcome to %(name)s") % _name(),
        (_("You are one step from your account."), *words.paragraphs),
        words.code,
        words.link,
        words.label,
        words.remarks,
    )


def _account_exists(context: Context) -> MailText:
    return MailText(
        _("You already have an account at %(name)s") % _name(),
        (
            _("Somebody wanted to make an account with the address %(email)s, but it has one already.")
            % {"email": context["email"]},
            _("If it was you, sign in. If you do not know the password any more, choose a new one here:"),
        ),
        link=str(context.get("password_reset_url") or absolute_url(reverse("account_reset_password"))),
        label=_("Choose a new password"),
        remarks=(_("If it was not you, do nothing: your account stays as it is."),),
    )


def _unknown_account(context: Context) -> MailText:
    return MailText(
        _("There is no account with this address at %(name)s") % _name(),
        (
            _("Somebody wanted to sign in with the address %(email)s. There is no account with it.")
            % {"email": context["email"]},
            _("If it was you, you may have used another address, or you can make an account here:"),
        ),
        link=str(context.get("signup_url") or absolute_url(reverse("account_signup"))),
        label=_("Make an account"),
        remarks=(_("If it was not you, do nothing."),),
    )


def _sign_in_code(context: Context) -> MailText:
    return MailText(
        _("Your code to sign in to %(name)s") % _name(),
        (_("Enter this code in the window where you left off. It is valid for a few minutes."),),
        code=str(context["code"]),
        remarks=(_ignore(), _("Nobody of us will ever ask you for this code.")),
    )


def _reset_code(context: Context) -> MailText:
    return MailText(
        _("Your code for a new password at %(name)s") % _name(),
        (_("Enter this code in the window where you left off. It is valid for a few minutes."),),
        code=str(context["code"]),
        remarks=(_ignore(), _("Nobody of us will ever ask you for this code.")),
    )


def build_reset_mail(link: str) -> MailText:
    return MailText(
        _("Choose a new password for %(name)s") % _name(),
        (_("Somebody asked to reset the password of your account. This link works once."),),
        link=link,
        label=_("Choose a new password"),
        remarks=(_("If it was not you, do nothing: your password stays as it is."),),
    )


def build_unknown_reset_mail(email: str, link: str) -> MailText:
    return MailText(
        _("There is no account with this address at %(name)s") % _name(),
        (
            _("Somebody asked to reset the password of an account with the address %(email)s. There is none.")
            % {"email": email},
            _("If it was you, you may have used another address, or you can make an account here:"),
        ),
        link=link,
        label=_("Make an account"),
        remarks=(_("If it was not you, do nothing."),),
    )


def _changed(subject: Callable[[], str], text: Callable[[Context], str]) -> Callable[[Context], MailText]:
    """Return the builder of a mail: what was changed, from where, and what to do if it was not you."""

    def build(context: Context) -> MailText:
        found = {
            "time": _format_time(context["timestamp"]),
            "address": context.get("ip") or "–",
            "browser": str(context.get("user_agent") or "–")[:200],
        }
        return MailText(
            subject(),
            (
                text(context),
                _("When: %(time)s\nFrom: %(address)s\nBrowser: %(browser)s") % found,
            ),
            link=absolute_url(reverse("workspaces:settings-security")),
            label=_("Look at the security of your account"),
            remarks=(_("If it was not you, choose a new password at once and end the other sessions."),),
        )

    return build


_BUILDERS: dict[str, Callable[[Context], MailText]] = {
    "account/email/email_confirmation": _confirm_address,
    "account/email/email_confirmation_signup": _sign_up,
    "account/email/account_already_exists": _account_exists,
    "account/email/unknown_account": _unknown_account,
    "account/email/login_code": _sign_in_code,
    "account/email/password_reset_code": _reset_code,
    "account/email/password_reset_key": lambda context: build_reset_mail(str(context["password_reset_url"])),
    "account/email/email_changed": _changed(
        lambda: _("Your e-mail address was changed"),
        lambda context: (
            _("The address of your account is %(to)s now; it was %(from)s.")
            % {"to": context["to_email"], "from": context["from_email"]}
        ),
    ),
    "account/email/email_confirm": _changed(
        lambda: _("Your e-mail address is confirmed"),
        lambda context: _("You can use it to sign in, and we send mails to it."),
    ),
    "account/email/email_deleted": _changed(
        lambda: _("An e-mail address was removed"),
        lambda context: (
            _("The address %(email)s does not belong to your account any more.")
            % {"email": context["deleted_email"]}
        ),
    ),
    "account/email/password_changed": _changed(
        lambda: _("Your password was changed"),
        lambda context: _("You sign in with the new one from now on."),
    ),
    "account/email/password_reset": _changed(
        lambda: _("Your password was reset"),
        lambda context: _("You sign in with the new one from now on."),
    ),
    "account/email/password_set": _changed(
        lambda: _("Your account has a password now"),
        lambda context: _("You can sign in with it from now on."),
    ),
    "mfa/email/recovery_codes_generated": _changed(
        lambda: _("You have new recovery codes"),
        lambda context: _("The former ones are not valid any more."),
    ),
    "mfa/email/totp_activated": _changed(
        lambda: _("Two-factor sign-in is on"),
        lambda context: _("Signing in asks for a code of your authenticator app from now on."),
    ),
    "mfa/email/totp_deactivated": _changed(
        lambda: _("The authenticator app was removed"),
        lambda context: _("Signing in does not ask for its codes any more."),
    ),
    "mfa/email/webauthn_added": _changed(
        lambda: _("A passkey was added"),
        lambda context: _("You can sign in with it from now on."),
    ),
    "mfa/email/webauthn_removed": _changed(
        lambda: _("A passkey was removed"),
        lambda context: _("Nobody can sign in with it any more."),
    ),
    "socialaccount/email/account_connected": _changed(
        lambda: _("Another account was linked to yours"),
        lambda context: (
            _("You can sign in with %(provider)s from now on.") % {"provider": context["provider"]}
        ),
    ),
    "socialaccount/email/account_disconnected": _changed(
        lambda: _("An account was unlinked from yours"),
        lambda context: (
            _("Nobody can sign in with %(provider)s any more.") % {"provider": context["provider"]}
        ),
    ),
}
ACCOUNT_MAILS = frozenset(_BUILDERS)

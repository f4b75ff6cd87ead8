"""Adapters that connect allauth to our accounts: names, language, links, addresses, workspaces."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.auth_backends import AuthenticationBackend
from allauth.account.internal.flows.login import get_authentication_records
from allauth.account.internal.flows.reauthentication import get_reauthentication_flows
from allauth.core import context as allauth_context
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialLogin
from django import forms
from django.conf import settings
from django.contrib.auth import authenticate
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone, translation
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from core.connections import release_connection
from core.errors import Forbidden, InvalidInput, RateLimited
from core.instance_settings import SignUp, get_setting
from core.links import get_site_host, get_site_name
from workspaces.account_mails import build_account_mail
from workspaces.models import User
from workspaces.queries import get_user_roles, list_passkey_names
from workspaces.services.mail_limits import require_account_mail_within_limits
from workspaces.services.mails import enqueue_mail
from workspaces.services.passwords import forget_guesses, is_own_password, limited_guess
from workspaces.services.sign_up import is_open_to_address
from workspaces.services.users import NAME_LENGTH, clean_display_name, complete_account
from workspaces.web.asked_question import find_question, get_question_url
from workspaces.web.client_address import get_client_address, get_client_network

# Stands for clients without an address (a Unix socket): they share their limits.
UNKNOWN_ADDRESS = "0.0.0.0"  # noqa: S104 - nothing listens there


def user_display(user: User) -> str:
    return str(user)


def require_recent_sign_in(request: HttpRequest) -> None:
    """Raise Forbidden unless the person signed in within the time that a password prompt would be valid."""
    assert isinstance(request.user, User)
    records = get_authentication_records(request, request.user)
    limit = timezone.now() - timedelta(seconds=settings.ACCOUNT_REAUTHENTICATION_TIMEOUT)
    if not any(record.get("at", 0) > limit.timestamp() for record in records):
        raise Forbidden(
            _("Sign out and in again, then repeat this within 15 minutes. Your account has no password."),
            code="sign_in_again",
        )


_ASKED_FOR_BY_VISITORS = frozenset(
    f"account/email/{name}"
    for name in (
        "email_confirmation",
        "email_confirmation_signup",
        "account_already_exists",
        "unknown_account",
    )
)


# The next page says the same: who is signed in, or where a code was sent.
_SAID_BY_THE_PAGE = frozenset(
    f"account/messages/{name}.txt"
    for name in ("logged_in", "logged_out", "email_confirmation_sent", "login_code_sent")
)


class AccountAdapter(DefaultAccountAdapter):
    """Accounts created by signing up here. Nothing is taken from the Host header."""

    def get_client_ip(self, request: HttpRequest) -> str:
        """Return the address for sign-in limits, sessions and notices; allauth groups IPv6 by its /64."""
        return get_client_address(request) or UNKNOWN_ADDRESS

    def is_safe_url(self, url: str) -> bool:
        return bool(url_has_allowed_host_and_scheme(url, allowed_hosts={get_site_host()}))

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return bool(get_setting("sign_up") != SignUp.CLOSED)

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        """Return where to go after sign-in when no page was named.

        To a question that was asked before, as resetting a password loses the way to it; else to the store of
        the person's only company.
        """
        question = find_question(request, at=timezone.now())
        if question:
            return get_question_url(question)
        home = get_user_roles(request.user).only_company
        return f"/w/{home.slug}/" if home else str(super().get_login_redirect_url(request))

    def get_signup_redirect_url(self, request: HttpRequest) -> str:
        question = find_question(request, at=timezone.now())
        return get_question_url(question) if question else str(super().get_signup_redirect_url(request))

    def add_message(
        self,
        request: HttpRequest,
        level: int,
        message_template: str | None = None,
        *args: Any,
        **options: Any,
    ) -> None:
        if message_template not in _SAID_BY_THE_PAGE:
            super().add_message(request, level, message_template, *args, **options)

    def save_user(self, request: HttpRequest, user: User, form: Any, commit: bool = True) -> User:
        user.display_name = form.cleaned_data.get("display_name") or user.display_name
        user.language = translation.get_language() if _is_supported(translation.get_language()) else ""
        saved: User = super().save_user(request, user, form, commit=commit)
        return saved

    def authenticate(self, request: HttpRequest, **credentials: Any) -> User | None:
        """Check e-mail address and password under our limits, in place of allauth's lock of the account."""
        address, now = get_client_network(request), timezone.now()
        try:
            with limited_guess(email=str(credentials.get("email", "")), address=address, at=now) as guess:
                AuthenticationBackend.unstash_authenticated_user()
                user = authenticate(request, **credentials)
                # Inactive people with the right password are told so by the next step of allauth.
                user = user or AuthenticationBackend.unstash_authenticated_user()
                guess.is_right = user is not None
        except RateLimited as error:
            raise forms.ValidationError(error.message, code=error.code) from error
        return user if isinstance(user, User) else None

    def reauthenticate(self, user: Any, password: str) -> bool:
        """Ask for the password again; the same limits as at sign-in."""
        address = get_client_network(allauth_context.request)
        try:
            return is_own_password(user=user, password=password, address=address, at=timezone.now())
        except RateLimited as error:
            raise forms.ValidationError(error.message, code=error.code) from error

    def _delete_login_attempts_cached_email(self, request: HttpRequest, **credentials: Any) -> None:
        forget_guesses(
            email=str(credentials.get("email", "")), address=get_client_network(request), at=timezone.now()
        )

    def is_reauthentication_required(self, *, app: str, **options: Any) -> bool:
        """Always; people who have nothing to enter again must have signed in a short time ago."""
        request = allauth_context.request
        if not get_reauthentication_flows(request.user):
            require_recent_sign_in(request)
        return True

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Send the mail by a job, in our own words. Raises RateLimited for too many codes and links."""
        request = allauth_context.request
        if template_prefix in _ASKED_FOR_BY_VISITORS:
            require_account_mail_within_limits(
                email=email, address=get_client_network(request), at=timezone.now()
            )
        text = build_account_mail(template_prefix, {"email": email} | context)
        enqueue_mail(to=email, text=text)


class MFAAdapter(DefaultMFAAdapter):
    """Passkeys belong to the host of BASE_URL; errors call two-factor sign-in by its one name."""

    error_messages = DefaultMFAAdapter.error_messages | {
        "add_email_blocked": _("While two-factor sign-in is on, no e-mail address can be added."),
        "cannot_delete_authenticator": _("Two-factor sign-in cannot be turned off for this account."),
        "cannot_generate_recovery_codes": _("Recovery codes come with two-factor sign-in: turn it on first."),
        "unverified_email": _("Confirm your e-mail address first, then turn two-factor sign-in on."),
    }

    def generate_authenticator_name(self, user: Any, type: str) -> str:  # noqa: A002 - allauth's name
        """Return a name for a new passkey that no other of the person has; they may change it."""
        names = set(list_passkey_names(user))
        name, number = gettext("Passkey"), 1
        while name in names:
            number += 1
            name = gettext("Passkey %(number)d") % {"number": number}
        return name

    def get_totp_issuer(self) -> str:
        return str(get_setting("instance_name"))

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        return {"id": get_site_name(), "name": get_setting("instance_name")}


class SocialAccountAdapter(DefaultSocialAccountAdapter):
    """Accounts created by social sign-in; matched by the provider's subject, never by e-mail address."""

    def is_open_for_signup(self, request: HttpRequest, sociallogin: SocialLogin) -> bool:
        if get_setting("sign_up") == SignUp.CLOSED:
            return False
        # Without an address the sign-up form asks for one, and checks it.
        email = sociallogin.user.email
        return not email or is_open_to_address(email)

    def populate_user(self, request: HttpRequest, sociallogin: SocialLogin, data: dict[str, Any]) -> User:
        user: User = super().populate_user(request, sociallogin, data)
        user.email = user.email.lower()
        parts = [str(data.get(part) or "") for part in ("first_name", "last_name")]
        name = str(data.get("name") or "") or " ".join(part for part in parts if part)
        address = user.email.partition("@")[0]
        user.display_name = _clean_name(name) or _clean_name(address) or str(_("New person"))
        return user

    def get_signup_form_initial_data(self, sociallogin: SocialLogin) -> dict[str, Any]:
        initial: dict[str, Any] = super().get_signup_form_initial_data(sociallogin)
        return initial | {"display_name": sociallogin.user.display_name}

    def get_requests_session(self) -> Any:
        """Return the client for a sign-in server, without holding a database connection while it answers."""
        release_connection("sign-in")
        return super().get_requests_session()

    @transaction.atomic
    def save_user(self, request: HttpRequest, sociallogin: SocialLogin, form: Any = None) -> User:
        user: User = super().save_user(request, sociallogin, form)
        complete_account(user=user, at=timezone.now())
        return user


def _clean_name(name: str) -> str:
    try:
        return clean_display_name(name[:NAME_LENGTH])
    except InvalidInput:
        return ""


def _is_supported(language: str | None) -> bool:
    return language in dict(settings.LANGUAGES)

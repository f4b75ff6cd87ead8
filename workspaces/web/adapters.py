"""Adapters that connect allauth to our accounts: names, language, links, addresses, workspaces."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialLogin
from django.conf import settings
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone, translation
from django.utils.http import url_has_allowed_host_and_scheme

from core.connections import release_connection
from core.errors import InvalidInput
from core.links import absolute_url, get_site_host, get_site_name
from core.look.titles import sentence_case
from core.text import clean_line
from workspaces.models import User
from workspaces.services.users import NAME_LENGTH, complete_account
from workspaces.web.client_address import get_client_address

# Stands for clients without an address (a Unix socket): they share their limits.
UNKNOWN_ADDRESS = "0.0.0.0"  # noqa: S104 - nothing listens there


def user_display(user: User) -> str:
    return str(user)


class AccountAdapter(DefaultAccountAdapter):
    """Accounts created by signing up here. Nothing is taken from the Host header."""

    def get_client_ip(self, request: HttpRequest) -> str:
        """Return the address for sign-in limits, sessions and notices; allauth groups IPv6 by its /64."""
        return get_client_address(request) or UNKNOWN_ADDRESS

    def is_safe_url(self, url: str) -> bool:
        return bool(url_has_allowed_host_and_scheme(url, allowed_hosts={get_site_host()}))

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        site = {"domain": get_site_host(), "name": get_site_name()}
        super().send_mail(
            template_prefix, email, {"current_site": site, "base_url": absolute_url("")} | context
        )

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: Any) -> str:
        """Count failed sign-ins of one account together, under whichever host they were sent."""
        return str(credentials.get("email") or credentials.get("username") or "").lower()

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return bool(settings.ACCOUNT_ALLOW_REGISTRATION)

    def format_email_subject(self, subject: str) -> str:
        return sentence_case(str(super().format_email_subject(subject)))

    def save_user(self, request: HttpRequest, user: User, form: Any, commit: bool = True) -> User:
        user.display_name = form.cleaned_data.get("display_name") or user.display_name
        user.language = translation.get_language() if _is_supported(translation.get_language()) else ""
        saved: User = super().save_user(request, user, form, commit=commit)
        return saved


class MFAAdapter(DefaultMFAAdapter):
    """Passkeys belong to the host of BASE_URL."""

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        return {"id": get_site_name(), "name": "Loggia"}


class SocialAccountAdapter(DefaultSocialAccountAdapter):
    """Accounts created by social sign-in; matched by the provider's subject, never by e-mail address."""

    def is_open_for_signup(self, request: HttpRequest, sociallogin: SocialLogin) -> bool:
        return bool(settings.ACCOUNT_ALLOW_REGISTRATION)

    def populate_user(self, request: HttpRequest, sociallogin: SocialLogin, data: dict[str, Any]) -> User:
        user: User = super().populate_user(request, sociallogin, data)
        user.email = user.email.lower()
        parts = [str(data.get(part) or "") for part in ("first_name", "last_name")]
        name = str(data.get("name") or "") or " ".join(part for part in parts if part)
        user.display_name = _clean_name(name) or user.email.partition("@")[0][:NAME_LENGTH]
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
        return clean_line(name[:NAME_LENGTH], max_length=NAME_LENGTH, field="display_name")
    except InvalidInput:
        return ""


def _is_supported(language: str | None) -> bool:
    return language in dict(settings.LANGUAGES)

"""Reset links: asked for by anybody, mailed to the owner, used once."""

from __future__ import annotations

from datetime import datetime

from allauth.account import app_settings
from allauth.account.internal.userkit import filter_users_by_email
from allauth.account.utils import user_pk_to_url_str
from django.conf import settings
from django.urls import reverse
from django.utils import translation

from core.links import absolute_url
from workspaces.account_mails import build_reset_mail, build_unknown_reset_mail
from workspaces.models import User
from workspaces.services.mails import enqueue_mail


def send_reset_mails(*, email: str, language: str, by: User | None, at: datetime) -> int:
    """Mail a reset link to each account that has the address; a note if none has it. Return the mails.

    Runs in a job, so that the request does the same work for known and unknown addresses.
    """
    users = list(filter_users_by_email(email, is_active=True, prefer_verified=True, for_login=True))
    for user in users:
        with translation.override(user.language or language or settings.LANGUAGE_CODE):
            enqueue_mail(to=email, text=build_reset_mail(_build_link(user)))
    if not users:
        with translation.override(language or settings.LANGUAGE_CODE):
            link = absolute_url(reverse("account_signup"))
            enqueue_mail(to=email, text=build_unknown_reset_mail(email, link))
    return max(len(users), 1)


def is_reset_token_valid(user: User, token: str) -> bool:
    """Return whether the link's token is still valid; ask with the user's row locked before using it."""
    return bool(app_settings.PASSWORD_RESET_TOKEN_GENERATOR().check_token(user, token))


def _build_link(user: User) -> str:
    token = app_settings.PASSWORD_RESET_TOKEN_GENERATOR().make_token(user)
    uid = user_pk_to_url_str(user)
    path = reverse("account_reset_password_from_key", kwargs={"uidb36": uid, "key": token})
    return absolute_url(path)

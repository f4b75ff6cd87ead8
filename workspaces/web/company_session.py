"""What a session keeps of a sign-in with a company's identity provider, and how it ends."""

from __future__ import annotations

from typing import Any

from allauth.account.internal.flows.login import record_authentication
from allauth.account.utils import perform_login
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from workspaces.models import IdentityConnection, User
from workspaces.oidc.tokens import build_stale
from workspaces.sign_in_rules import COMPANY_METHOD

ATTEMPT = "company_sign_in"


def pop_attempt(request: HttpRequest, connection: IdentityConnection | None) -> dict[str, Any]:
    """Return the try of this session with ``connection``, which ends it. Raises SignInFailed without one."""
    kept: dict[str, Any] | None = request.session.pop(ATTEMPT, None)
    if connection is None or kept is None or kept.get("connection") != connection.pk:
        raise build_stale()
    return kept


def read_linking(request: HttpRequest, kept: dict[str, Any]) -> User | None:
    """Return the person who asked to connect, if it is still the one who is signed in."""
    if kept.get("linking") is None:
        return None
    if not isinstance(request.user, User) or request.user.pk != kept["linking"]:
        raise build_stale()
    return request.user


def finish_sign_in(
    request: HttpRequest, user: User, connection: IdentityConnection, following: str
) -> HttpResponseBase:
    """Sign the person in, with the company's word in the session."""
    record_authentication(
        request, user, COMPANY_METHOD, workspace=connection.workspace_id, connection=connection.pk
    )
    response: HttpResponseBase = perform_login(
        request,
        user,
        email_verification="none",
        redirect_url=following or f"/w/{connection.workspace.slug}/",
    )
    return response

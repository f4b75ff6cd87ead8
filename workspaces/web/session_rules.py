"""Holds sessions to the rules of the person's companies: before a page runs, and before a message is sent."""

from __future__ import annotations

from datetime import datetime

from allauth.account.internal.flows.login import get_authentication_records
from django.contrib import messages
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from core.errors import Forbidden
from workspaces.models import User
from workspaces.queries import get_user_roles
from workspaces.sign_in_rules import Demand, Need, SignInRules, find_demand, find_grace

# What people need to fulfil the rules, or to go: their account, the company's sign-in, leaving it, language.
_OPEN = ("/accounts/", "/preferences/", "/sign-in", "/settings/security/", "/static/", "/deletions/", "/api/")


def find_session_demand(request: HttpRequest, user: User, *, at: datetime) -> Demand | None:
    """Return what the session lacks by the rules of the person's companies. No query after the roles."""
    roles = get_user_roles(user)
    rules = [found.rules for found in roles.memberships if found.rules is not None]
    if not rules:
        return None
    return find_demand(
        rules,
        user_id=user.pk,
        records=get_authentication_records(request, user),
        has_second_factor=roles.has_second_factor,
        at=at,
    )


def find_session_grace(request: HttpRequest, user: User, *, at: datetime) -> SignInRules | None:
    """Return the rule by which the person needs a second factor soon. No query after the roles."""
    roles = get_user_roles(user)
    rules = [found.rules for found in roles.memberships if found.rules is not None]
    if not any(rule.mfa_required_from for rule in rules):
        return None
    records = get_authentication_records(request, user)
    return find_grace(rules, records=records, has_second_factor=roles.has_second_factor, at=at)


def answer_demand(request: HttpRequest, user: User, *, at: datetime) -> HttpResponseBase | None:
    """Return where a session that lacks something is sent, None for one that may go on."""
    if _is_open(request):
        return None
    demand = find_session_demand(request, user, at=at)
    if demand is None:
        return None
    following = request.get_full_path() if request.method in ("GET", "HEAD") else "/"
    if demand.need == Need.SIGN_IN_AGAIN:
        logout(request)
        messages.info(request, _("Your company asks you to sign in again from time to time."))
        return _go(request, f"{reverse('account_login')}?{urlencode({'next': following})}")
    if demand.need == Need.COMPANY_SIGN_IN:
        page = reverse("workspaces:company-sign-in", args=[demand.slug])
        return _go(request, f"{page}?{urlencode({'next': following})}")
    messages.info(request, _("Your company asks for two-factor sign-in. Set it up here first."))
    return _go(request, reverse("mfa_index"))


def _go(request: HttpRequest, address: str) -> HttpResponse:
    """Redirect; a fragment that htmx asked for must not be replaced by a whole page."""
    if request.headers.get("HX-Request") == "true":
        return HttpResponse(headers={"HX-Redirect": address})
    return redirect(address)


def require_session_rules(request: HttpRequest, user: User, *, at: datetime) -> None:
    """Raise Forbidden (``sign_in_rules``) for a message of a session that lacks something."""
    if find_session_demand(request, user, at=at) is not None:
        raise Forbidden(
            _("Your company asks you to sign in another way first. Reload this page to go on."),
            code="sign_in_rules",
        )


def _is_open(request: HttpRequest) -> bool:
    path = request.path_info
    own = path.startswith("/w/") and path.endswith(("/leave", "/sign-in", "/begin", "/connect", "/callback"))
    return own or path.startswith(_OPEN)

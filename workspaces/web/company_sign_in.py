"""Signing in with a company's identity provider: /w/<workspace>/sign-in, and finding it by e-mail address."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any

from allauth.account.adapter import get_adapter
from csp.decorators import csp_update
from django import forms
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from core.links import absolute_url
from core.scope import open_scope
from workspaces.access import WorkspaceAct, access_workspace, not_found
from workspaces.directory import directory_scope, find_companies_at, find_sign_ins
from workspaces.models import IdentityConnection, User, Workspace
from workspaces.oidc.errors import SignInFailed
from workspaces.oidc.tokens import Attempt, Client, build_address, exchange_code
from workspaces.services.connections import open_secret
from workspaces.services.sign_in import resolve_person
from workspaces.states import ConnectionKind
from workspaces.web.company_saml import begin_saml
from workspaces.web.company_session import ATTEMPT, finish_sign_in, pop_attempt, read_linking
from workspaces.web.own_scopes import opens_own_scopes
from workspaces.web.people import person_of
from workspaces.web.reauthentication import asks_again

CONNECTING = "company_connecting"
CONNECT_SECONDS = 600


class AddressForm(forms.Form):
    email = forms.EmailField(
        label=_("E-mail address at work"),
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )


@require_http_methods(["GET", "HEAD", "POST"])
def by_address(request: HttpRequest) -> HttpResponse:
    """Find the company's page of sign-in by the domain of an address."""
    form = AddressForm(request.POST or None)
    companies: list[Workspace] = []
    if request.method == "POST" and form.is_valid():
        companies = find_companies_at(form.cleaned_data["email"])
        if len(companies) == 1:
            return redirect("workspaces:company-sign-in", companies[0].slug)
        if not companies:
            form.add_error(
                "email",
                _(
                    "No company has set up its own sign-in for this address. Ask your company for the address"
                    " of its page, or sign in with your password."
                ),
            )
    context = {"form": form, "companies": companies}
    return render(request, "workspaces/sign_in_by_address.html", context, status=400 if form.errors else 200)


# Browsers hold the redirect that answers the form, and those of the provider, to form-action too. "http:"
# includes https.
@csp_update({"form-action": ["http:"]})  # type: ignore[arg-type]  # its type knows no further argument
@require_safe
def sign_in(request: HttpRequest, workspace: str) -> HttpResponse:
    """Offer the company's own sign-in; it begins with a click."""
    company, connections = find_sign_ins(workspace)
    context = {
        "workspace": company,
        "accent": company.accent,
        "connections": connections,
        "names": gettext(" or ").join(connection.name for connection in connections),
        "next": _clean_next(request, request.GET.get("next", "")),
        "is_connecting": _is_connecting(request, company, at=timezone.now()),
        "is_linked": _is_linked(request, connections),
    }
    return render(request, "workspaces/sign_in.html", context)


@require_POST
def begin(request: HttpRequest, workspace: str) -> HttpResponse:
    """Send the person to the identity provider. By a form of ours only: no other site begins it unseen."""
    company, connections = find_sign_ins(workspace)
    kind = request.POST.get("kind", "")
    connection = next((one for one in connections if kind in ("", one.kind)), None)
    if connection is None:
        raise not_found()
    now = timezone.now()
    address, attempt = (
        begin_saml(connection, at=now)
        if connection.kind == ConnectionKind.SAML
        else _begin_openid(connection, at=now)
    )
    request.session[ATTEMPT] = attempt | {
        "connection": connection.pk,
        "next": _clean_next(request, request.POST.get("next", "")),
        "linking": request.user.pk if _is_connecting(request, company, at=now) else None,
    }
    request.session.pop(CONNECTING, None)
    return redirect(address)


def _begin_openid(connection: IdentityConnection, *, at: datetime) -> tuple[str, dict[str, Any]]:
    attempt = Attempt.begin(at=at)
    return build_address(_build_client(connection, secret=""), attempt), asdict(attempt)


@asks_again("POST")
@login_required
@require_POST
def connect(request: HttpRequest, workspace: str) -> HttpResponse:
    """Note that the signed-in person, who has just entered the password, wants to connect the sign-in."""
    company = access_workspace(person_of(request), workspace, to=WorkspaceAct.ENTER)
    request.session[CONNECTING] = {"workspace": company.pk, "at": timezone.now().timestamp()}
    return redirect("workspaces:company-sign-in", company.slug)


@opens_own_scopes
@require_safe
def callback(request: HttpRequest, workspace: str) -> HttpResponseBase:
    """Finish with OpenID Connect: check the answer, ask the provider for the claims, sign the account in."""
    company, connections = find_sign_ins(workspace)
    connection = next((one for one in connections if one.kind == ConnectionKind.OIDC), None)
    kept = pop_attempt(request, connection)
    now = timezone.now()
    if connection is None:
        raise not_found()
    attempt = Attempt(*(kept[name] for name in ("state", "nonce", "verifier", "begun_at")))
    attempt.require_state(request.GET.get("state", ""), at=now)
    _refuse_error(request)
    linking = read_linking(request, kept)
    with open_scope(directory_scope(company.pk)):
        client = _build_client(connection, secret=open_secret(connection))
    claims = exchange_code(client, attempt, request.GET.get("code", ""), at=now)
    signed_in = request.user if isinstance(request.user, User) else None
    user = resolve_person(connection=connection, claims=claims, at=now, linking=linking, signed_in=signed_in)
    return finish_sign_in(request, user, connection, str(kept.get("next") or ""))


def _refuse_error(request: HttpRequest) -> None:
    error = request.GET.get("error", "")[:60]
    if error == "access_denied":
        raise SignInFailed(
            _("The identity provider did not let you in. Ask an admin whether this application is yours."),
            code="access_denied",
        )
    if error or not request.GET.get("code"):
        raise SignInFailed(
            _("The identity provider did not confirm the sign-in (%(error)s). Begin again.")
            % {"error": error or "no code"},
            code="code_missing",
        )


def _build_client(connection: IdentityConnection, *, secret: str) -> Client:
    return Client(
        issuer=connection.issuer,
        client_id=connection.client_id,
        secret=secret,
        discovered=connection.discovered,
        redirect_uri=get_redirect_uri(connection.workspace),
    )


def get_redirect_uri(workspace: Workspace) -> str:
    """Return the address to which the provider sends people back: one for each company."""
    return absolute_url(reverse("workspaces:company-sign-in-callback", args=[workspace.slug]))


def _clean_next(request: HttpRequest, address: str) -> str:
    return address if address and get_adapter(request).is_safe_url(address) else ""


def _is_connecting(request: HttpRequest, company: Workspace, *, at: datetime) -> bool:
    asked = request.session.get(CONNECTING)
    return (
        request.user.is_authenticated
        and isinstance(asked, dict)
        and asked.get("workspace") == company.pk
        and at.timestamp() - float(asked.get("at", 0)) < CONNECT_SECONDS
    )


def _is_linked(request: HttpRequest, connections: list[IdentityConnection]) -> bool:
    if not isinstance(request.user, User):
        return False
    return request.user.identity_links.filter(connection__in=connections).exists()

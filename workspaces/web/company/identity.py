"""/w/<workspace>/admin/identity: how people of a company get in, and what their directory says here."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from core.errors import DomainError
from core.links import absolute_url
from core.scope import open_scope
from workspaces.access import WorkspaceAct, access_connection, access_scim_token, access_workspace
from workspaces.models import Workspace
from workspaces.oidc.discovery import discover
from workspaces.queries.identity import (
    count_directory,
    get_connection,
    get_identity_rules,
    list_owners,
    list_proved_domains,
    list_scim_tokens,
)
from workspaces.services.connections import (
    delete_connection,
    note_discovery,
    set_connection,
    switch_connection,
)
from workspaces.services.identity_rules import set_role_claims, set_sign_in_rules
from workspaces.services.scim_tokens import create_scim_token, revoke_scim_token
from workspaces.states import ConnectionKind
from workspaces.web.company.identity_forms import (
    ConnectionForm,
    RoleClaimsForm,
    ScimTokenForm,
    SignInRulesForm,
    show_role_claims,
)
from workspaces.web.company_sign_in import get_redirect_uri
from workspaces.web.forms import add_refusal
from workspaces.web.own_scopes import get_scope, opens_own_scopes
from workspaces.web.people import person_of
from workspaces.web.reauthentication import asks_again


@login_required
@require_safe
def identity(request: HttpRequest, workspace: str) -> HttpResponse:
    return _show(request, _access(request, workspace))


@asks_again("POST")
@login_required
@require_http_methods(["POST"])
def tokens(request: HttpRequest, workspace: str) -> HttpResponse:
    """Make a token; it is shown once, in the response to the form."""
    tenant = _access(request, workspace)
    form = ScimTokenForm(request.POST, auto_id="token-%s")
    plain = ""
    if form.is_valid():
        now = timezone.now()
        try:
            _token, plain = create_scim_token(
                workspace=tenant,
                name=form.cleaned_data["name"],
                expires_at=now + form.lifetime if form.lifetime else None,
                by=person_of(request),
                at=now,
            )
            form = ScimTokenForm(auto_id="token-%s")
        except DomainError as error:
            add_refusal(form, error)
    return _show(request, tenant, token_form=form, plain=plain)


@login_required
@require_POST
def revoke_token(request: HttpRequest, workspace: str, token_id: int) -> HttpResponse:
    tenant = _access(request, workspace)
    revoke_scim_token(token=access_scim_token(tenant, token_id), by=person_of(request), at=timezone.now())
    messages.success(request, _("The token is revoked and works no more."))
    return redirect("workspaces:identity", tenant.slug)


@asks_again("POST")
@login_required
@require_http_methods(["POST"])
def roles(request: HttpRequest, workspace: str) -> HttpResponse:
    """Set what values of the identity provider mean."""
    tenant = _access(request, workspace)
    form = RoleClaimsForm(request.POST)
    if form.is_valid():
        try:
            set_role_claims(workspace=tenant, **form.cleaned_data, by=person_of(request), at=timezone.now())
        except DomainError as error:
            add_refusal(form, error)
        else:
            messages.success(request, _("Saved"))
            return redirect("workspaces:identity", tenant.slug)
    return _show(request, tenant, role_form=form)


@asks_again("POST")
@login_required
@require_http_methods(["POST"])
def rules(request: HttpRequest, workspace: str) -> HttpResponse:
    """Set how people must sign in."""
    tenant = _access(request, workspace)
    form = SignInRulesForm(
        request.POST, owners=list_owners(tenant), rules=get_identity_rules(tenant), auto_id="rules-%s"
    )
    if form.is_valid():
        try:
            set_sign_in_rules(workspace=tenant, change=form.read(), by=person_of(request), at=timezone.now())
        except DomainError as error:
            add_refusal(form, error)
        else:
            messages.success(request, _("Saved"))
            return redirect("workspaces:identity", tenant.slug)
    return _show(request, tenant, rules_form=form)


@asks_again("POST")
@login_required
@require_http_methods(["POST"])
def set_sign_in(request: HttpRequest, workspace: str) -> HttpResponse:
    """Store the connection; it is off until it was checked."""
    tenant = _access(request, workspace)
    form = ConnectionForm(request.POST, auto_id="connection-%s")
    if form.is_valid():
        try:
            set_connection(workspace=tenant, settings=form.read(), by=person_of(request), at=timezone.now())
        except DomainError as error:
            add_refusal(form, error)
        else:
            messages.success(request, _("Saved. Check the connection next."))
            return redirect("workspaces:identity", tenant.slug)
    return _show(request, tenant, connection_form=form)


@opens_own_scopes
@asks_again("POST")
@login_required
@require_http_methods(["POST"])
def check_connection(request: HttpRequest, workspace: str) -> HttpResponse:
    """Ask the provider to describe itself, outside of any transaction."""
    person = person_of(request)
    with open_scope(get_scope(request)):
        tenant = _access(request, workspace)
        connection = access_connection(tenant, ConnectionKind.OIDC)
    try:
        discovered = discover(connection.issuer)
    except DomainError as error:
        messages.error(request, error.message)
    else:
        with open_scope(get_scope(request)):
            note_discovery(connection=connection, discovered=discovered, by=person, at=timezone.now())
        messages.success(request, _("The provider answers. The sign-in can be switched on."))
    return redirect("workspaces:identity", tenant.slug)


@asks_again("POST")
@login_required
@require_http_methods(["POST"])
def switch(request: HttpRequest, workspace: str) -> HttpResponse:
    tenant = _access(request, workspace)
    switch_connection(
        connection=access_connection(tenant, ConnectionKind.OIDC),
        is_enabled=bool(request.POST.get("is_enabled")),
        by=person_of(request),
        at=timezone.now(),
    )
    messages.success(request, _("Saved"))
    return redirect("workspaces:identity", tenant.slug)


@asks_again("POST")
@login_required
@require_http_methods(["POST"])
def delete_sign_in(request: HttpRequest, workspace: str) -> HttpResponse:
    tenant = _access(request, workspace)
    delete_connection(
        connection=access_connection(tenant, ConnectionKind.OIDC),
        by=person_of(request),
        at=timezone.now(),
    )
    messages.success(request, _("The connection is removed."))
    return redirect("workspaces:identity", tenant.slug)


def _access(request: HttpRequest, slug: str) -> Workspace:
    return access_workspace(person_of(request), slug, to=WorkspaceAct.MANAGE_IDENTITY)


def _show(request: HttpRequest, tenant: Workspace, *, plain: str = "", **bound: Any) -> HttpResponse:
    found = get_identity_rules(tenant)
    connection = get_connection(tenant, ConnectionKind.OIDC)
    domains = [] if connection is None else connection.domains
    forms = {
        "rules_form": SignInRulesForm.for_rules(found, list_owners(tenant)),
        "connection_form": ConnectionForm.for_connection(connection),
        "token_form": ScimTokenForm(auto_id="token-%s"),
        "role_form": RoleClaimsForm(
            initial={
                "default_role": found.default_role,
                "role_claims": show_role_claims(found.role_claims),
            }
        ),
    } | bound
    context = {
        "workspace": tenant,
        "accent": tenant.accent,
        "tokens": list_scim_tokens(tenant),
        "directory": count_directory(tenant),
        "scim_address": absolute_url(f"/scim/v2/{tenant.slug}"),
        "connection": connection,
        "unproved": sorted(set(domains) - list_proved_domains(tenant.pk)),
        "redirect_uri": get_redirect_uri(tenant),
        "sign_in_address": absolute_url(reverse("workspaces:company-sign-in", args=[tenant.slug])),
        "plain": plain,
        "now": timezone.now(),
        **forms,
    }
    status = 400 if any(form.errors for form in forms.values()) else 200
    return render(request, "workspaces/admin/identity.html", context, status=status)

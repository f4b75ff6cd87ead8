"""/w/<workspace>/admin/identity: how people of a company get in, and what their directory says here."""

from __future__ import annotations

from datetime import timedelta
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
from workspaces.access import WorkspaceAct, access_scim_token, access_workspace
from workspaces.models import Workspace
from workspaces.queries.identity import (
    count_directory,
    get_connection,
    get_identity_rules,
    list_owners,
    list_proved_domains,
    list_scim_tokens,
)
from workspaces.rules import is_workspace_owner
from workspaces.saml.metadata import describe_certificates
from workspaces.services.identity_rules import set_role_claims, set_sign_in_rules
from workspaces.services.scim_tokens import create_scim_token, revoke_scim_token
from workspaces.states import ConnectionKind
from workspaces.web.company.identity_forms import (
    ConnectionForm,
    RoleClaimsForm,
    SamlForm,
    ScimTokenForm,
    SignInRulesForm,
    show_role_claims,
)
from workspaces.web.company_saml import get_service
from workspaces.web.company_sign_in import get_redirect_uri
from workspaces.web.forms import add_refusal
from workspaces.web.people import person_of
from workspaces.web.reauthentication import asks_again

# Certificates that end sooner are pointed out.
ENDING = timedelta(days=30)


@login_required
@require_safe
def identity(request: HttpRequest, workspace: str) -> HttpResponse:
    return show_identity(request, access_identity(request, workspace))


@asks_again("POST")
@login_required
@require_http_methods(["POST"])
def tokens(request: HttpRequest, workspace: str) -> HttpResponse:
    """Make a token; it is shown once, in the response to the form."""
    tenant = access_identity(request, workspace)
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
    return show_identity(request, tenant, token_form=form, plain=plain)


@login_required
@require_POST
def revoke_token(request: HttpRequest, workspace: str, token_id: int) -> HttpResponse:
    tenant = access_identity(request, workspace)
    revoke_scim_token(token=access_scim_token(tenant, token_id), by=person_of(request), at=timezone.now())
    messages.success(request, _("The token is revoked and works no more."))
    return redirect("workspaces:identity", tenant.slug)


@asks_again("POST")
@login_required
@require_http_methods(["POST"])
def roles(request: HttpRequest, workspace: str) -> HttpResponse:
    """Set what values of the identity provider mean."""
    tenant = access_identity(request, workspace)
    form = RoleClaimsForm(request.POST)
    if form.is_valid():
        try:
            set_role_claims(workspace=tenant, **form.cleaned_data, by=person_of(request), at=timezone.now())
        except DomainError as error:
            add_refusal(form, error)
        else:
            messages.success(request, _("Saved"))
            return redirect("workspaces:identity", tenant.slug)
    return show_identity(request, tenant, role_form=form)


@asks_again("POST")
@login_required
@require_http_methods(["POST"])
def rules(request: HttpRequest, workspace: str) -> HttpResponse:
    """Set how people must sign in."""
    tenant = access_identity(request, workspace)
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
    return show_identity(request, tenant, rules_form=form)


def access_identity(request: HttpRequest, slug: str) -> Workspace:
    return access_workspace(person_of(request), slug, to=WorkspaceAct.MANAGE_IDENTITY)


def show_identity(request: HttpRequest, tenant: Workspace, *, plain: str = "", **bound: Any) -> HttpResponse:
    found = get_identity_rules(tenant)
    connection = get_connection(tenant, ConnectionKind.OIDC)
    saml = get_connection(tenant, ConnectionKind.SAML)
    proved, now = list_proved_domains(tenant.pk), timezone.now()
    certificates = [] if saml is None else describe_certificates(saml.discovered.get("certificates", []))
    forms = {
        "rules_form": SignInRulesForm.for_rules(found, list_owners(tenant)),
        "connection_form": ConnectionForm.for_connection(connection),
        "saml_form": SamlForm.for_connection(saml),
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
        # Only owners switch and remove connections, or set one.
        "is_owner": is_workspace_owner(person_of(request), tenant),
        "connection": connection,
        "unproved": [] if connection is None else sorted(set(connection.domains) - proved),
        "saml": saml,
        "saml_unproved": [] if saml is None else sorted(set(saml.domains) - proved),
        "saml_service": get_service(tenant),
        "certificates": certificates,
        "ending_certificates": [one for one in certificates if one.expires_at - now < ENDING],
        "redirect_uri": get_redirect_uri(tenant),
        "sign_in_address": absolute_url(reverse("workspaces:company-sign-in", args=[tenant.slug])),
        "plain": plain,
        "now": now,
        **forms,
    }
    status = 400 if any(form.errors for form in forms.values()) else 200
    return render(request, "workspaces/admin/identity.html", context, status=status)

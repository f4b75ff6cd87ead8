"""/w/<workspace>/admin/identity: how people of a company get in, and what their directory says here."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from core.errors import DomainError
from core.links import absolute_url
from workspaces.access import WorkspaceAct, access_scim_token, access_workspace
from workspaces.models import Workspace
from workspaces.queries.identity import count_directory, get_identity_rules, list_scim_tokens
from workspaces.services.identity_rules import set_role_claims
from workspaces.services.scim_tokens import create_scim_token, revoke_scim_token
from workspaces.web.company.identity_forms import RoleClaimsForm, ScimTokenForm, show_role_claims
from workspaces.web.forms import add_refusal
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


def _access(request: HttpRequest, slug: str) -> Workspace:
    return access_workspace(person_of(request), slug, to=WorkspaceAct.MANAGE_IDENTITY)


def _show(request: HttpRequest, tenant: Workspace, *, plain: str = "", **bound: Any) -> HttpResponse:
    rules = get_identity_rules(tenant)
    forms = {
        "token_form": ScimTokenForm(auto_id="token-%s"),
        "role_form": RoleClaimsForm(
            initial={
                "default_role": rules.default_role,
                "role_claims": show_role_claims(rules.role_claims),
            }
        ),
    } | bound
    context = {
        "workspace": tenant,
        "accent": tenant.accent,
        "rules": rules,
        "tokens": list_scim_tokens(tenant),
        "directory": count_directory(tenant),
        "scim_address": absolute_url(f"/scim/v2/{tenant.slug}"),
        "plain": plain,
        "now": timezone.now(),
        **forms,
    }
    status = 400 if any(form.errors for form in forms.values()) else 200
    return render(request, "workspaces/admin/identity.html", context, status=status)

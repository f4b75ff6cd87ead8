"""Connections to a workspace's identity provider: /w/<workspace>/admin/identity/connection and …/saml."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from core.errors import DomainError
from core.scope import open_scope
from workspaces.access import access_connection
from workspaces.connection_checks import describe_again, read_provider
from workspaces.services.connections import (
    delete_connection,
    note_discovery,
    set_connection,
    set_saml_connection,
    switch_connection,
)
from workspaces.web.company.identity import access_identity, show_identity
from workspaces.web.company.identity_forms import ConnectionForm, SamlForm
from workspaces.web.forms import add_refusal
from workspaces.web.own_scopes import get_scope, opens_own_scopes
from workspaces.web.people import person_of
from workspaces.web.reauthentication import asks_again


@asks_again("POST")
@login_required
@require_http_methods(["POST"])
def set_openid(request: HttpRequest, workspace: str) -> HttpResponse:
    """Store the connection; it is off until it was checked."""
    tenant = access_identity(request, workspace)
    form = ConnectionForm(request.POST, auto_id="connection-%s")
    if form.is_valid():
        try:
            set_connection(workspace=tenant, settings=form.read(), by=person_of(request), at=timezone.now())
        except DomainError as error:
            add_refusal(form, error)
        else:
            messages.success(request, _("Saved. Check the connection next."))
            return redirect("workspaces:identity", tenant.slug)
    return show_identity(request, tenant, connection_form=form)


@opens_own_scopes
@asks_again("POST")
@login_required
@require_http_methods(["POST"])
def set_saml(request: HttpRequest, workspace: str) -> HttpResponse:
    """Read the metadata, outside of any transaction, and store the connection."""
    person, now = person_of(request), timezone.now()
    with open_scope(get_scope(request)):
        tenant = access_identity(request, workspace)
    form = SamlForm(request.POST, auto_id="saml-%s")
    if form.is_valid():
        try:
            provider = read_provider(
                metadata=form.cleaned_data["metadata"], address=form.cleaned_data["metadata_url"], at=now
            )
            with open_scope(get_scope(request)):
                set_saml_connection(workspace=tenant, settings=form.read(provider), by=person, at=now)
        except DomainError as error:
            add_refusal(form, error)
        else:
            messages.success(request, _("Saved"))
            return redirect("workspaces:identity", tenant.slug)
    with open_scope(get_scope(request)):
        return show_identity(request, tenant, saml_form=form)


@opens_own_scopes
@asks_again("POST")
@login_required
@require_http_methods(["POST"])
def check(request: HttpRequest, workspace: str, kind: str) -> HttpResponse:
    """Ask the provider to describe itself, outside of any transaction."""
    person, now = person_of(request), timezone.now()
    with open_scope(get_scope(request)):
        tenant = access_identity(request, workspace)
        connection = access_connection(tenant, kind)
    try:
        discovered = describe_again(connection, at=now)
    except DomainError as error:
        messages.error(request, error.message)
    else:
        with open_scope(get_scope(request)):
            note_discovery(connection=connection, discovered=discovered, by=person, at=now)
        messages.success(
            request,
            _("The provider answers.")
            if connection.is_enabled
            else _("The provider answers. The sign-in can be switched on."),
        )
    return redirect("workspaces:identity", tenant.slug)


@asks_again("POST")
@login_required
@require_http_methods(["POST"])
def switch(request: HttpRequest, workspace: str, kind: str) -> HttpResponse:
    return _change(
        request,
        workspace,
        kind,
        switch_connection,
        _("Saved"),
        is_enabled=bool(request.POST.get("is_enabled")),
    )


@asks_again("POST")
@login_required
@require_http_methods(["POST"])
def delete(request: HttpRequest, workspace: str, kind: str) -> HttpResponse:
    return _change(request, workspace, kind, delete_connection, _("The connection is removed."))


def _change(
    request: HttpRequest, workspace: str, kind: str, service: Any, done: str, **values: Any
) -> HttpResponse:
    tenant = access_identity(request, workspace)
    connection = access_connection(tenant, kind)
    service(connection=connection, by=person_of(request), at=timezone.now(), **values)
    messages.success(request, done)
    return redirect("workspaces:identity", tenant.slug)

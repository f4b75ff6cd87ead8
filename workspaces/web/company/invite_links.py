"""/w/<workspace>/admin/links, and /join/link/<token> for who got a link."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from core.errors import DomainError
from core.links import absolute_url
from workspaces.access import (
    WorkspaceAct,
    access_invite_link,
    access_invite_link_by_token,
    access_workspace,
)
from workspaces.queries import is_member_now, list_invite_links
from workspaces.services.invite_links import create_invite_link, join_by_link, revoke_invite_link
from workspaces.states import Role
from workspaces.web.company.joining_forms import InviteLinkForm
from workspaces.web.forms import add_refusal
from workspaces.web.people import person_of


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def links(request: HttpRequest, workspace: str) -> HttpResponse:
    """List open links; POST makes one and shows it, this once."""
    user = person_of(request)
    tenant = access_workspace(user, workspace, to=WorkspaceAct.MANAGE_PEOPLE)
    form = InviteLinkForm(request.POST or None)
    address = ""
    if request.method == "POST" and form.is_valid():
        try:
            _link, token = create_invite_link(
                workspace=tenant, **form.cleaned_data, by=user, at=timezone.now()
            )
        except DomainError as error:
            add_refusal(form, error)
        else:
            address = absolute_url(reverse("workspaces:link-join", args=[token]))
            form = InviteLinkForm()
    context = {
        "workspace": tenant,
        "accent": tenant.accent,
        "form": form,
        "address": address,
        "links": list(list_invite_links(tenant, at=timezone.now())),
    }
    return render(request, "workspaces/admin/links.html", context, status=400 if form.errors else 200)


@login_required
@require_POST
def revoke(request: HttpRequest, workspace: str, link_id: int) -> HttpResponse:
    user = person_of(request)
    tenant = access_workspace(user, workspace, to=WorkspaceAct.MANAGE_PEOPLE)
    revoke_invite_link(link=access_invite_link(tenant, link_id), by=user, at=timezone.now())
    messages.success(request, _("The link is closed."))
    return redirect("workspaces:link-list", tenant.slug)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def join(request: HttpRequest, token: str) -> HttpResponse:
    """Show where a link leads; POST joins."""
    user = person_of(request)
    link = access_invite_link_by_token(token, at=timezone.now())
    if request.method == "POST":
        join_by_link(link=link, by=user, at=timezone.now())
        messages.success(request, _("Welcome to %(name)s.") % {"name": link.workspace.name})
        return redirect(f"/w/{link.workspace.slug}/")
    context = {
        "link": link,
        "role": Role(link.role).label,
        "is_member": is_member_now(user.pk, link.workspace_id),
    }
    return render(request, "workspaces/join_link.html", context)

"""Archiving a workspace, opening it again, handing it over, and cancelling its deletion. For owners."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from workspaces.access import WorkspaceAct, access_own_membership, access_workspace
from workspaces.services.joining import refuse_personal
from workspaces.services.life_cycle import (
    archive_workspace,
    cancel_deletion,
    hand_over,
    reopen_workspace,
)
from workspaces.web.company.settings import build_heir_form, show_settings
from workspaces.web.people import person_of
from workspaces.web.reauthentication import ask_again


@login_required
@require_POST
def archive(request: HttpRequest, workspace: str) -> HttpResponse:
    user = person_of(request)
    tenant = access_workspace(user, workspace, to=WorkspaceAct.OWN)
    archive_workspace(workspace=tenant, by=user, at=timezone.now())
    messages.success(request, _("%(name)s is read only now.") % {"name": tenant.name})
    return redirect("workspaces:workspace-settings", tenant.slug)


@login_required
@require_POST
def reopen(request: HttpRequest, workspace: str) -> HttpResponse:
    user = person_of(request)
    tenant = access_workspace(user, workspace, to=WorkspaceAct.OWN)
    reopen_workspace(workspace=tenant, by=user, at=timezone.now())
    messages.success(request, _("%(name)s is open again.") % {"name": tenant.name})
    return redirect("workspaces:workspace-settings", tenant.slug)


@login_required
@require_POST
def keep(request: HttpRequest, workspace: str) -> HttpResponse:
    """Cancel the deletion."""
    user = person_of(request)
    tenant = access_workspace(user, workspace, to=WorkspaceAct.OWN)
    cancel_deletion(workspace=tenant, by=user, at=timezone.now())
    messages.success(
        request, _("%(name)s stays. It is read only until you open it again.") % {"name": tenant.name}
    )
    return redirect("workspaces:workspace-settings", tenant.slug)


@login_required
@require_POST
def give(request: HttpRequest, workspace: str) -> HttpResponse:
    """Make another member the owner in one's own place."""
    user = person_of(request)
    tenant = access_workspace(user, workspace, to=WorkspaceAct.OWN)
    refuse_personal(tenant)
    ask_again(request)
    form = build_heir_form(tenant, user, request.POST)
    if form.chosen is None:
        return show_settings(request, tenant, heir=form)
    heir = access_own_membership(tenant, form.chosen)
    member = hand_over(workspace=tenant, member_id=heir.pk, by=user, at=timezone.now())
    messages.success(
        request, _("%(person)s is an owner now, and you are an admin.") % {"person": member.user.display_name}
    )
    return redirect("workspaces:workspace-settings", tenant.slug)

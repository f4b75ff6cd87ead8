"""Deleting a workspace, and the progress of an erasure."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from core.errors import DomainError
from workspaces.access import WorkspaceAct, access_erasure, access_workspace
from workspaces.queries import describe_erasure
from workspaces.services.life_cycle import GRACE, plan_deletion
from workspaces.web.people import person_of
from workspaces.web.reauthentication import asks_again


@asks_again("GET", "HEAD", "POST")
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def delete(request: HttpRequest, workspace: str) -> HttpResponse:
    """Say what is erased and when; POST with the typed name plans it. For owners."""
    user = person_of(request)
    tenant = access_workspace(user, workspace, to=WorkspaceAct.OWN)
    typed = request.POST.get("confirmation", "")
    refusal: DomainError | None = None
    if request.method == "POST":
        try:
            plan_deletion(workspace=tenant, confirmation=typed, by=user, at=timezone.now())
        except DomainError as error:
            refusal = error
        else:
            messages.success(request, _("The deletion is planned. Until then you can cancel it here."))
            return redirect("workspaces:workspace-settings", tenant.slug)
    context = {
        "workspace": tenant,
        "accent": tenant.accent,
        "refusal": refusal,
        "typed": typed,
        "due": tenant.deletion_due_at or timezone.now() + GRACE,
    }
    status = refusal.status if refusal else 200
    return render(request, "workspaces/admin/delete.html", context, status=status)


@require_safe
def progress(request: HttpRequest, erasure_id: UUID) -> HttpResponse:
    """Show how far an erasure is. Whoever has the address may see it: the person is signed out for good."""
    erasure = access_erasure(erasure_id)
    page = "_deletion" if request.headers.get("HX-Request") == "true" else "deletion"
    context = {"erasure": erasure, "steps": describe_erasure(erasure)}
    return render(request, f"workspaces/{page}.html", context)

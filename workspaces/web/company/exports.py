"""/w/<workspace>/admin/exports: take everything that the workspace holds away. For owners."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from core.errors import DomainError
from workspaces.access import WorkspaceAct, access_export, access_export_file, access_workspace
from workspaces.exports import load_steps
from workspaces.queries.exports import list_exports
from workspaces.services.export_writing import list_left_out
from workspaces.services.workspace_exports import delete_export, request_export
from workspaces.states import OPEN_EXPORTS
from workspaces.web.export_files import describe_export_file, start_download
from workspaces.web.people import person_of
from workspaces.web.reauthentication import asks_again


@asks_again("POST")
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def exports(request: HttpRequest, workspace: str) -> HttpResponse:
    """List the exports with their progress; POST asks for one."""
    user = person_of(request)
    tenant = access_workspace(user, workspace, to=WorkspaceAct.OWN)
    refusal: DomainError | None = None
    if request.method == "POST":
        try:
            request_export(workspace=tenant, by=user, at=timezone.now())
        except DomainError as error:
            refusal = error
        else:
            messages.success(request, _("The export is being made. You are told when it is ready."))
            return redirect("workspaces:export-list", tenant.slug)
    found = list_exports(tenant, at=timezone.now())
    context = {
        "workspace": tenant,
        "accent": tenant.accent,
        "exports": found,
        "runs": any(export.state in OPEN_EXPORTS for export in found),
        "refusal": refusal,
        "steps": load_steps(),
        "left_out": list_left_out(),
    }
    if request.headers.get("HX-Request") == "true" and request.method == "GET":
        return render(request, "workspaces/admin/_exports.html", context)
    status = refusal.status if refusal else 200
    return render(request, "workspaces/admin/exports.html", context, status=status)


@asks_again("GET", "HEAD")
@login_required
@require_safe
def download(request: HttpRequest, workspace: str, export_id: UUID) -> HttpResponseBase:
    user = person_of(request)
    tenant = access_workspace(user, workspace, to=WorkspaceAct.OWN)
    export = access_export_file(tenant, export_id, at=timezone.now())
    if request.method == "HEAD":
        return describe_export_file(export)
    return start_download(export, user=user)


@login_required
@require_POST
def delete(request: HttpRequest, workspace: str, export_id: UUID) -> HttpResponse:
    user = person_of(request)
    tenant = access_workspace(user, workspace, to=WorkspaceAct.OWN)
    export = access_export(tenant, export_id, at=timezone.now())
    delete_export(export=export, by=user, at=timezone.now())
    messages.success(request, _("The export is deleted."))
    return redirect("workspaces:export-list", tenant.slug)

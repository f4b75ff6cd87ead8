"""/w/<workspace>/admin/settings: name, accent colour and logo; and the address of a logo."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST, require_safe

from core.errors import DomainError
from core.look.accent_colours import list_samples
from workspaces.access import WorkspaceAct, access_workspace
from workspaces.services.logos import read_logo, set_logo
from workspaces.web.people import person_of
from workspaces.web.pictures import answer_picture
from workspaces.web.public import public_page

# Of the product itself, for a workspace without a colour of its own.
OWN_ACCENT = "#a8481f"


@login_required
@require_POST
def logo(request: HttpRequest, workspace: str) -> HttpResponse:
    """Set the logo to an uploaded picture, or remove it."""
    user = person_of(request)
    tenant = access_workspace(user, workspace, to=WorkspaceAct.MANAGE_SETTINGS)
    upload = request.FILES.get("logo")
    if upload is None and not request.POST.get("remove"):
        messages.error(request, _("Choose a picture first."))
        return redirect("workspaces:workspace-settings", tenant.slug)
    try:
        set_logo(
            workspace=tenant,
            upload=None if request.POST.get("remove") else upload,
            by=user,
            at=timezone.now(),
        )
    except DomainError as refusal:
        messages.error(request, str(refusal.message))
    else:
        messages.success(request, _("Saved"))
    return redirect("workspaces:workspace-settings", tenant.slug)


@login_required
@require_GET
def accent_preview(request: HttpRequest, workspace: str) -> HttpResponse:
    """Show what an accent colour becomes in both themes, before it is saved."""
    tenant = access_workspace(person_of(request), workspace, to=WorkspaceAct.MANAGE_SETTINGS)
    context = build_accent_context(request.GET.get("accent", "")) | {"workspace": tenant}
    return render(request, "workspaces/admin/_accent_preview.html", context)


def build_accent_context(accent: str) -> dict[str, Any]:
    """Return ``samples`` of the colour, those of the product for none; empty for what is no colour."""
    return {"samples": list_samples(accent.strip() or OWN_ACCENT)}


@public_page
@require_safe
def show_logo(request: HttpRequest, digest: str) -> HttpResponse:
    return answer_picture(read_logo(digest), "image/webp")

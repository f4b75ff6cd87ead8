"""/w/<workspace>/admin/settings."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from core.errors import DomainError
from marketplace.services.publishing import set_workspace_publishing
from workspaces.access import WorkspaceAct, access_workspace, may_delete_workspace
from workspaces.models import User, Workspace
from workspaces.queries import get_sharing_policy, pick_new_owners
from workspaces.services.sharing import set_golden_pass_rate
from workspaces.services.workspaces import update_workspace
from workspaces.states import WorkspaceKind
from workspaces.web.company.look import build_accent_context
from workspaces.web.company.people_search import people_search_url
from workspaces.web.forms import (
    GoldenGateForm,
    PublishingForm,
    WorkspaceForm,
    add_refusal,
)
from workspaces.web.people import person_of
from workspaces.web.picks import PickField, PickForm


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def settings(request: HttpRequest, workspace: str) -> HttpResponse:
    user = person_of(request)
    tenant = access_workspace(user, workspace, to=WorkspaceAct.MANAGE_SETTINGS)
    form = WorkspaceForm(request.POST or None, initial={"name": tenant.name, "accent": tenant.accent})
    if request.method == "POST" and form.is_valid():
        try:
            update_workspace(workspace=tenant, **form.cleaned_data, by=user, at=timezone.now())
        except DomainError as error:
            add_refusal(form, error)
        else:
            messages.success(request, _("Saved"))
            return redirect("workspaces:workspace-settings", tenant.slug)
    return show_settings(request, tenant, form=form)


@login_required
@require_POST
def golden_gate(request: HttpRequest, workspace: str) -> HttpResponse:
    """Set the share of golden prompts that must pass before a GPT of the workspace is shared."""
    user = person_of(request)
    tenant = access_workspace(user, workspace, to=WorkspaceAct.MANAGE_SETTINGS)
    gate = GoldenGateForm(request.POST)
    if gate.is_valid():
        rate = gate.cleaned_data["golden_pass_rate"]
        set_golden_pass_rate(workspace=tenant, rate=rate, by=user, at=timezone.now())
        messages.success(request, _("Saved"))
        return redirect("workspaces:workspace-settings", tenant.slug)
    return show_settings(request, tenant, gate=gate)


@login_required
@require_POST
def publishing(request: HttpRequest, workspace: str) -> HttpResponse:
    """Set whether GPTs of the workspace may be shared by link and published."""
    user = person_of(request)
    tenant = access_workspace(user, workspace, to=WorkspaceAct.MANAGE_SETTINGS)
    is_allowed = bool(request.POST.get("may_publish"))
    set_workspace_publishing(workspace=tenant, is_allowed=is_allowed, by=user, at=timezone.now())
    messages.success(request, _("Saved"))
    return redirect("workspaces:workspace-settings", tenant.slug)


def build_heir_form(tenant: Workspace, user: User, data: Any = None) -> PickForm:
    """Return the form that names to whom ``user`` hands the workspace over."""
    field = PickField(
        pick_new_owners(tenant, user),
        url=people_search_url(tenant, "workspace"),
        label=_("New owner"),
        help_text=_("Type a member's name and choose, or type an e-mail address."),
    )
    return PickForm(data, "successor", field, auto_id="hand-over-%s")


def _find_heir_form(tenant: Workspace, user: User) -> PickForm | None:
    """Return the form, None where there is nobody to hand the workspace over to."""
    is_possible = tenant.kind != WorkspaceKind.PERSONAL and pick_new_owners(tenant, user).rows.exists()
    return build_heir_form(tenant, user) if is_possible else None


def show_settings(
    request: HttpRequest,
    tenant: Workspace,
    *,
    form: WorkspaceForm | None = None,
    gate: GoldenGateForm | None = None,
    heir: PickForm | None = None,
) -> HttpResponse:
    policy = get_sharing_policy(tenant.pk)
    form = form or WorkspaceForm(initial={"name": tenant.name, "accent": tenant.accent})
    gate = gate or GoldenGateForm(initial={"golden_pass_rate": policy.golden_pass_rate})
    context = {
        "workspace": tenant,
        "accent": tenant.accent,
        "form": form,
        "gate": gate,
        **build_accent_context(str(form["accent"].value() or "")),
        "publishing": PublishingForm(initial={"may_publish": not tenant.keeps_inside}),
        "may_delete": may_delete_workspace(person_of(request), tenant),
        "heir": heir or _find_heir_form(tenant, person_of(request)),
        "content_access_url": (
            reverse("gpts:content-access-list", args=[tenant.slug])
            if tenant.kind == WorkspaceKind.ENTERPRISE
            else ""
        ),
    }
    is_wrong = form.errors or gate.errors or (heir is not None and heir.errors)
    status = 400 if is_wrong else 200
    return render(request, "workspaces/admin/settings.html", context, status=status)

"""/w/new and /w/<workspace>/admin/{settings,audit}."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from core.csv_files import write_csv
from core.errors import DomainError
from core.models import AuditEvent
from core.pagination import paginate
from workspaces.access import WorkspaceAct, access_workspace, may_delete_workspace
from workspaces.audit_labels import action_label
from workspaces.models import Workspace
from workspaces.queries import list_audit_actions, list_audit_events
from workspaces.services.sharing import get_golden_pass_rate, set_golden_pass_rate
from workspaces.services.workspaces import create_workspace, update_workspace
from workspaces.web.forms import GoldenGateForm, NewWorkspaceForm, WorkspaceForm, add_refusal
from workspaces.web.people import person_of

EXPORT_ROWS = 50_000
COLUMNS = ("sequence", "at", "action", "actor_label", "subject_type", "subject_id", "reason", "hash")


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    user = person_of(request)
    form = NewWorkspaceForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            workspace = create_workspace(name=form.cleaned_data["name"], by=user, at=timezone.now())
        except DomainError as error:
            add_refusal(form, error)
        else:
            messages.success(request, _("%(name)s is ready. Invite your colleagues.") % {"name": workspace})
            return redirect("workspaces:member-list", workspace.slug)
    return render(request, "workspaces/new.html", {"form": form}, status=400 if form.errors else 200)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def settings(request: HttpRequest, workspace: str) -> HttpResponse:
    user = person_of(request)
    tenant = access_workspace(user, workspace, to=WorkspaceAct.ADMINISTER)
    form = WorkspaceForm(request.POST or None, initial={"name": tenant.name, "accent": tenant.accent})
    if request.method == "POST" and form.is_valid():
        try:
            update_workspace(workspace=tenant, **form.cleaned_data, by=user, at=timezone.now())
        except DomainError as error:
            add_refusal(form, error)
        else:
            messages.success(request, _("Saved"))
            return redirect("workspaces:workspace-settings", tenant.slug)
    gate = GoldenGateForm(initial={"golden_pass_rate": get_golden_pass_rate(tenant)})
    return _settings_page(request, tenant, form, gate)


@login_required
@require_POST
def golden_gate(request: HttpRequest, workspace: str) -> HttpResponse:
    """Set the share of golden prompts that must pass before a GPT of the workspace is shared."""
    user = person_of(request)
    tenant = access_workspace(user, workspace, to=WorkspaceAct.ADMINISTER)
    gate = GoldenGateForm(request.POST)
    if gate.is_valid():
        rate = gate.cleaned_data["golden_pass_rate"]
        set_golden_pass_rate(workspace=tenant, rate=rate, by=user, at=timezone.now())
        messages.success(request, _("Saved"))
        return redirect("workspaces:workspace-settings", tenant.slug)
    form = WorkspaceForm(initial={"name": tenant.name, "accent": tenant.accent})
    return _settings_page(request, tenant, form, gate)


def _settings_page(
    request: HttpRequest, tenant: Workspace, form: WorkspaceForm, gate: GoldenGateForm
) -> HttpResponse:
    context = {
        "workspace": tenant,
        "accent": tenant.accent,
        "form": form,
        "gate": gate,
        "may_delete": may_delete_workspace(person_of(request), tenant),
    }
    status = 400 if form.errors or gate.errors else 200
    return render(request, "workspaces/admin/settings.html", context, status=status)


@login_required
@require_safe
def audit(request: HttpRequest, workspace: str) -> HttpResponse:
    """Show the audit log; ``format=csv`` downloads up to 50,000 events, newest first."""
    tenant = access_workspace(person_of(request), workspace, to=WorkspaceAct.ADMINISTER)
    actions = list_audit_actions(tenant)
    action = request.GET.get("action", "")
    events = list_audit_events(tenant, action=action if action in actions else "")
    if request.GET.get("format") == "csv":
        return _csv(events.order_by("-id")[:EXPORT_ROWS], name=f"audit-{tenant.slug}.csv")
    page = paginate(events, order=("-id",), cursor=request.GET.get("cursor", ""), size=50)
    for event in page.items:
        event.label = action_label(event.action)  # type: ignore[attr-defined]  # for the template only
    context = {
        "workspace": tenant,
        "accent": tenant.accent,
        "page": page,
        "actions": [(name, action_label(name)) for name in actions],
        "action": action,
    }
    return render(request, "workspaces/admin/audit.html", context)


def _csv(events: QuerySet[AuditEvent], *, name: str) -> HttpResponse:
    rows = (_build_row(event) for event in events)
    response = HttpResponse(write_csv(COLUMNS, rows), content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _build_row(event: AuditEvent) -> list[str]:
    values = {column: getattr(event, column) for column in COLUMNS}
    # The name as it is now, a pseudonym after the account was deleted.
    values["actor_label"] = event.actor or ""
    return [str(values[column]) for column in COLUMNS]

"""/operator/workspaces: finding a workspace, its figures, its kind, seats and quotas, suspending it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from core.audit_words import Reader
from core.errors import DomainError
from core.instance_settings import get_setting
from core.pagination import paginate
from gpts.assistants.queries.gpts import count_workspace_gpts
from gpts.knowledge.queries import sum_knowledge_bytes
from gpts.metering.queries.instance import sum_usage
from workspaces.access import access_any_workspace
from workspaces.audit_filter import AuditFilter
from workspaces.audit_log import describe_events
from workspaces.models import User, Workspace
from workspaces.queries import (
    WorkspaceState,
    is_workspace_deleted,
    list_all_workspaces,
    list_audit_events,
    list_members,
    list_owners,
)
from workspaces.services.workspace_control import (
    MAX_LIMIT,
    restore_workspace,
    set_workspace_limits,
    suspend_workspace,
)
from workspaces.states import COMPANY_KINDS, WorkspaceKind
from workspaces.web.forms import add_refusal
from workspaces.web.people import person_of
from workspaces.web.reauthentication import ask_again
from workspaces.web.staff import staff_required

PAGE_ROWS = 50
EVENTS_SHOWN = 20
USAGE = timedelta(days=30)
MEGABYTE = 1024 * 1024


class LimitsForm(forms.Form):
    """Kind, seats and quotas; an empty number means no limit of its own."""

    kind = forms.ChoiceField(
        label=gettext_lazy("Kind"),
        choices=[(kind.value, kind.label) for kind in COMPANY_KINDS],
        help_text=gettext_lazy("Enterprises also have permission sets and single sign-on."),
    )
    seats = forms.IntegerField(
        label=gettext_lazy("Seats"),
        required=False,
        min_value=0,
        max_value=MAX_LIMIT["seats"],
        help_text=gettext_lazy("How many members it may have. Nobody is removed when there are more."),
    )
    knowledge = forms.IntegerField(
        label=gettext_lazy("Knowledge, in MB"),
        required=False,
        min_value=0,
        max_value=MAX_LIMIT["knowledge_bytes"] // MEGABYTE,
        help_text=gettext_lazy("All files of its GPTs together. Empty: as for every workspace."),
    )
    gpt_limit = forms.IntegerField(
        label=gettext_lazy("GPTs"),
        required=False,
        min_value=0,
        max_value=MAX_LIMIT["gpt_limit"],
        help_text=gettext_lazy("How many GPTs it may have. Those that exist stay."),
    )

    def __init__(self, data: Any = None, *, workspace: Workspace) -> None:
        super().__init__(data, initial=_get_limits(workspace))
        if workspace.kind == WorkspaceKind.PERSONAL:
            for name in ("kind", "seats"):
                del self.fields[name]

    def get_values(self) -> dict[str, Any]:
        values = dict(self.cleaned_data)
        megabytes = values.pop("knowledge")
        return values | {"knowledge_bytes": None if megabytes is None else megabytes * MEGABYTE}


def _get_limits(workspace: Workspace) -> dict[str, Any]:
    held = workspace.knowledge_bytes
    return {
        "kind": workspace.kind,
        "seats": workspace.seats,
        "knowledge": None if held is None else held // MEGABYTE,
        "gpt_limit": workspace.gpt_limit,
    }


@require_safe
@staff_required("operator")
def workspaces(request: HttpRequest) -> HttpResponse:
    """List workspaces, newest first; ``q`` searches, ``kind`` and ``state`` narrow."""
    wanted = {name: request.GET.get(name, "")[:200] for name in ("q", "kind", "state")}
    page = paginate(
        list_all_workspaces(**wanted), order=("-id",), cursor=request.GET.get("cursor", ""), size=PAGE_ROWS
    )
    context = {"page": page, **wanted, "kinds": WorkspaceKind.choices, "states": WorkspaceState.choices}
    return render(request, "workspaces/operator/workspaces.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@staff_required("operator")
def workspace_page(request: HttpRequest, workspace: str) -> HttpResponse:
    """Show one workspace; POST sets its kind, seats and quotas."""
    tenant = access_any_workspace(workspace)
    form = LimitsForm(request.POST if request.method == "POST" else None, workspace=tenant)
    if request.method == "POST" and form.is_valid():
        try:
            set_workspace_limits(
                workspace=tenant, values=form.get_values(), by=person_of(request), at=timezone.now()
            )
        except DomainError as error:
            add_refusal(form, error)
        else:
            messages.success(request, _("Saved"))
            return redirect("workspaces:operator-workspace-show", tenant.slug)
    object_key = f"workspaces.workspace:{tenant.pk}"
    events = list_audit_events(None, AuditFilter(object=object_key)).order_by("-id")[:EVENTS_SHOWN]
    context = {
        "tenant": tenant,
        "form": form,
        "owners": list_owners(tenant),
        "members": list_members(tenant).count(),
        "is_personal": tenant.kind == WorkspaceKind.PERSONAL,
        "is_deleted": is_workspace_deleted(tenant),
        "gpts": count_workspace_gpts(tenant.pk),
        "knowledge": sum_knowledge_bytes(tenant.pk),
        "knowledge_limit": get_setting("knowledge_workspace_bytes")
        if tenant.knowledge_bytes is None
        else tenant.knowledge_bytes,
        "usage": sum_usage(tenant.pk, since=timezone.now() - USAGE),
        "currency": settings.PAYOUT_CURRENCY,
        "entries": describe_events(events, Reader(person_of(request), None)),
        "object_key": object_key,
    }
    status = 400 if form.errors else 200
    return render(request, "workspaces/operator/workspace.html", context, status=status)


@require_POST
@staff_required("operator")
def suspend(request: HttpRequest, workspace: str) -> HttpResponse:
    ask_again(request)
    return _act(
        request,
        workspace,
        lambda tenant, by, reason: suspend_workspace(
            workspace=tenant, reason=reason, by=by, at=timezone.now()
        ),
        _("The workspace is suspended."),
    )


@require_POST
@staff_required("operator")
def restore(request: HttpRequest, workspace: str) -> HttpResponse:
    ask_again(request)
    return _act(
        request,
        workspace,
        lambda tenant, by, reason: restore_workspace(
            workspace=tenant, reason=reason, by=by, at=timezone.now()
        ),
        _("The workspace is open again."),
    )


def _act(
    request: HttpRequest, slug: str, act: Callable[[Workspace, User, str], object], success: str
) -> HttpResponse:
    tenant = access_any_workspace(slug)
    try:
        act(tenant, person_of(request), request.POST.get("reason", ""))
    except DomainError as error:
        messages.error(request, str(error.message))
    else:
        messages.success(request, success)
    return redirect("workspaces:operator-workspace-show", tenant.slug)

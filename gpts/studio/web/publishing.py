"""/w/<workspace>/admin/publishing: what waits for approval in the company, and when it is needed."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from core.errors import DomainError, InvalidInput
from core.pagination import paginate
from gpts.assistants.models import LiveVersion, PublishRequest
from gpts.assistants.models.publishing import NOTE_LENGTH
from gpts.assistants.queries.publishing import (
    get_approval_need,
    list_answered_publish_requests,
    list_open_publish_requests,
)
from gpts.assistants.states import ApprovalNeed, Audience, PublishState
from gpts.evals.queries import find_finished_run
from gpts.evals.states import GoldenKind
from gpts.llm.catalogue import get_usable_model
from gpts.llm.states import Capability
from gpts.studio.access import access_publish_request
from gpts.studio.services.publishing import (
    approve_publish_request,
    is_of,
    send_back_publish_request,
    set_publishing_rule,
)
from workspaces.access import WorkspaceAct, access_workspace
from workspaces.web.people import person_of

ROWS, OPEN_ROWS = 50, 200


@login_required
@require_http_methods(["GET", "HEAD"])
def publishing_list(request: HttpRequest, workspace: str) -> HttpResponse:
    user = person_of(request)
    tenant = access_workspace(user, workspace, to=WorkspaceAct.MANAGE_GPTS)
    page = paginate(
        list_answered_publish_requests(tenant),
        order=("-decided_at", "-id"),
        cursor=request.GET.get("cursor", ""),
        size=ROWS,
    )
    need = get_approval_need(tenant.pk)
    context = {
        "workspace": tenant,
        "accent": tenant.accent,
        "waiting": [
            {"request": one, "is_own": is_of(one, user)}
            for one in list_open_publish_requests(tenant)[:OPEN_ROWS]
        ],
        "page": page,
        "need": need,
        "need_label": need.label,
        "needs": [{"value": one.value, "label": one.label, "text": _explain(one)} for one in ApprovalNeed],
        "may_set": user.has_perm(WorkspaceAct.MANAGE_SETTINGS, tenant),
    }
    return render(request, "gpts/studio/publishing_list.html", context)


def _explain(need: ApprovalNeed) -> str:
    return {
        ApprovalNeed.NONE: _("The sharing policy alone decides who may share with whom."),
        ApprovalNeed.OUTSIDE: _("Links for anyone, and the public store. Inside, builders share at once."),
        ApprovalNeed.COMPANY: _("Also the company's store. Single people and groups get it at once."),
    }[need]


@login_required
@require_POST
def publishing_rule(request: HttpRequest, workspace: str) -> HttpResponse:
    user = person_of(request)
    tenant = access_workspace(user, workspace, to=WorkspaceAct.MANAGE_SETTINGS)
    try:
        set_publishing_rule(workspace=tenant, need=request.POST.get("need", ""), by=user, at=timezone.now())
    except DomainError as refusal:
        messages.error(request, str(refusal.message))
    else:
        messages.success(request, _("Saved"))
    return redirect("gpts:publishing-list", tenant.slug)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def publishing_show(request: HttpRequest, workspace: str, request_id: int) -> HttpResponse:
    """One request: the version, what differs from what is live, its tests, and the decision."""
    user = person_of(request)
    tenant = access_workspace(user, workspace, to=WorkspaceAct.MANAGE_GPTS)
    asked = access_publish_request(request_id, workspace=tenant)
    refusal: DomainError | None = None
    if request.method == "POST":
        try:
            said = decide(asked, request.POST.get("act", ""), request.POST.get("reason", ""), user)
        except DomainError as error:
            refusal = error
        else:
            messages.success(request, said)
            return redirect("gpts:publishing-list", tenant.slug)
    return render(
        request,
        "gpts/studio/publishing_show.html",
        _build_context(asked, tenant, user) | {"refusal": refusal, "reason": request.POST.get("reason", "")},
        status=200 if refusal is None else refusal.status,
    )


def decide(asked: PublishRequest, act: str, reason: str, user: Any) -> str:
    """Approve or send back; return what the person reads then. Raises as the services do."""
    now = timezone.now()
    if act == "approve":
        approve_publish_request(request=asked, by=user, at=now)
        if asked.audience == Audience.PUBLIC:
            return _("Approved. Whoever asked can submit it to the public store now.")
        return _("Approved. Version %(number)d is live.") % {"number": asked.version.number}
    if act == "send_back":
        send_back_publish_request(request=asked, reason=reason, by=user, at=now)
        return _("Sent back. Who asked reads your reason.")
    raise InvalidInput(_("Choose what to do."), code="unknown_choice", field="act")


def _build_context(asked: PublishRequest, tenant: Any, user: Any) -> dict[str, Any]:
    gpt, version = asked.gpt, asked.version
    live = LiveVersion.objects.filter(gpt=gpt).select_related("version").order_by("-version__number")
    before = next((row for row in live if row.audience == asked.audience), None) or next(iter(live), None)
    return {
        "workspace": tenant,
        "accent": tenant.accent,
        "asked": asked,
        "gpt": gpt,
        "version": version,
        "before": before if before is not None and before.version_id != version.pk else None,
        "audience": Audience(asked.audience).label,
        "model": get_usable_model(version, tenant),
        "capabilities": [Capability(one).label for one in version.capabilities if one in Capability.values],
        "golden": find_finished_run(gpt, version.content_hash, GoldenKind.GOLDEN),
        "leak": find_finished_run(gpt, version.content_hash, GoldenKind.LEAK),
        "is_own": is_of(asked, user),
        "is_open": asked.state == PublishState.OPEN,
        "longest": NOTE_LENGTH,
    }

"""Break-glass access: /w/<workspace>/admin/content for two people of a company, /settings/content-access for
everybody about their own conversations."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from core.errors import DomainError
from core.pagination import paginate
from gpts.chat.access import access_content_access, access_open_content
from gpts.chat.models import ContentAccess
from gpts.chat.models.content_access import REASON_LENGTH
from gpts.chat.queries.content_access import (
    find_opened_conversation,
    is_content_access_allowed,
    is_open,
    list_accesses_to_own_content,
    list_content_accesses,
    list_opened_conversations,
    list_workspaces_that_open,
    read_as_person,
)
from gpts.chat.queries.retention import list_retention_of
from gpts.chat.services.content_access import (
    WAITS_FOR,
    answer_content_access,
    close_content_access,
    record_reading,
    request_content_access,
    set_content_access,
)
from gpts.chat.services.share_links import build_snapshot
from gpts.chat.states import ContentAccessState
from gpts.chat.web.rendered_turns import get_icon_url
from gpts.chat.web.share_links import render_snapshot_turns
from workspaces.access import WorkspaceAct, access_workspace, not_found
from workspaces.models import User, Workspace
from workspaces.states import WorkspaceKind
from workspaces.web.forms import add_refusal
from workspaces.web.people import person_of
from workspaces.web.reauthentication import asks_again

ROWS = 20


class ContentRequestForm(forms.Form):
    """Whose conversations, of which days, and why."""

    email = forms.EmailField(label=gettext_lazy("E-mail address of the person"), max_length=254)
    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        max_length=REASON_LENGTH,
        help_text=gettext_lazy("The person reads it, and so does whoever answers."),
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    since = forms.DateField(
        label=gettext_lazy("From day"), required=False, widget=forms.DateInput(attrs={"type": "date"})
    )
    until = forms.DateField(
        label=gettext_lazy("To day"), required=False, widget=forms.DateInput(attrs={"type": "date"})
    )


@asks_again("POST")
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def content_access_list(request: HttpRequest, workspace: str) -> HttpResponse:
    """The rule, open and past accesses, and a form that asks for another."""
    user = person_of(request)
    tenant = access_workspace(user, workspace, to=WorkspaceAct.OPEN_CONTENT)
    form = ContentRequestForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            request_content_access(workspace=tenant, **form.cleaned_data, by=user, at=timezone.now())
        except DomainError as error:
            add_refusal(form, error)
        else:
            messages.success(request, _("Asked. Another person must agree before anything opens."))
            return redirect("gpts:content-access-list", tenant.slug)
    return _show_list(request, tenant, user, form)


def _show_list(request: HttpRequest, tenant: Workspace, user: User, form: ContentRequestForm) -> HttpResponse:
    page = paginate(
        list_content_accesses(tenant), order=("-id",), cursor=request.GET.get("cursor", ""), size=ROWS
    )
    now = timezone.now()
    context = {
        "workspace": tenant,
        "accent": tenant.accent,
        "form": form,
        "is_enterprise": tenant.kind == WorkspaceKind.ENTERPRISE,
        "is_allowed": is_content_access_allowed(tenant.pk),
        "may_change_rule": user.has_perm(WorkspaceAct.OWN, tenant),
        "page": page,
        "rows": [_describe(access, user, at=now) for access in page.items],
    }
    return render(request, "gpts/chat/content_access.html", context, status=400 if form.errors else 200)


def _describe(access: ContentAccess, user: User, *, at: Any) -> dict[str, Any]:
    is_mine = user.pk in (access.requested_by_id, access.decided_by_id)
    is_waiting = access.state == ContentAccessState.REQUESTED
    return {
        "access": access,
        "is_open": is_open(access, at=at),
        "may_read": is_mine and is_open(access, at=at),
        "may_answer": is_waiting
        and at - access.requested_at < WAITS_FOR
        and user.pk not in (access.requested_by_id, access.person_id),
        "may_close": is_open(access, at=at) or is_waiting,
        "is_about_me": access.person_id == user.pk,
    }


@asks_again("POST")
@login_required
@require_POST
def content_access_rule(request: HttpRequest, workspace: str) -> HttpResponse:
    """Allow that two people open conversations, or not. For owners."""
    user = person_of(request)
    tenant = access_workspace(user, workspace, to=WorkspaceAct.OWN)
    is_allowed = request.POST.get("is_allowed") == "1"
    set_content_access(workspace=tenant, is_allowed=is_allowed, by=user, at=timezone.now())
    messages.success(
        request,
        _("Allowed. Every member is being told.") if is_allowed else _("Nobody can open conversations now."),
    )
    return redirect("gpts:content-access-list", tenant.slug)


@asks_again("POST")
@login_required
@require_POST
def content_access_answer(request: HttpRequest, workspace: str, access_id: UUID) -> HttpResponse:
    user = person_of(request)
    tenant = access_workspace(user, workspace, to=WorkspaceAct.OPEN_CONTENT)
    access = access_content_access(tenant, access_id)
    is_approved = request.POST.get("answer") == "open"
    answer_content_access(access=access, is_approved=is_approved, by=user, at=timezone.now())
    if is_approved:
        messages.success(request, _("Open for 24 hours. The person was told."))
        return redirect("gpts:opened-conversation-list", tenant.slug, access.pk)
    messages.success(request, _("Refused. Nothing was opened."))
    return redirect("gpts:content-access-list", tenant.slug)


@login_required
@require_POST
def content_access_close(request: HttpRequest, workspace: str, access_id: UUID) -> HttpResponse:
    user = person_of(request)
    tenant = access_workspace(user, workspace, to=WorkspaceAct.OPEN_CONTENT)
    close_content_access(access=access_content_access(tenant, access_id), by=user, at=timezone.now())
    messages.success(request, _("Closed."))
    return redirect("gpts:content-access-list", tenant.slug)


@login_required
@require_safe
def opened_list(request: HttpRequest, workspace: str, access_id: UUID) -> HttpResponse:
    """The conversations that an open access covers, by their titles."""
    user = person_of(request)
    tenant = access_workspace(user, workspace, to=WorkspaceAct.OPEN_CONTENT)
    access = access_open_content(user, tenant, access_id, at=timezone.now())
    with read_as_person(access):
        page = paginate(
            list_opened_conversations(access),
            order=("-updated_at", "-id"),
            cursor=request.GET.get("cursor", ""),
            size=ROWS,
        )
    context = {"workspace": tenant, "accent": tenant.accent, "access": access, "page": page}
    return _keep_private(render(request, "gpts/chat/opened_conversations.html", context))


@login_required
@require_safe
def opened_show(request: HttpRequest, workspace: str, access_id: UUID, conversation_id: UUID) -> HttpResponse:
    """The shown turns of one conversation, as a share link would show them; written into the audit log."""
    user, now = person_of(request), timezone.now()
    tenant = access_workspace(user, workspace, to=WorkspaceAct.OPEN_CONTENT)
    access = access_open_content(user, tenant, access_id, at=now)
    with read_as_person(access):
        conversation = find_opened_conversation(access, conversation_id)
        content = build_snapshot(conversation) if conversation is not None else None
    if conversation is None or content is None:
        raise not_found()
    record_reading(access=access, conversation_id=conversation.pk, by=user, at=now)
    context = {
        "workspace": tenant,
        "accent": tenant.accent,
        "access": access,
        "title": conversation.title or content["gpt"]["name"],
        "name": content["gpt"]["name"],
        "icon_url": get_icon_url(content["gpt"]["icon"]),
        "category": content["gpt"]["category"],
        "drawn_for": content["gpt"]["slug"],
        "turns": render_snapshot_turns(content["turns"], access.person_id),
    }
    return _keep_private(render(request, "gpts/chat/opened_conversation.html", context))


def _keep_private(response: HttpResponse) -> HttpResponse:
    response.headers["Referrer-Policy"] = "same-origin"
    return response


@login_required
@require_safe
def own_accesses(request: HttpRequest) -> HttpResponse:
    """Who opened the person's conversations, and why."""
    person = person_of(request)
    page = paginate(
        list_accesses_to_own_content(person),
        order=("-id",),
        cursor=request.GET.get("cursor", ""),
        size=ROWS,
    )
    now = timezone.now()
    allowing = list_workspaces_that_open(person)
    context = {
        "page": page,
        "rows": [{"access": access, "is_open": is_open(access, at=now)} for access in page.items],
        "allowing": _(", ").join(allowing),
        "allowing_count": len(allowing),
        "kept": list_retention_of(person),
    }
    return render(request, "gpts/chat/own_content_access.html", context)

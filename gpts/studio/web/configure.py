"""The Configure tab: the form of the draft, saved by a script while a person types, or as a plain form."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from core.errors import Conflict, DomainError
from gpts.assistants.access import access_gpt
from gpts.assistants.models import GPT
from gpts.assistants.rules import GPTAct
from gpts.assistants.services.gpts import serialize_draft_field, update_draft
from gpts.assistants.web.builder_frame import (
    build_page_context,
    build_steps_context,
    get_builder_frame,
)
from gpts.studio.web.forms import DraftForm, build_starter_rows, read_draft_changes, show_refusal
from gpts.studio.web.icon import list_drawn_icons
from gpts.studio.web.preview_pane import build_preview_context
from workspaces.web.people import person_of


@login_required
@require_http_methods(["GET", "POST"])
def configure(request: HttpRequest, slug: str) -> HttpResponse:
    user = person_of(request)
    if request.method == "POST":
        gpt = access_gpt(user, slug, to=GPTAct.EDIT)
        return _autosave(request, gpt) if _wants_json(request) else _save_form(request, gpt)
    gpt = access_gpt(user, slug, to=GPTAct.VIEW_SETTINGS)
    frame = get_builder_frame(user, gpt)
    form = DraftForm(gpt=gpt, may_edit=frame.may_edit, person=person_of(request))
    return _render_page(request, gpt, form, starters=list(gpt.starters), frame=frame)


def _wants_json(request: HttpRequest) -> bool:
    return request.accepts("application/json") and not request.accepts("text/html")


def _read_revision(request: HttpRequest) -> int:
    sent = request.POST.get("revision", "")
    return int(sent) if sent.isdecimal() and len(sent) < 10 else 0


def _autosave(request: HttpRequest, gpt: GPT) -> JsonResponse:
    """Save for a script: answer with the new revision, the errors by field, or the current values (409)."""
    changes = read_draft_changes(request.POST)
    try:
        saved = update_draft(
            gpt=gpt,
            revision=_read_revision(request),
            changes=changes,
            by=person_of(request),
            at=timezone.now(),
        )
    except DomainError as refusal:
        errors = refusal.data.get("errors") or {refusal.field: str(refusal.message)}
        body: dict[str, Any] = {"code": refusal.code, "message": str(refusal.message), "errors": errors}
        if isinstance(refusal, Conflict):
            body |= {"revision": refusal.data.get("revision"), "fresh": refusal.data.get("fields", {})}
        return JsonResponse(body, status=refusal.status)
    return JsonResponse(
        {
            "revision": saved.draft_revision,
            "saved_at": saved.updated_at.isoformat(),
            "values": {field: serialize_draft_field(saved, field) for field in changes},
        }
    )


def _save_form(request: HttpRequest, gpt: GPT) -> HttpResponse:
    form = DraftForm(request.POST, gpt=gpt, may_edit=True, person=person_of(request))
    starters = request.POST.getlist("starters")
    try:
        update_draft(
            gpt=gpt,
            revision=_read_revision(request),
            changes=read_draft_changes(request.POST),
            by=person_of(request),
            at=timezone.now(),
        )
    except DomainError as refusal:
        show_refusal(form, refusal)
        conflict = refusal.data if isinstance(refusal, Conflict) and "fields" in refusal.data else None
        extra = {"conflict": _build_conflict_rows(conflict, form)} if conflict else {}
        return _render_page(
            request, gpt, form, starters=starters, status=refusal.status, refusal=refusal, **extra
        )
    messages.success(request, _("Saved."))
    return redirect("gpts:build-configure", gpt.slug)


def _build_conflict_rows(conflict: dict[str, Any], form: DraftForm) -> dict[str, Any]:
    """Return the current values of the fields in conflict, for the page without scripts."""
    rows = []
    for name, value in conflict["fields"].items():
        label = form.fields[name].label if name in form.fields else _("Conversation starters")
        rows.append(
            {"label": label, "value": "\n".join(map(str, value)) if isinstance(value, list) else value}
        )
    return {"revision": conflict["revision"], "rows": rows}


def _render_page(
    request: HttpRequest,
    gpt: GPT,
    form: DraftForm,
    *,
    starters: list[str],
    status: int = 200,
    **extra: Any,
) -> HttpResponse:
    user = person_of(request)
    frame = extra.pop("frame", None) or get_builder_frame(user, gpt)
    conflict = extra.get("conflict")
    refusal = extra.get("refusal")
    context = build_page_context(
        request,
        gpt,
        "configure",
        frame=frame,
        form=form,
        starters=build_starter_rows(starters, may_edit=frame.may_edit),
        starter_error="" if refusal is None else refusal.data.get("errors", {}).get("starters", ""),
        **build_preview_context(gpt, user),
        **build_steps_context(gpt, user),
        drawn_icons=list_drawn_icons(gpt) if frame.may_edit else [],
        # Saving again after the conflict was shown overwrites the current values.
        revision=conflict["revision"] if conflict else gpt.draft_revision,
        **extra,
    )
    return render(request, "gpts/studio/configure.html", context, status=status)

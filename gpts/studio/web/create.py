"""The Create tab: a conversation that fills the draft, with undo for each change."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from core.errors import Conflict, DomainError
from core.markdown import render as render_markdown
from core.scope import open_scope
from gpts.assistants.access import access_gpt
from gpts.assistants.models import GPT
from gpts.assistants.rules import GPTAct
from gpts.assistants.web.builder_frame import build_page_context, build_steps_context
from gpts.chat.states import MessageRole
from gpts.chat.streaming.responses import get_offset, run_or_find, stream, wants_stream
from gpts.chat.streaming.threads import chat_view
from gpts.chat.web.turns import SignedOut, get_requester
from gpts.llm.failure_messages import get_failure_message
from gpts.llm.states import ProviderKind, TurnState
from gpts.studio.access import access_create_change
from gpts.studio.create.begin import (
    begin_message,
    find_answer,
    get_builder_model,
    is_interview_model,
    stop_create_answer,
)
from gpts.studio.create.interview import build_opening_question, choose_first_step
from gpts.studio.create.shown import (
    build_draft_data,
    describe_missing_functions,
    get_draft_values,
    get_note,
)
from gpts.studio.models import BuilderMessage
from gpts.studio.queries import is_lost, list_create_messages
from gpts.studio.services.create import reset_conversation, set_change_state
from gpts.studio.states import BuilderChangeState
from gpts.studio.web.preview_pane import build_preview_context
from workspaces.access import scope_for
from workspaces.web.people import person_of
from workspaces.web.refusals import error_body


@login_required
@require_GET
def create(request: HttpRequest, slug: str) -> HttpResponse:
    gpt = access_gpt(person_of(request), slug, to=GPTAct.VIEW_SETTINGS)
    return render(request, "gpts/studio/create.html", _build_context(request, gpt))


def _build_context(request: HttpRequest, gpt: GPT, **extra: Any) -> dict[str, Any]:
    user = person_of(request)
    rows = list_create_messages(user, gpt)
    now = timezone.now()
    model = get_builder_model(gpt, user_id=user.pk)
    is_interview = is_interview_model(model)
    has_language_model = model is not None and model.provider.kind != ProviderKind.OFFLINE
    question, choices = build_opening_question(
        choose_first_step(get_draft_values(gpt)), get_draft_values(gpt)
    )
    shown = [_build_row(message, now=now) for message in rows]
    return build_page_context(
        request,
        gpt,
        "create",
        shown=shown,
        is_interview=is_interview,
        interview_reason=describe_missing_functions(model) if is_interview and has_language_model else "",
        opening=question if is_interview else "",
        choices=rows[-1].choices if rows else choices if is_interview else [],
        waiting=bool(shown) and shown[-1]["is_running"],
        unanswered=_find_unanswered_text(shown, rows),
        **build_preview_context(gpt, user),
        **build_steps_context(gpt, user),
        **extra,
    )


def _build_row(message: BuilderMessage, *, now: Any) -> dict[str, Any]:
    lost = is_lost(message, now)
    return {
        "message": message,
        "is_question": message.role == MessageRole.USER,
        "html": render_markdown(message.content, person_id=message.user_id) if message.content else "",
        "changes": list(message.changes.all()),
        "is_running": message.state == TurnState.RUNNING and not lost,
        "is_stopped": message.state == TurnState.STOPPED,
        "note": get_failure_message("interrupted") if lost else get_note(message),
    }


def _find_unanswered_text(shown: list[dict[str, Any]], rows: list[BuilderMessage]) -> str:
    """Return the last question if it got no answer, for “Try again”."""
    if len(rows) < 2 or not shown[-1]["note"] or rows[-1].state == TurnState.FINISHED:
        return ""
    return rows[-2].content if rows[-2].role == MessageRole.USER else ""


@chat_view
@require_POST
def create_message(request: HttpRequest, slug: str) -> HttpResponseBase:
    """Answer with a stream of events; without JavaScript redirect to the page, which refreshes until its end.

    With a Last-Event-ID the text is ignored, and the stream resumes the newest answer after that event.
    """
    try:
        requester = get_requester(request)
        if "Last-Event-ID" in request.headers:
            started = find_answer(requester, slug)
        else:
            started = begin_message(requester, slug, request.POST.get("text", ""))
    except DomainError as refusal:
        return _refuse(request, slug, refusal)
    if wants_stream(request):
        return stream(started, offset=get_offset(request))
    run_or_find(started)
    return redirect("gpts:build-create", slug)


@login_required
@require_POST
def stop(request: HttpRequest, slug: str) -> HttpResponse:
    """Stop the running answer; its changes stay and can be undone."""
    user = person_of(request)
    gpt = access_gpt(user, slug, to=GPTAct.EDIT)
    is_stopping = stop_create_answer(user, gpt)
    if request.accepts("application/json") and not request.accepts("text/html"):
        return JsonResponse({"is_stopping": is_stopping}, status=202)
    return redirect("gpts:build-create", slug)


def _refuse(request: HttpRequest, slug: str, refusal: DomainError) -> HttpResponse:
    """Tell a script the refusal; otherwise show the page again with it and the text still in the composer."""
    if wants_stream(request):
        return JsonResponse(error_body(refusal), status=refusal.status)
    if isinstance(refusal, SignedOut):
        return redirect_to_login(request.get_full_path())
    if refusal.status in (403, 404):
        raise refusal
    user = person_of(request)
    with open_scope(scope_for(user)):
        gpt = access_gpt(user, slug, to=GPTAct.EDIT)
        context = _build_context(request, gpt, refusal=refusal, value=request.POST.get("text", ""))
        return render(request, "gpts/studio/create.html", context, status=refusal.status)


@login_required
@require_POST
def set_change(request: HttpRequest, slug: str, change_id: int) -> HttpResponse:
    """Undo or redo one change; 409 with the current value if the field was changed since, unless forced."""
    user = person_of(request)
    gpt = access_gpt(user, slug, to=GPTAct.EDIT)
    change = access_create_change(user, gpt, change_id)
    state = BuilderChangeState.APPLIED if request.POST.get("redo") else BuilderChangeState.UNDONE
    card = partial(render_to_string, "gpts/studio/_change.html", request=request)
    wants_json = request.accepts("application/json") and not request.accepts("text/html")
    try:
        changed = set_change_state(
            change=change,
            state=state,
            by=user,
            at=timezone.now(),
            is_forced=bool(request.POST.get("force")),
        )
    except DomainError as refusal:
        if not wants_json:
            messages.error(request, str(refusal.message))
            return redirect("gpts:build-create", slug)
        body: dict[str, Any] = error_body(refusal)
        if isinstance(refusal, Conflict):
            context = {"change": change, "gpt": gpt, "may_edit": True, "conflict": refusal.data}
            body["html"] = card(context=context)
        return JsonResponse(body, status=refusal.status)
    if not wants_json:
        return redirect("gpts:build-create", slug)
    fresh = access_gpt(user, slug, to=GPTAct.EDIT)
    html = card(context={"change": changed, "gpt": fresh, "may_edit": True})
    return JsonResponse({"html": html, "draft": build_draft_data(fresh), "revision": fresh.draft_revision})


@login_required
@require_POST
def reset(request: HttpRequest, slug: str) -> HttpResponse:
    user = person_of(request)
    gpt = access_gpt(user, slug, to=GPTAct.EDIT)
    try:
        reset_conversation(gpt=gpt, by=user, at=timezone.now())
    except DomainError as refusal:
        messages.error(request, str(refusal.message))
    else:
        messages.success(request, _("The conversation was emptied. The draft stays as it is."))
    return redirect("gpts:build-create", slug)

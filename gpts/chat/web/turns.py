"""Turns on pages: a POST answers with the stream itself, or with a redirect without JavaScript."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect, JsonResponse
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_POST

from core.errors import DomainError, Forbidden, NotFound, RateLimited, Unavailable
from core.scope import open_scope
from gpts.chat.streaming.begin import (
    Requester,
    StartedChatTurn,
    begin_continuation,
    begin_edit,
    begin_first_turn,
    begin_next_turn,
    begin_retry,
    find_turn,
)
from gpts.chat.streaming.responses import get_offset, run_or_find, stream, wants_stream
from gpts.chat.streaming.threads import chat_view
from gpts.chat.web.conversations import render_conversation_page, render_start_page
from gpts.chat.web.files import parse_file_ids
from gpts.metering.states import UsageSource
from workspaces.access import scope_for
from workspaces.models import User
from workspaces.queries import cache_user_roles
from workspaces.web.asked_question import get_question_url, keep_question, take_question
from workspaces.web.middleware import activate_preferences
from workspaces.web.people import person_of
from workspaces.web.refusals import error_body
from workspaces.web.session_rules import require_session_rules

# Fields of a first message that a kept question does not have.
_NOT_KEPT = ("temporary", "gpt", "attachments")


class SignedOut(Forbidden):
    """Nobody is signed in (any more); what was typed stays in the composer."""


def get_requester(request: HttpRequest) -> Requester:
    """The signed-in person, read from the session and the database."""
    user = request.user
    if not isinstance(user, User):
        raise SignedOut(_("You are signed out. Sign in in another tab, then send again."), code="signed_out")
    cache_user_roles(user)
    activate_preferences(request, user)
    require_session_rules(request, user, at=timezone.now())
    return Requester(user, scope_for(user), UsageSource.WEB, None, translation.get_language() or "en")


@chat_view
@require_POST
def turn_first(request: HttpRequest, slug: str) -> HttpResponseBase:
    is_draft = "draft" in request.POST or "draft" in request.GET
    files = parse_file_ids(request.POST)
    try:
        started = begin_first_turn(
            get_requester(request),
            slug,
            _field(request, "text"),
            _field(request, "key"),
            is_draft=is_draft,
            files=files,
            ask=_field(request, "gpt"),
            is_temporary=bool(_field(request, "temporary")),
            model=request.POST.get("model"),
            workspace=_field(request, "workspace"),
        )
    except SignedOut as error:
        return _refuse_signed_out(request, error, _keep_first_message(request, slug, is_draft=is_draft))
    except DomainError as error:
        return _refuse(request, error, render_start_page, slug=slug, is_draft=is_draft)
    return _answer(request, started)


@chat_view
@require_GET
def asked_send(request: HttpRequest, slug: str) -> HttpResponseBase:
    """Send the question that was asked before signing in, and go to its conversation.

    The question left the session with the first request, and its key is that of a repeated one, so it is sent
    once. Without a question this is an empty chat.
    """
    try:
        requester = get_requester(request)
    except SignedOut:
        return redirect_to_login(request.get_full_path())
    question = take_question(request, slug, at=timezone.now())
    if question is None:
        return HttpResponseRedirect(reverse("gpts:chat-start", args=[slug]))
    try:
        started = begin_first_turn(requester, slug, question.text, question.key, is_draft=False)
    except NotFound:
        messages.warning(request, _("This GPT is not available any more, so your question was not sent."))
        return HttpResponseRedirect(reverse("marketplace:storefront-show"))
    except DomainError as error:
        return _refuse(request, error, render_start_page, text=question.text, slug=slug, is_draft=False)
    return _answer(request, started)


@chat_view
@require_POST
def turn_start(request: HttpRequest, conversation_id: UUID) -> HttpResponseBase:
    files = parse_file_ids(request.POST)
    try:
        started = begin_next_turn(
            get_requester(request),
            conversation_id,
            _field(request, "text"),
            _field(request, "key"),
            files=files,
            ask=_field(request, "gpt"),
            model=request.POST.get("model"),
        )
    except SignedOut as error:
        page = reverse("gpts:conversation-show", args=[conversation_id])
        return _refuse_signed_out(request, error, page)
    except DomainError as error:
        return _refuse(request, error, render_conversation_page, conversation_id=conversation_id)
    return _answer(request, started)


@chat_view
@require_POST
def turn_retry(request: HttpRequest, conversation_id: UUID, turn_id: UUID) -> HttpResponseBase:
    try:
        started = begin_retry(get_requester(request), conversation_id, turn_id, _field(request, "key"))
    except SignedOut as error:
        page = reverse("gpts:conversation-show", args=[conversation_id])
        return _refuse_signed_out(request, error, page)
    except DomainError as error:
        return _refuse(request, error, render_conversation_page, conversation_id=conversation_id)
    return _answer(request, started)


@chat_view
@require_POST
def turn_continue(request: HttpRequest, conversation_id: UUID, turn_id: UUID) -> HttpResponseBase:
    key = _field(request, "key")
    try:
        started = begin_continuation(get_requester(request), conversation_id, turn_id, key)
    except SignedOut as error:
        page = reverse("gpts:conversation-show", args=[conversation_id])
        return _refuse_signed_out(request, error, page)
    except DomainError as error:
        return _refuse(request, error, render_conversation_page, conversation_id=conversation_id)
    return _answer(request, started)


@chat_view
@require_POST
def turn_edit(request: HttpRequest, conversation_id: UUID, turn_id: UUID) -> HttpResponseBase:
    text, key = _field(request, "text"), _field(request, "key")
    try:
        started = begin_edit(get_requester(request), conversation_id, turn_id, text, key)
    except SignedOut as error:
        page = reverse("gpts:conversation-show", args=[conversation_id])
        return _refuse_signed_out(request, error, page)
    except DomainError as error:
        return _refuse(request, error, render_conversation_page, conversation_id=conversation_id)
    return _answer(request, started)


@chat_view
@require_GET
def turn_events(request: HttpRequest, conversation_id: UUID, turn_id: UUID) -> HttpResponseBase:
    """Stream a turn from the reader's offset; a turn that has ended sends its end event."""
    try:
        started = find_turn(get_requester(request), conversation_id, turn_id)
    except DomainError as error:
        return JsonResponse(error_body(error), status=error.status)
    return stream(started, offset=get_offset(request))


def _answer(request: HttpRequest, started: StartedChatTurn) -> HttpResponseBase:
    if wants_stream(request):
        return stream(started)
    run_or_find(started)
    return HttpResponseRedirect(reverse("gpts:conversation-show", args=[started.conversation.pk]) + "#end")


def _refuse(
    request: HttpRequest,
    error: DomainError,
    page: Callable[..., HttpResponse],
    *,
    text: str | None = None,
    **arguments: Any,
) -> HttpResponseBase:
    """Tell a script the error; otherwise show ``page`` again with the error and the text still in it."""
    if wants_stream(request):
        response = JsonResponse(error_body(error), status=error.status)
        if isinstance(error, RateLimited | Unavailable):
            response["Retry-After"] = str(error.data.get("retry_after", 1))
        return response
    if error.status == 404:
        raise error
    value = _field(request, "text") if text is None else text
    with open_scope(scope_for(person_of(request))):
        shown = page(request, error=error, value=value, **arguments)
    shown.status_code = error.status
    return shown


def _refuse_signed_out(request: HttpRequest, error: SignedOut, page: str) -> HttpResponseBase:
    """Tell a script the error; otherwise go to sign-in, and from there to ``page``."""
    if wants_stream(request):
        return JsonResponse(error_body(error), status=error.status)
    return redirect_to_login(page)


def _keep_first_message(request: HttpRequest, slug: str, *, is_draft: bool) -> str:
    """Keep the message of a form until its person is signed in; return the page to go to then.

    Not one with files, to a draft, or of a temporary chat: what is sent later has none of these.
    """
    start = reverse("gpts:chat-start", args=[slug])
    if wants_stream(request) or is_draft or any(_field(request, name) for name in _NOT_KEPT):
        return start
    try:
        question = keep_question(request, slug=slug, text=_field(request, "text"), at=timezone.now())
    except DomainError:
        return start
    return get_question_url(question)


def _field(request: HttpRequest, name: str) -> str:
    """A field of the body; a page without JavaScript carries its key in the address."""
    value: Any = request.POST.get(name) or request.GET.get(name, "")
    return str(value)

"""Turns on pages: a POST answers with the stream itself, or with a redirect without JavaScript."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any
from uuid import UUID

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponseBase, HttpResponseRedirect, JsonResponse
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_POST

from core.errors import DomainError, Forbidden, RateLimited
from core.scope import open_scope
from gpts.chat.streaming.begin import (
    Begun,
    Caller,
    begin_edit,
    begin_first,
    begin_next,
    begin_retry,
    find_turn,
)
from gpts.chat.streaming.responses import offset_of, run, stream, wants_stream
from gpts.chat.streaming.threads import chat_view
from gpts.chat.web.conversations import render_conversation_page, render_start_page
from gpts.chat.web.files import parse_file_ids
from gpts.metering.states import UsageSource
from workspaces.access import scope_for
from workspaces.models import User
from workspaces.queries import cache_user_roles
from workspaces.web.middleware import activate_preferences
from workspaces.web.refusals import error_body

Begin = Callable[[Caller], Begun]
Page = Callable[..., HttpResponseBase]


class SignedOut(Forbidden):
    """Nobody is signed in (any more); what was typed stays in the composer."""


def caller_of(request: HttpRequest) -> Caller:
    """The signed-in person, read from the session and the database."""
    user = request.user
    if not isinstance(user, User):
        raise SignedOut(_("You are signed out. Sign in in another tab, then send again."), code="signed_out")
    cache_user_roles(user)
    activate_preferences(request, user)
    return Caller(user, scope_for(user), UsageSource.WEB, None, translation.get_language() or "en")


@chat_view
@require_POST
def turn_first(request: HttpRequest, slug: str) -> HttpResponseBase:
    text, key = _field(request, "text"), _field(request, "key")
    is_draft = "draft" in request.POST or "draft" in request.GET
    begin = partial(
        begin_first,
        slug=slug,
        text=text,
        key=key,
        is_draft=is_draft,
        files=parse_file_ids(request.POST),
        ask=_field(request, "gpt"),
        is_temporary=bool(_field(request, "temporary")),
        model=request.POST.get("model"),
    )
    return _answer(request, begin, partial(render_start_page, slug=slug, is_draft=is_draft))


@chat_view
@require_POST
def turn_start(request: HttpRequest, conversation_id: UUID) -> HttpResponseBase:
    text, key = _field(request, "text"), _field(request, "key")
    files = parse_file_ids(request.POST)
    begin = partial(
        begin_next,
        conversation_id=conversation_id,
        text=text,
        key=key,
        files=files,
        ask=_field(request, "gpt"),
        model=request.POST.get("model"),
    )
    return _answer(request, begin, partial(render_conversation_page, conversation_id=conversation_id))


@chat_view
@require_POST
def turn_retry(request: HttpRequest, conversation_id: UUID, turn_id: UUID) -> HttpResponseBase:
    begin = partial(begin_retry, conversation_id=conversation_id, turn_id=turn_id, key=_field(request, "key"))
    return _answer(request, begin, partial(render_conversation_page, conversation_id=conversation_id))


@chat_view
@require_POST
def turn_edit(request: HttpRequest, conversation_id: UUID, turn_id: UUID) -> HttpResponseBase:
    text, key = _field(request, "text"), _field(request, "key")
    begin = partial(begin_edit, conversation_id=conversation_id, turn_id=turn_id, text=text, key=key)
    return _answer(request, begin, partial(render_conversation_page, conversation_id=conversation_id))


@chat_view
@require_GET
def turn_events(request: HttpRequest, conversation_id: UUID, turn_id: UUID) -> HttpResponseBase:
    """Read along with a turn from where this reader stopped; a turn that has ended sends its end."""
    try:
        caller = caller_of(request)
        begun = find_turn(caller, conversation_id, turn_id)
    except DomainError as error:
        return JsonResponse(error_body(error), status=error.status)
    return stream(begun, caller, offset=offset_of(request))


def _answer(request: HttpRequest, begin: Begin, page: Page) -> HttpResponseBase:
    is_stream = wants_stream(request)
    try:
        caller = caller_of(request)
        begun = begin(caller)
    except SignedOut as error:
        if is_stream:
            return JsonResponse(error_body(error), status=error.status)
        return redirect_to_login(request.get_full_path())
    except DomainError as error:
        if is_stream:
            return _refusal(error)
        if error.status == 404:
            raise
        return _page_with_error(request, page, error)
    if is_stream:
        return stream(begun, caller)
    run(begun, caller)
    return HttpResponseRedirect(reverse("gpts:conversation-show", args=[begun.conversation.pk]) + "#end")


def _page_with_error(request: HttpRequest, page: Page, error: DomainError) -> HttpResponseBase:
    """The page again, with what went wrong above the composer and the text still in it."""
    with open_scope(scope_for(request.user)):
        response = page(request, error=error, value=_field(request, "text"))
    response.status_code = error.status
    return response


def _refusal(error: DomainError) -> JsonResponse:
    response = JsonResponse(error_body(error), status=error.status)
    if isinstance(error, RateLimited):
        response["Retry-After"] = str(error.data.get("retry_after", 1))
    return response


def _field(request: HttpRequest, name: str) -> str:
    """A field of the body; a page without JavaScript carries its key in the address."""
    value: Any = request.POST.get(name) or request.GET.get(name, "")
    return str(value)

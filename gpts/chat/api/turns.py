"""Turns in the API: JSON when they have ended, or server-sent events for who accepts them. Asynchronous."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponseBase, JsonResponse
from django.utils import timezone, translation
from django.utils.translation import gettext_lazy as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_POST

from core.errors import DomainError, Forbidden, InvalidInput
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
from gpts.chat.streaming.responses import get_offset, stream, wait_for_end, wants_stream
from gpts.chat.streaming.threads import in_thread
from gpts.chat.web.files import parse_ids
from gpts.llm.states import TurnState
from gpts.metering.states import UsageSource
from workspaces.models import ApiKey
from workspaces.web.middleware import authenticate_bearer
from workspaces.web.refusals import error_body

Body = dict[str, Any]


class KeyRefused(DomainError):
    """No key, or one that is unknown, expired or revoked."""

    status = 401


def get_requester(request: HttpRequest) -> Requester:
    """The key's person in the key's workspace; call it in a thread."""
    scope = authenticate_bearer(request)
    key: ApiKey | None = getattr(request, "api_key", None)
    if key is None:
        raise KeyRefused(_("This API key is unknown, expired or revoked."), code="authentication_failed")
    if "chat" not in key.scopes:
        raise Forbidden(_("This API key does not have the permission for this."), code="scope_missing")
    language = key.user.language or translation.get_language() or "en"
    return Requester(key.user, scope, UsageSource.API, key.workspace_id, language, key.pk)


@csrf_exempt
@require_POST
async def turn_first(request: HttpRequest, slug: str) -> HttpResponseBase:
    """Begin a conversation: {"text"}, and what FirstTurnRequest has beside it."""
    return await _answer(request, _begin_first, slug)


def _begin_first(request: HttpRequest, slug: str) -> StartedChatTurn:
    requester, body = get_requester(request), _body(request)
    return begin_first_turn(
        requester,
        slug,
        _text(body),
        _text(body, "request_key"),
        is_draft=body.get("draft") is True,
        files=_ids(body),
        ask=_text(body, "gpt"),
        is_temporary=body.get("temporary") is True,
        model=_text(body, "model") if "model" in body else None,
        workspace=_text(body, "workspace"),
    )


@csrf_exempt
@require_POST
async def turn_start(request: HttpRequest, conversation_id: UUID) -> HttpResponseBase:
    """Go on with a conversation: {"text", "request_key"?, "gpt"?, "model"?, "attachments"?}."""
    return await _answer(request, _begin_next, conversation_id)


def _begin_next(request: HttpRequest, conversation_id: UUID) -> StartedChatTurn:
    requester, body = get_requester(request), _body(request)
    return begin_next_turn(
        requester,
        conversation_id,
        files=_ids(body),
        text=_text(body),
        key=_text(body, "request_key"),
        ask=_text(body, "gpt"),
        model=_text(body, "model") if "model" in body else None,
    )


@csrf_exempt
@require_POST
async def turn_retry(request: HttpRequest, conversation_id: UUID, turn_id: UUID) -> HttpResponseBase:
    return await _answer(request, _begin_retry, conversation_id, turn_id)


def _begin_retry(request: HttpRequest, conversation_id: UUID, turn_id: UUID) -> StartedChatTurn:
    requester, body = get_requester(request), _body(request)
    return begin_retry(requester, conversation_id, turn_id, _text(body, "request_key"))


@csrf_exempt
@require_POST
async def turn_continue(request: HttpRequest, conversation_id: UUID, turn_id: UUID) -> HttpResponseBase:
    return await _answer(request, _begin_continuation, conversation_id, turn_id)


def _begin_continuation(request: HttpRequest, conversation_id: UUID, turn_id: UUID) -> StartedChatTurn:
    requester, body = get_requester(request), _body(request)
    return begin_continuation(requester, conversation_id, turn_id, _text(body, "request_key"))


@csrf_exempt
@require_POST
async def turn_edit(request: HttpRequest, conversation_id: UUID, turn_id: UUID) -> HttpResponseBase:
    return await _answer(request, _begin_edit, conversation_id, turn_id)


def _begin_edit(request: HttpRequest, conversation_id: UUID, turn_id: UUID) -> StartedChatTurn:
    requester, body = get_requester(request), _body(request)
    return begin_edit(requester, conversation_id, turn_id, _text(body), _text(body, "request_key"))


@require_GET
async def turn_events(request: HttpRequest, conversation_id: UUID, turn_id: UUID) -> HttpResponseBase:
    """Read along with a turn, from ``Last-Event-ID`` on."""
    try:
        started = await in_thread(_find_turn, request, conversation_id, turn_id)
    except DomainError as error:
        return _refusal(error)
    return stream(started, offset=get_offset(request))


def _find_turn(request: HttpRequest, conversation_id: UUID, turn_id: UUID) -> StartedChatTurn:
    return find_turn(get_requester(request), conversation_id, turn_id)


async def _answer(
    request: HttpRequest, begin: Callable[..., StartedChatTurn], *arguments: Any
) -> HttpResponseBase:
    """Start a turn in a thread, then answer with its events, or with JSON once it has ended."""
    try:
        started = await in_thread(begin, request, *arguments)
    except DomainError as error:
        return _refusal(error)
    if wants_stream(request) or _body(request).get("stream") is True:
        return stream(started)
    await wait_for_end(started)
    try:
        return await in_thread(_build_json, started)
    except DomainError as error:
        return _refusal(error)


def _build_json(started: StartedChatTurn) -> JsonResponse:
    """The ended turn; 502 with the failure's code when there was no answer. Raises if the key was revoked."""
    requester = started.requester.renew(at=timezone.now())
    found = find_turn(requester, started.conversation.pk, started.id)
    body = found.get_head() | (found.end or {"state": found.turn.state})
    if found.turn.state in (TurnState.FAILED, TurnState.INTERRUPTED):
        error = {
            "code": found.turn.error_code,
            "message": body.get("note", ""),
            "field": "",
            "data": {"turn": body["turn"], "conversation": body["conversation"],
                     "retry_after": found.turn.retry_after},
        }  # fmt: skip
        return JsonResponse({"error": error}, status=502)
    return JsonResponse(body, status=201)


def _refusal(error: DomainError) -> JsonResponse:
    response = JsonResponse(error_body(error), status=error.status)
    if "retry_after" in error.data:
        response["Retry-After"] = str(error.data["retry_after"])
    if error.status == 401:
        response["WWW-Authenticate"] = 'Bearer realm="Loggia"'
    return response


def _body(request: HttpRequest) -> Body:
    try:
        body = json.loads(request.body or b"{}")
    except (ValueError, RecursionError):
        raise InvalidInput(_("Send one JSON object."), code="parse_error") from None
    if not isinstance(body, dict):
        raise InvalidInput(_("Send one JSON object."), code="parse_error")
    return body


def _text(body: Body, name: str = "text") -> str:
    value = body.get(name, "")
    if not isinstance(value, str):
        raise InvalidInput(_("This must be text."), code="invalid_input", field=name)
    if "\x00" in value or any("\ud800" <= character <= "\udfff" for character in value):
        raise InvalidInput(_("NUL characters are not allowed."), code="control_characters", field=name)
    return value


def _ids(body: Body) -> list[UUID]:
    given = body.get("attachments", [])
    if not isinstance(given, list):
        raise InvalidInput(_("This must be a list of ids."), code="invalid_input", field="attachments")
    return parse_ids(given)

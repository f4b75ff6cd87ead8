"""Turns in the API: JSON when they have ended, or server-sent events for who accepts them. Asynchronous."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponseBase, JsonResponse
from django.utils import translation
from django.utils.translation import gettext_lazy as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_POST

from core.errors import DomainError, Forbidden, InvalidInput
from gpts.chat.streaming.begin import (
    Begun,
    Caller,
    begin_edit,
    begin_first,
    begin_next,
    begin_retry,
    find_turn,
)
from gpts.chat.streaming.responses import answer_json, offset_of, stream, wants_stream
from gpts.chat.streaming.threads import in_thread
from gpts.chat.web.files import parse_ids
from gpts.metering.states import UsageSource
from workspaces.models import ApiKey
from workspaces.web.middleware import authenticate_bearer
from workspaces.web.refusals import error_body

Body = dict[str, Any]


class KeyRefused(DomainError):
    """No key, or one that is unknown, expired or revoked."""

    status = 401


def caller_of(request: HttpRequest) -> Caller:
    """The key's person in the key's workspace; call it in a thread."""
    scope = authenticate_bearer(request)
    key: ApiKey | None = getattr(request, "api_key", None)
    if key is None:
        raise KeyRefused(_("This API key is unknown, expired or revoked."), code="authentication_failed")
    if "chat" not in key.scopes:
        raise Forbidden(_("This API key does not have the permission for this."), code="scope_missing")
    language = key.user.language or translation.get_language() or "en"
    return Caller(key.user, scope, UsageSource.API, key.workspace_id, language)


@csrf_exempt
@require_POST
async def turn_first(request: HttpRequest, slug: str) -> HttpResponseBase:
    """Begin a conversation: {"text"}, and what FirstTurnRequest has beside it."""

    def begin(caller: Caller, body: Body) -> Begun:
        text, key = _text(body), _text(body, "request_key")
        files = _ids(body)
        return begin_first(
            caller,
            slug,
            text,
            key,
            is_draft=body.get("draft") is True,
            files=files,
            ask=_text(body, "gpt"),
            is_temporary=body.get("temporary") is True,
            model=_text(body, "model") if "model" in body else None,
        )

    return await _answer(request, begin)


@csrf_exempt
@require_POST
async def turn_start(request: HttpRequest, conversation_id: UUID) -> HttpResponseBase:
    """Go on with a conversation: {"text", "request_key"?, "gpt"?, "model"?, "attachments"?}."""

    def begin(caller: Caller, body: Body) -> Begun:
        files = _ids(body)
        text, key, ask = _text(body), _text(body, "request_key"), _text(body, "gpt")
        model = _text(body, "model") if "model" in body else None
        return begin_next(caller, conversation_id, text, key, files=files, ask=ask, model=model)

    return await _answer(request, begin)


@csrf_exempt
@require_POST
async def turn_retry(request: HttpRequest, conversation_id: UUID, turn_id: UUID) -> HttpResponseBase:
    def begin(caller: Caller, body: Body) -> Begun:
        return begin_retry(caller, conversation_id, turn_id, _text(body, "request_key"))

    return await _answer(request, begin)


@csrf_exempt
@require_POST
async def turn_edit(request: HttpRequest, conversation_id: UUID, turn_id: UUID) -> HttpResponseBase:
    def begin(caller: Caller, body: Body) -> Begun:
        return begin_edit(caller, conversation_id, turn_id, _text(body), _text(body, "request_key"))

    return await _answer(request, begin)


@require_GET
async def turn_events(request: HttpRequest, conversation_id: UUID, turn_id: UUID) -> HttpResponseBase:
    """Read along with a turn, from ``Last-Event-ID`` on."""

    def find() -> tuple[Begun, Caller]:
        caller = caller_of(request)
        return find_turn(caller, conversation_id, turn_id), caller

    try:
        begun, caller = await in_thread(find)
    except DomainError as error:
        return _refusal(error)
    return stream(begun, caller, offset=offset_of(request))


async def _answer(request: HttpRequest, begin: Callable[[Caller, Body], Begun]) -> HttpResponseBase:
    def start() -> tuple[Begun, Caller, Body]:
        caller = caller_of(request)
        body = _body(request)
        return begin(caller, body), caller, body

    try:
        begun, caller, body = await in_thread(start)
    except DomainError as error:
        return _refusal(error)
    if wants_stream(request) or body.get("stream") is True:
        return stream(begun, caller)
    return await answer_json(begun, caller)


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

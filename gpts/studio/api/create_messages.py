"""POST /api/v1/gpts/<slug>/create-messages: send a message to Create. Async, because a model answers."""

from __future__ import annotations

import json
from typing import Any

from django.http import HttpRequest, HttpResponseBase, JsonResponse
from django.utils import timezone, translation
from django.utils.translation import gettext_lazy as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST
from rest_framework.renderers import JSONRenderer

from core.errors import DomainError, Forbidden, InvalidInput
from core.scope import open_scope
from gpts.assistants.access import access_gpt
from gpts.assistants.rules import GPTAct
from gpts.chat.api.turns import KeyRefused
from gpts.chat.streaming.begin import Requester
from gpts.chat.streaming.responses import get_offset, stream, wait_for_end, wants_stream
from gpts.chat.streaming.threads import in_thread
from gpts.llm.failure_messages import get_failure_message
from gpts.llm.states import METERED_TURN_STATES
from gpts.metering.states import UsageSource
from gpts.studio.access import access_create_message
from gpts.studio.api.create_serializers import BuilderMessageSerializer
from gpts.studio.create.begin import StartedCreateAnswer, begin_message, find_answer
from workspaces.models import ApiKey
from workspaces.states import ApiScope
from workspaces.web.middleware import authenticate_bearer
from workspaces.web.refusals import error_body

Schema = dict[str, Any]
PATH = "/api/v1/gpts/{slug}/create-messages"


@csrf_exempt
@require_POST
async def create_message(request: HttpRequest, slug: str) -> HttpResponseBase:
    """Answer with the builder's message and its changes, or with events if the client accepts them.

    With a Last-Event-ID no message is sent, and the stream resumes the newest answer after that event.
    """
    try:
        started = await in_thread(_begin, request, slug)
    except DomainError as error:
        return _build_refusal(error)
    if wants_stream(request):
        return stream(started, offset=get_offset(request))
    await wait_for_end(started)
    try:
        return await in_thread(_build_json, started)
    except DomainError as error:
        return _build_refusal(error)


def _begin(request: HttpRequest, slug: str) -> StartedCreateAnswer:
    requester = _get_requester(request)
    if "Last-Event-ID" in request.headers:
        return find_answer(requester, slug)
    return begin_message(requester, slug, _read_text(request))


def _build_json(started: StartedCreateAnswer) -> JsonResponse:
    """Return the ended answer, or 502 with the failure's code if there is none."""
    requester = started.requester.renew(at=timezone.now())
    with open_scope(requester.scope), translation.override(requester.language):
        gpt = access_gpt(requester.user, started.gpt.slug, to=GPTAct.VIEW_SETTINGS)
        message = access_create_message(requester.user, gpt, started.id)
        data = dict(BuilderMessageSerializer(message).data)
        data["revision"] = gpt.draft_revision
        if message.state not in METERED_TURN_STATES:
            error = {
                "code": message.error_code,
                "message": get_failure_message(message.error_code),
                "field": "",
                "data": {"message": str(message.pk)},
            }
            return JsonResponse({"error": error}, status=502)
        return JsonResponse(json.loads(JSONRenderer().render(data)), status=201)


def _get_requester(request: HttpRequest) -> Requester:
    scope = authenticate_bearer(request)
    key: ApiKey | None = getattr(request, "api_key", None)
    if key is None:
        raise KeyRefused(_("This API key is unknown, expired or revoked."), code="authentication_failed")
    if ApiScope.GPTS_WRITE not in key.scopes:
        raise Forbidden(_("This API key does not have the permission for this."), code="scope_missing")
    language = key.user.language or translation.get_language() or "en"
    return Requester(key.user, scope, UsageSource.API, key.workspace_id, language, key.pk)


def _read_text(request: HttpRequest) -> str:
    try:
        body = json.loads(request.body or b"{}")
    except (ValueError, RecursionError):
        raise InvalidInput(_("Send one JSON object."), code="parse_error") from None
    if not isinstance(body, dict):
        raise InvalidInput(_("Send one JSON object."), code="parse_error")
    value = body.get("text", "")
    if not isinstance(value, str):
        raise InvalidInput(_("This must be text."), code="invalid_input", field="text")
    if "\x00" in value or any("\ud800" <= character <= "\udfff" for character in value):
        raise InvalidInput(_("NUL characters are not allowed."), code="control_characters", field="text")
    return value


def _build_refusal(error: DomainError) -> JsonResponse:
    response = JsonResponse(error_body(error), status=error.status)
    if "retry_after" in error.data:
        response["Retry-After"] = str(error.data["retry_after"])
    if error.status == 401:
        response["WWW-Authenticate"] = 'Bearer realm="Loggia"'
    return response


def add_create_messages(result: Schema, generator: Any, request: Any, public: bool) -> Schema:
    """Postprocessing hook of drf-spectacular: it does not find asynchronous views by itself."""
    body = {
        "type": "object",
        "properties": {"text": {"type": "string", "maxLength": 8000}},
        "required": ["text"],
    }
    message = {"allOf": [{"$ref": "#/components/schemas/BuilderMessage"}]}
    refusal = {"application/json": {"schema": {"$ref": "#/components/schemas/TurnRefusal"}}}
    result["paths"][PATH] = {
        "post": {
            "operationId": "create_message_create",
            "description": "Say something to the builder: it answers and changes the draft. JSON when it has"
            " ended, or server-sent events (`message`, `delta`, `working`, `change`, `end`) when the request"
            " accepts text/event-stream.",
            "parameters": [{"in": "path", "name": "slug", "schema": {"type": "string"}, "required": True}],
            "tags": ["gpts"],
            "requestBody": {"content": {"application/json": {"schema": body}}, "required": True},
            "security": [{"ApiKey": []}],
            "responses": {
                "200": {
                    "description": "The answer while it is written.",
                    "content": {"text/event-stream": {"schema": {"type": "string"}}},
                },
                "201": {
                    "description": "The builder's message with its changes.",
                    "content": {"application/json": {"schema": message}},
                },
                **{
                    status: {"description": text, "content": refusal}
                    for status, text in (
                        ("400", "The message is empty or too long."),
                        ("401", "No key, or one that is unknown, expired or revoked."),
                        ("403", "The key lacks the scope, or only the owner may do this."),
                        ("404", "There is no such GPT for this key."),
                        ("409", "The builder is still answering."),
                        ("429", "Too many messages; see Retry-After."),
                        ("502", "The model gave no answer; `code` says why."),
                    )
                },
            },
            "x-required-scope": "gpts:write",
        }
    }
    result["paths"] = dict(sorted(result["paths"].items()))
    return result

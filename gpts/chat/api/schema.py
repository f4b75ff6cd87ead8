"""Turns in the OpenAPI document, written by hand: drf-spectacular does not see asynchronous views."""

from __future__ import annotations

from typing import Any

Schema = dict[str, Any]

PREFIX = "/api/v1"
TURN = f"{PREFIX}/conversations/{{conversation_id}}/turns/{{turn_id}}"

STREAM_NOTE = (
    'Server-sent events when the request accepts text/event-stream or says "stream": true: `turn` (ids),'
    " `delta` (text), `html` (finished paragraphs), `thinking` (text that is no part of the answer, from"
    " `offset` on), `withdrawn` (the characters of the text from `begin` to `end` were thinking),"
    " `trimmed`, `tool`, `image`, `debug` (of drafts), and `end`, which has the shape of TurnEnd. The id of"
    " an event is the number of characters sent so far; `Last-Event-ID` goes on from there."
)


def add_turns(result: Schema, generator: Any, request: Any, public: bool) -> Schema:
    """Postprocessing hook of drf-spectacular."""
    for path, item in _build_paths().items():
        result["paths"][path] = item
    result["paths"] = dict(sorted(result["paths"].items()))
    schemas = result.setdefault("components", {}).setdefault("schemas", {})
    schemas |= _build_schemas()
    result["components"]["schemas"] = dict(sorted(schemas.items()))
    return result


def _build_paths() -> Schema:
    conversation, turn = _build_path_id("conversation_id"), _build_path_id("turn_id")
    slug = {"in": "path", "name": "slug", "schema": {"type": "string"}, "required": True}
    start = _build_operation(
        "conversations_turns_create", "Go on with a conversation.", "StartTurnRequest", conversation
    )
    return {
        f"{PREFIX}/gpts/{{slug}}/conversations": {
            "post": _build_operation(
                "gpts_conversations_create", "Begin a conversation.", "FirstTurnRequest", slug
            )
        },
        f"{PREFIX}/conversations/{{conversation_id}}/turns": {"post": start},
        f"{TURN}/retry": {
            "post": _build_operation(
                "conversations_turns_retry_create",
                "Ask a question again; the old answer stays as a branch.",
                "RetryTurnRequest",
                conversation,
                turn,
                is_optional=True,
            )
        },
        f"{TURN}/continue": {
            "post": _build_operation(
                "conversations_turns_continue_create",
                "Go on with an answer whose finish_reason is length, in a following turn.",
                "RetryTurnRequest",
                conversation,
                turn,
                is_optional=True,
            )
        },
        f"{TURN}/edit": {
            "post": _build_operation(
                "conversations_turns_edit_create",
                "Ask a question in other words; the old one stays as a branch.",
                "EditTurnRequest",
                conversation,
                turn,
            )
        },
        f"{TURN}/events": {"get": _build_events_operation(conversation, turn)},
    }


def _build_operation(
    identifier: str, text: str, body: str, *parameters: Schema, is_optional: bool = False
) -> Schema:
    return {
        "operationId": identifier,
        "description": f"{text} {STREAM_NOTE}",
        "parameters": list(parameters),
        "tags": [identifier.partition("_")[0]],
        "requestBody": {
            "content": {"application/json": {"schema": _build_ref(body)}},
            "required": not is_optional,
        },
        "security": [{"ApiKey": []}],
        "responses": {
            "200": {"description": "The answer while it is written.", "content": _build_stream_content()},
            "201": {
                "description": "The answer, when it has ended.",
                "content": _build_json_content("TurnEnd"),
            },
            "400": _build_refusal("The message is empty or too long, or the model may not be chosen."),
            "401": _build_refusal("No key, or one that is unknown, expired or revoked."),
            "403": _build_refusal("The key lacks the scope, or the GPT is quarantined."),
            "404": _build_refusal("There is no such GPT, conversation or answer for this key."),
            "409": _build_refusal(
                "Another answer is being written (its id is in `data`), or the conversation has ended."
            ),
            "429": _build_refusal("Too many messages or running answers; see Retry-After."),
            "502": _build_refusal("The model gave no answer; `code` says why. Nothing is charged."),
        },
        "x-required-scope": "chat",
    }


def _build_events_operation(*parameters: Schema) -> Schema:
    offset = {
        "in": "header",
        "name": "Last-Event-ID",
        "schema": {"type": "integer", "minimum": 0},
        "description": "How many characters of the answer the reader has.",
    }
    return {
        "operationId": "conversations_turns_events_retrieve",
        "description": "Read along with an answer; one that has ended sends its end.",
        "parameters": [*parameters, offset],
        "tags": ["conversations"],
        "security": [{"ApiKey": []}],
        "responses": {
            "200": {"description": "The events.", "content": _build_stream_content()},
            "401": _build_refusal("No key, or one that is unknown, expired or revoked."),
            "404": _build_refusal("There is no such answer for this key."),
        },
        "x-required-scope": "chat",
    }


def _build_schemas() -> Schema:
    text: Schema = {"type": "string", "maxLength": 32_000}
    key: Schema = {
        "type": "string",
        "maxLength": 64,
        "description": "Idempotency key of the client: the same key again is the same message.",
    }
    stream: Schema = {"type": "boolean", "default": False}
    files: Schema = {
        "type": "array",
        "items": {"type": "string", "format": "uuid"},
        "description": "Ids of files that were added for this message and are ready.",
    }
    start: Schema = {"text": text, "request_key": key, "stream": stream}
    asked: Schema = start | {
        "attachments": files,
        "gpt": {"type": "string", "description": "Slug of another GPT that answers this message."},
        "model": {
            "type": "string",
            "description": "Id or name of a model that the GPT lets you choose; empty follows the GPT.",
        },
    }
    switches: Schema = {
        "draft": {"type": "boolean", "default": False},
        "temporary": {
            "type": "boolean",
            "default": False,
            "description": "Not listed, and deleted for good some hours after its last message.",
        },
        "workspace": {
            "type": "string",
            "description": "Slug of the workspace that the conversation counts for: always the key's.",
        },
    }
    return {
        "FirstTurnRequest": _build_object(asked | switches, "text"),
        "StartTurnRequest": _build_object(asked, "text"),
        "EditTurnRequest": _build_object(start, "text"),
        "RetryTurnRequest": _build_object({"request_key": key, "stream": stream}),
        "TurnEnd": _build_turn_end(),
        "TurnRefusal": _build_object(
            {
                "error": _build_object(
                    {
                        "code": {"type": "string"},
                        "message": {"type": "string"},
                        "field": {"type": "string"},
                        "data": {"type": "object", "nullable": True, "additionalProperties": True},
                    },
                    "code",
                    "message",
                )
            },
            "error",
        ),
    }


def _build_turn_end() -> Schema:
    text, number = {"type": "string"}, {"type": "integer"}
    return _build_object(
        {
            "turn": {"type": "string", "format": "uuid"},
            "conversation": {"type": "string", "format": "uuid"},
            "position": number,
            "title": text,
            "gpt": text,
            "state": {"type": "string", "enum": ["finished", "stopped", "failed", "interrupted"]},
            "code": text,
            "retry_after": {"type": "integer", "nullable": True},
            "note": text,
            "finish_reason": {
                "type": "string",
                "enum": ["", "stop", "length"],
                "description": "length: the model's limit has cut the answer, see continue.",
            },
            "html": text,
            "tools": {"type": "array", "items": {"type": "object", "additionalProperties": True}},
            "sources": {"type": "array", "items": {"type": "object", "additionalProperties": True}},
            "usage": _build_object({"input_tokens": number, "output_tokens": number}),
            "model": text,
            "trimmed": number,
        },
        "turn",
        "state",
    )


def _build_object(properties: Schema, *required: str) -> Schema:
    return {"type": "object", "properties": properties} | ({"required": list(required)} if required else {})


def _build_path_id(name: str) -> Schema:
    return {"in": "path", "name": name, "schema": {"type": "string", "format": "uuid"}, "required": True}


def _build_ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def _build_json_content(name: str) -> Schema:
    return {"application/json": {"schema": _build_ref(name)}}


def _build_stream_content() -> Schema:
    return {"text/event-stream": {"schema": {"type": "string"}}}


def _build_refusal(description: str) -> Schema:
    return {"description": description, "content": _build_json_content("TurnRefusal")}

"""Downloads of conversations: one as Markdown or JSON, all of them as lines of JSON."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any, TypeVar
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_GET

from core.scope import Scope, current_scope, open_scope
from gpts.chat.access import access_conversation
from gpts.chat.export import as_dict, as_markdown, file_name, some_lines
from gpts.chat.streaming.threads import in_thread

ResponseT = TypeVar("ResponseT", bound=HttpResponseBase)
TYPES = {"md": "text/markdown; charset=utf-8", "json": "application/json"}


@login_required
@require_GET
def conversation_export(request: HttpRequest, conversation_id: UUID, kind: str) -> HttpResponse:
    conversation = access_conversation(request.user, conversation_id)
    if kind not in TYPES:
        raise Http404
    body = (
        as_markdown(conversation)
        if kind == "md"
        else json.dumps(as_dict(conversation), ensure_ascii=False, indent=2)
    )
    return download(body, TYPES[kind], file_name(conversation, kind))


@login_required
@require_GET
def conversation_export_all(request: HttpRequest) -> HttpResponseBase:
    """All of one's conversations, written while they are read: a few at a time in memory."""
    return stream_all(request.user, current_scope())


def stream_all(user: Any, scope: Scope, *, workspace_id: int | None = None) -> StreamingHttpResponse:
    def some(cursor: str) -> tuple[list[str], str]:
        with open_scope(scope):
            return some_lines(user, cursor=cursor, workspace_id=workspace_id)

    async def lines() -> AsyncIterator[str]:
        found, cursor = await in_thread(some, "")
        yield "".join(found)
        while cursor:
            found, cursor = await in_thread(some, cursor)
            yield "".join(found)

    response = StreamingHttpResponse(lines(), content_type="application/jsonl; charset=utf-8")
    return _saved(response, "conversations.jsonl")


def download(body: str, media_type: str, name: str) -> HttpResponse:
    return _saved(HttpResponse(body, content_type=media_type), name)


def _saved(response: ResponseT, name: str) -> ResponseT:
    response.headers["Content-Disposition"] = content_disposition_header(True, name) or "attachment"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response

"""Downloads of conversations: one as Markdown or JSON, all of them as JSON lines."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import TypeVar
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_GET

from core.errors import Forbidden
from core.scope import open_scope
from gpts.chat.access import access_conversation
from gpts.chat.export import build_export, build_file_name, build_markdown, check_export, export_page
from gpts.chat.streaming.threads import in_thread
from workspaces.access import renew_scope
from workspaces.models import ApiKey, User
from workspaces.web.people import person_of
from workspaces.web.reauthentication import asks_again

ResponseT = TypeVar("ResponseT", bound=HttpResponseBase)
TYPES = {"md": "text/markdown; charset=utf-8", "json": "application/json"}


@login_required
@require_GET
def conversation_export(request: HttpRequest, conversation_id: UUID, kind: str) -> HttpResponse:
    person = person_of(request)
    conversation = access_conversation(person, conversation_id)
    if kind not in TYPES:
        raise Http404
    check_export(person, conversation.workspace_id)
    body = (
        build_markdown(conversation)
        if kind == "md"
        else json.dumps(build_export(conversation), ensure_ascii=False, indent=2)
    )
    return build_download(body, TYPES[kind], build_file_name(conversation, kind))


@asks_again("GET", "HEAD")
@login_required
@require_GET
def conversation_export_all(request: HttpRequest) -> HttpResponseBase:
    """All of the person's conversations, streamed a page at a time."""
    return stream_export(person_of(request))


def stream_export(user: User, *, api_key: ApiKey | None = None) -> StreamingHttpResponse:
    """Stream the conversations of a person, with a key those of its workspace, while their access lasts.

    A last line with an error says that it ended early: the person was deactivated, or the key revoked.
    """
    workspace_id, key_id = (None, None) if api_key is None else (api_key.workspace_id, api_key.pk)
    if workspace_id is not None:
        check_export(user, workspace_id)

    def export_next(cursor: str) -> tuple[list[str], str]:
        person, scope = renew_scope(user_id=user.pk, api_key_id=key_id, at=timezone.now())
        with open_scope(scope):
            return export_page(person, cursor=cursor, workspace_id=workspace_id)

    async def lines() -> AsyncIterator[str]:
        cursor, has_more = "", True
        while has_more:
            try:
                page, cursor = await in_thread(export_next, cursor)
            except Forbidden as refusal:
                yield json.dumps({"error": {"code": refusal.code}}) + "\n"
                return
            yield "".join(page)
            has_more = cursor != ""

    response = StreamingHttpResponse(lines(), content_type="application/jsonl; charset=utf-8")
    return _set_download_headers(response, "conversations.jsonl")


def build_download(body: str, media_type: str, name: str) -> HttpResponse:
    return _set_download_headers(HttpResponse(body, content_type=media_type), name)


def _set_download_headers(response: ResponseT, name: str) -> ResponseT:
    response.headers["Content-Disposition"] = content_disposition_header(True, name) or "attachment"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response

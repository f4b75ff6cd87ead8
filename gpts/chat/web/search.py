"""The list of a person's conversations, and their search: `/c/?q=`."""

from __future__ import annotations

from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from core.instance_settings import get_setting
from core.pagination import paginate
from gpts.chat.queries.conversations import list_conversations
from gpts.chat.search import QUERY_LENGTH, SearchResult, search_conversations
from workspaces.web.people import person_of

LIST_SIZE = 30


@login_required
@require_GET
def conversation_list(request: HttpRequest) -> HttpResponse:
    person = person_of(request)
    cursor = request.GET.get("cursor", "")
    query = " ".join(request.GET.get("q", "")[:QUERY_LENGTH].split())
    corrected = ""
    if query:
        found = search_conversations(person, query, cursor=cursor, size=LIST_SIZE)
        page, items, corrected = found.page, found.items, found.corrected
    else:
        page = paginate(
            list_conversations(person), order=("-updated_at", "-id"), cursor=cursor, size=LIST_SIZE
        )
        items = [SearchResult(item, "") for item in page.items]
    context = {
        "page": page,
        "items": items,
        "q": query,
        "mended": corrected,
        "deleted": _parse_deleted_id(request),
        "deleted_days": get_setting("chat_deleted_days"),
    }
    return render(request, "gpts/chat/list.html", context)


def _parse_deleted_id(request: HttpRequest) -> UUID | None:
    try:
        return UUID(request.GET.get("deleted", ""))
    except ValueError:
        return None

"""The list of one's conversations, and searching them: `/c/?q=`."""

from __future__ import annotations

from uuid import UUID

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from core.pagination import paginate
from gpts.chat.queries.conversations import conversations_of
from gpts.chat.search import QUERY_LENGTH, FoundConversation, search_conversations

LIST_SIZE = 30


@login_required
@require_GET
def conversation_list(request: HttpRequest) -> HttpResponse:
    cursor = request.GET.get("cursor", "")
    asked = " ".join(request.GET.get("q", "")[:QUERY_LENGTH].split())
    mended = ""
    if asked:
        found = search_conversations(request.user, asked, cursor=cursor, size=LIST_SIZE)
        page, items, mended = found.page, found.items, found.mended
    else:
        page = paginate(
            conversations_of(request.user), order=("-updated_at", "-id"), cursor=cursor, size=LIST_SIZE
        )
        items = [FoundConversation(item, "") for item in page.items]
    context = {
        "page": page,
        "items": items,
        "q": asked,
        "mended": mended,
        "deleted": _deleted(request),
        "deleted_days": settings.CHAT_DELETED_DAYS,
    }
    return render(request, "gpts/chat/list.html", context)


def _deleted(request: HttpRequest) -> UUID | None:
    try:
        return UUID(request.GET.get("deleted", ""))
    except ValueError:
        return None

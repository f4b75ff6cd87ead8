"""Sharing a conversation by link: what it would show, the link, the list of one's links, the public page."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from core.errors import DomainError
from core.markdown import render as render_markdown
from core.pagination import paginate
from gpts.chat.access import access_conversation
from gpts.chat.models import Conversation, SharedConversation
from gpts.chat.services.shares import share_conversation, snapshot_of, stop_sharing
from gpts.chat.share_links import Gone, SignInFirst, companies_of, open_share, share_of, shares_of
from gpts.chat.web.shown import icon_url

LIST_SIZE = 30


@login_required
@require_GET
def share_show(request: HttpRequest, conversation_id: UUID) -> HttpResponse:
    """What a link would show, and the link when there is one."""
    return _share_page(request, access_conversation(request.user, conversation_id))


@login_required
@require_POST
def share_make(request: HttpRequest, conversation_id: UUID) -> HttpResponse:
    """Make the link, or renew what it shows."""
    conversation = access_conversation(request.user, conversation_id)
    try:
        share_conversation(conversation=conversation, by=request.user, at=timezone.now())
    except DomainError as error:
        return _share_page(request, conversation, error)
    return HttpResponseRedirect(reverse("gpts:share-show", args=[conversation.pk]))


@login_required
@require_POST
def share_stop(request: HttpRequest, conversation_id: UUID) -> HttpResponse:
    conversation = access_conversation(request.user, conversation_id)
    stop_sharing(conversation=conversation, by=request.user, at=timezone.now())
    to = "gpts:share-list" if "list" in request.POST else "gpts:share-show"
    return HttpResponseRedirect(reverse(to, args=[] if "list" in request.POST else [conversation.pk]))


@login_required
@require_GET
def share_list(request: HttpRequest) -> HttpResponse:
    page = paginate(
        shares_of(request.user),
        order=("-created_at", "-id"),
        cursor=request.GET.get("cursor", ""),
        size=LIST_SIZE,
    )
    return render(request, "gpts/chat/shares.html", {"page": page})


@require_GET
def share_open(request: HttpRequest, token: str) -> HttpResponseBase:
    """The page behind a link. It is in no index and in no cache, and tells no other page its address."""
    response: HttpResponseBase
    try:
        opened = open_share(request.user, token)
    except SignInFirst:
        response = redirect_to_login(request.get_full_path())
    except Gone as error:
        response = render(request, "gpts/chat/share_gone.html", {"error": error}, status=error.status)
    else:
        response = render(request, "gpts/chat/shared.html", _shown(opened.share) | {"slug": opened.slug})
    response.headers["X-Robots-Tag"] = "noindex, nofollow, noarchive"
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["Cache-Control"] = "private, no-store"
    return response


def link_of(share: SharedConversation, request: HttpRequest) -> str:
    return request.build_absolute_uri(reverse("gpts:share-open", args=[share.token]))


def _share_page(
    request: HttpRequest, conversation: Conversation, error: DomainError | None = None
) -> HttpResponse:
    share = share_of(conversation)
    content = snapshot_of(conversation)
    context = {
        "conversation": conversation,
        "title": conversation.title or content["gpt"]["name"],
        "name": content["gpt"]["name"],
        "icon_url": icon_url(content["gpt"]["icon"]),
        "category": content["gpt"]["category"],
        "turns": [_readable(turn) for turn in content["turns"]],
        "share": share,
        "link": link_of(share, request) if share else "",
        "is_behind": share is not None and share.turn_count != len(content["turns"]),
        "companies": companies_of(conversation, content),
        "error": error,
    }
    return render(request, "gpts/chat/share.html", context, status=error.status if error else 200)


def _shown(share: SharedConversation) -> dict[str, Any]:
    gpt = share.content["gpt"]
    return {
        "share": share,
        "name": gpt["name"],
        "icon_url": icon_url(gpt["icon"]),
        "category": gpt["category"],
        "turns": [_readable(turn) for turn in share.content["turns"]],
    }


def _readable(turn: dict[str, Any]) -> dict[str, Any]:
    return turn | {
        "html": render_markdown(turn["answer"]),
        "at": datetime.fromisoformat(turn["at"]),
        "icon_url": icon_url(turn["by"]["icon"]) if "by" in turn else "",
    }

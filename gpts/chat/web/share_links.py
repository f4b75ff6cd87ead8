"""Share links of conversations: link and preview, the list of a person's links, the page of a link."""

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
from core.links import absolute_url
from core.markdown import render_all
from core.pagination import paginate
from gpts.chat.access import access_conversation, access_conversation_to_continue
from gpts.chat.models import Conversation, SharedConversation
from gpts.chat.services.share_links import build_snapshot, create_share_link, remove_share_link
from gpts.chat.share_links import (
    ShareLinkGone,
    SignInRequired,
    get_share_link,
    list_required_companies,
    list_share_links,
    open_share_link,
)
from gpts.chat.web.rendered_turns import get_icon_url
from workspaces.web.people import person_of

LIST_SIZE = 30


@login_required
@require_GET
def share_show(request: HttpRequest, conversation_id: UUID) -> HttpResponse:
    """The link of a conversation, if it has one, and a preview of what it shows."""
    return _render_share_page(request, access_conversation(person_of(request), conversation_id))


@login_required
@require_POST
def share_make(request: HttpRequest, conversation_id: UUID) -> HttpResponse:
    """Create the link, or renew the copy that it shows."""
    person = person_of(request)
    conversation = access_conversation_to_continue(person, conversation_id)
    try:
        create_share_link(conversation=conversation, by=person, at=timezone.now())
    except DomainError as error:
        return _render_share_page(request, conversation, error)
    return HttpResponseRedirect(reverse("gpts:share-show", args=[conversation.pk]))


@login_required
@require_POST
def share_stop(request: HttpRequest, conversation_id: UUID) -> HttpResponse:
    person = person_of(request)
    conversation = access_conversation(person, conversation_id)
    remove_share_link(conversation=conversation, by=person, at=timezone.now())
    to = "gpts:share-list" if "list" in request.POST else "gpts:share-show"
    return HttpResponseRedirect(reverse(to, args=[] if "list" in request.POST else [conversation.pk]))


@login_required
@require_GET
def share_list(request: HttpRequest) -> HttpResponse:
    page = paginate(
        list_share_links(person_of(request)),
        order=("-created_at", "-id"),
        cursor=request.GET.get("cursor", ""),
        size=LIST_SIZE,
    )
    return render(request, "gpts/chat/shares.html", {"page": page})


@require_GET
def share_open(request: HttpRequest, token: str) -> HttpResponseBase:
    """The page of a link, for visitors too. Not indexed or cached; the URL has the token, so no referrer."""
    response: HttpResponseBase
    try:
        opened = open_share_link(request.user, token)
    except SignInRequired:
        response = redirect_to_login(request.get_full_path())
    except ShareLinkGone as error:
        response = render(request, "gpts/chat/share_gone.html", {"error": error}, status=error.status)
    else:
        shown = {"slug": opened.slug, "refusal": opened.refusal}
        response = render(request, "gpts/chat/shared.html", _build_shared_context(opened.share) | shown)
    response.headers["X-Robots-Tag"] = "noindex, nofollow, noarchive"
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["Cache-Control"] = "private, no-store"
    return response


def build_link(share: SharedConversation) -> str:
    return absolute_url(reverse("gpts:share-open", args=[share.token]))


def _render_share_page(
    request: HttpRequest, conversation: Conversation, error: DomainError | None = None
) -> HttpResponse:
    share = get_share_link(conversation)
    content = build_snapshot(conversation)
    context = {
        "conversation": conversation,
        "title": conversation.title or content["gpt"]["name"],
        "name": content["gpt"]["name"],
        "icon_url": get_icon_url(content["gpt"]["icon"]),
        "category": content["gpt"]["category"],
        "drawn_for": content["gpt"]["slug"],
        "turns": render_snapshot_turns(content["turns"], conversation.user_id),
        "share": share,
        "link": build_link(share) if share else "",
        "is_behind": share is not None and share.turn_count != len(content["turns"]),
        "companies": list_required_companies(conversation, content),
        "error": error,
    }
    return render(request, "gpts/chat/share.html", context, status=error.status if error else 200)


def _build_shared_context(share: SharedConversation) -> dict[str, Any]:
    gpt = share.content["gpt"]
    return {
        "share": share,
        "name": gpt["name"],
        "icon_url": get_icon_url(gpt["icon"]),
        "category": gpt["category"],
        # Copies made before icons were drawn do not have it.
        "drawn_for": gpt.get("slug", ""),
        "turns": render_snapshot_turns(share.content["turns"], share.user_id),
    }


def render_snapshot_turns(turns: list[dict[str, Any]], person_id: int) -> list[dict[str, Any]]:
    """Render the turns of a copy as its person's, whoever reads it: visitors do not wait for one another."""
    answers = render_all([turn["answer"] for turn in turns], person_id=person_id)
    return [
        turn
        | {
            "html": html,
            "at": datetime.fromisoformat(turn["at"]),
            "icon_url": get_icon_url(turn["by"]["icon"]) if "by" in turn else "",
        }
        for turn, html in zip(turns, answers, strict=True)
    ]

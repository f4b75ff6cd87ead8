"""Pages of chatting: an empty chat with a GPT, a conversation, the list of all conversations."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode
from uuid import UUID, uuid4

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_GET, require_POST

from core.errors import DomainError, NotFound
from core.pagination import Page, paginate
from gpts.assistants.access import access_gpt
from gpts.assistants.models import GPT, Version
from gpts.assistants.queries.gpts import find_live_version
from gpts.assistants.rules import GPTAct
from gpts.chat.access import access_cited_passage, access_conversation, access_turn
from gpts.chat.kept_versions import kept_state
from gpts.chat.models import Conversation
from gpts.chat.queries.attachments import cited_piece
from gpts.chat.queries.conversations import conversations_of
from gpts.chat.queries.turns import position_in, turns_window
from gpts.chat.services.turns import delete_conversation, rename_conversation, restore_conversation
from gpts.chat.streaming.connection import ask_to_stop
from gpts.chat.streaming.lost import interrupt_if_lost
from gpts.chat.streaming.responses import wants_stream
from gpts.chat.web.files import attach_options
from gpts.chat.web.models import model_note, model_options
from gpts.chat.web.shown import icon_url, shown_in, unwrapped
from gpts.llm.states import TurnState

SIDEBAR_SIZE = 40


@login_required
@require_GET
def chat_start(request: HttpRequest, slug: str) -> HttpResponse:
    return start_page(
        request, slug=slug, is_draft="draft" in request.GET, is_temporary="temporary" in request.GET
    )


def start_page(
    request: HttpRequest,
    *,
    slug: str,
    is_draft: bool,
    is_temporary: bool = False,
    error: DomainError | None = None,
    value: str = "",
) -> HttpResponse:
    """An empty chat: who this GPT is, its starters, the composer (also after a first message that failed)."""
    gpt = access_gpt(request.user, slug, to=GPTAct.TRY if is_draft else GPTAct.CHAT)
    version = None if is_draft else find_live_version(request.user, gpt)
    context = _frame(request, gpt, version, None) | {
        "starters": (version or gpt).starters,
        "action": _action(
            reverse("gpts:turn-first", args=[gpt.slug]), draft=is_draft, temporary=is_temporary
        ),
        "models": model_options(gpt, version, None),
        "model_note": model_note(gpt, version),
        "is_temporary": is_temporary,
        "temporary_hours": settings.CHAT_TEMPORARY_HOURS,
        "attach": attach_options(gpt, version, None, is_draft=is_draft),
        "is_draft": is_draft,
        "error": error,
        "value": value or request.GET.get("text", "")[:2_000],
    }
    return render(request, "gpts/chat/start.html", context)


@login_required
@require_GET
def conversation_show(request: HttpRequest, conversation_id: UUID) -> HttpResponse:
    return conversation_page(request, conversation_id=conversation_id)


def conversation_page(
    request: HttpRequest, *, conversation_id: UUID, error: DomainError | None = None, value: str = ""
) -> HttpResponse:
    conversation = access_conversation(request.user, conversation_id)
    window = turns_window(conversation, before=position_in(request.GET.get("before", "")))
    turns = shown_in(conversation, window)
    context: dict[str, Any] = {
        "conversation": conversation,
        "turns": turns,
        "earlier_than": turns[0].turn.position if window.has_earlier else None,
    }
    if request.headers.get("X-Fragment") == "turns":
        return _fragment(request, "gpts/chat/_turns.html", context)
    running = next((shown.turn for shown in turns if shown.is_running), None)
    kept = kept_state(request.user, conversation)
    context |= _frame(request, conversation.gpt, conversation.version, conversation) | {
        "running": running,
        "kept": kept,
        "attach": attach_options(conversation.gpt, conversation.version, conversation),
        "models": [] if kept.is_over else model_options(conversation.gpt, kept.version, conversation),
        "model_note": "" if kept.is_over else model_note(conversation.gpt, kept.version),
        "is_draft": conversation.version_id is None,
        "is_temporary": conversation.is_temporary,
        "temporary_hours": settings.CHAT_TEMPORARY_HOURS,
        "action": _action(reverse("gpts:turn-start", args=[conversation.pk])),
        "error": error,
        "value": value,
    }
    return render(request, "gpts/chat/conversation.html", context)


@require_GET
def chats_redirect(request: HttpRequest) -> HttpResponse:
    return HttpResponseRedirect(reverse("gpts:conversation-list"))


@login_required
@require_POST
def conversation_rename(request: HttpRequest, conversation_id: UUID) -> HttpResponse:
    conversation = access_conversation(request.user, conversation_id)
    rename_conversation(conversation=conversation, title=request.POST.get("title", ""), at=timezone.now())
    return HttpResponseRedirect(reverse("gpts:conversation-show", args=[conversation.pk]))


@login_required
@require_POST
def conversation_delete(request: HttpRequest, conversation_id: UUID) -> HttpResponse:
    conversation = access_conversation(request.user, conversation_id)
    delete_conversation(conversation=conversation, at=timezone.now())
    query = urlencode({"deleted": str(conversation.pk)})
    return HttpResponseRedirect(f"{reverse('gpts:conversation-list')}?{query}")


@login_required
@require_POST
def conversation_restore(request: HttpRequest, conversation_id: UUID) -> HttpResponse:
    conversation = access_conversation(request.user, conversation_id, is_deleted=True)
    restore_conversation(conversation=conversation, at=timezone.now())
    return HttpResponseRedirect(reverse("gpts:conversation-show", args=[conversation.pk]))


@login_required
@require_POST
def turn_stop(request: HttpRequest, conversation_id: UUID, turn_id: UUID) -> HttpResponse:
    """Ask the process that runs the turn to end it; a turn that nobody runs is ended here."""
    conversation = access_conversation(request.user, conversation_id)
    turn = access_turn(conversation, turn_id)
    if turn.state == TurnState.RUNNING and not interrupt_if_lost(turn=turn, at=timezone.now()):
        ask_to_stop(turn.pk)
    if wants_stream(request) or "application/json" in request.headers.get("Accept", ""):
        return JsonResponse({"turn": str(turn.pk)}, status=202)
    return HttpResponseRedirect(reverse("gpts:conversation-show", args=[conversation.pk]))


@login_required
@require_GET
def source_show(request: HttpRequest, conversation_id: UUID, turn_id: UUID, number: int) -> HttpResponse:
    """A passage that an answer cites: beside the text for the page's script, else a page of its own."""
    conversation = access_conversation(request.user, conversation_id)
    turn = access_turn(conversation, turn_id)
    is_fragment = request.headers.get("X-Fragment") == "passage"
    template = "gpts/chat/_passage.html" if is_fragment else "gpts/chat/passage.html"
    context: dict[str, Any] = {"conversation": conversation, "number": number}
    status = 200
    try:
        passage = cited_piece(turn, number) or access_cited_passage(request.user, turn, number)
    except NotFound as missing:
        # The conversation is the person's own, so they are told in words; whatever the reason, the same ones.
        context["missing"], status = missing.message, missing.status
    else:
        context["passage"] = passage
        context["text"] = unwrapped(passage["text"] if isinstance(passage, dict) else passage.text)
    response = render(request, template, context, status=status)
    patch_vary_headers(response, ["X-Fragment"])
    return response


def _frame(
    request: HttpRequest, gpt: GPT, version: Version | None, conversation: Conversation | None
) -> dict[str, Any]:
    recent: Page[Conversation] = paginate(
        conversations_of(request.user), order=("-updated_at", "-id"), size=SIDEBAR_SIZE
    )
    shown = version or gpt
    return {
        "gpt": gpt,
        "name": shown.name,
        "description": shown.description,
        "icon_url": icon_url(shown.icon),
        "category": shown.category,
        "recent": recent,
        "current_id": conversation.pk if conversation else None,
    } | _neighbours(recent.items, conversation.pk if conversation else None)


def _action(url: str, **switches: bool) -> str:
    """Where the composer posts; the key in it makes a double click one message, also without JavaScript."""
    query = {"key": uuid4().hex} | {name: "1" for name, is_on in switches.items() if is_on}
    return f"{url}?{urlencode(query)}"


def _fragment(request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
    """A part of a page, for the page's script."""
    response = render(request, template, context)
    patch_vary_headers(response, ["X-Fragment"])
    return response


def _neighbours(items: list[Conversation], current: UUID | None) -> dict[str, Any]:
    """The conversations before and after the one that is open, for its keys."""
    places = [item.pk for item in items]
    if current not in places:
        return {"next_id": places[0] if places else None}
    at = places.index(current)
    return {
        "previous_id": places[at - 1] if at else None,
        "next_id": places[at + 1] if at + 1 < len(places) else None,
    }

"""Pages of chatting: an empty chat with a GPT, a conversation, the list of all conversations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode
from uuid import UUID, uuid4

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.utils.safestring import SafeString
from django.views.decorators.http import require_GET, require_POST

from core.errors import DomainError
from core.markdown import render as render_markdown
from core.pagination import Page, paginate
from gpts.access import (
    GPTAct,
    access_cited_passage,
    access_conversation,
    access_gpt,
    access_turn,
)
from gpts.citations import with_citations
from gpts.failures import turn_note
from gpts.models import GPT, Conversation, Turn, Version
from gpts.queries import conversations_of, live_version_for, shown_turns
from gpts.services.chat import delete_conversation, rename_conversation, restore_conversation
from gpts.states import TurnState
from gpts.streaming.connection import ask_to_stop
from gpts.streaming.lost import interrupt_if_lost
from gpts.streaming.responses import wants_stream

SIDEBAR_SIZE = 40
LIST_SIZE = 30


@dataclass(frozen=True)
class ShownTurn:
    """One turn as the page shows it."""

    turn: Turn
    question: str
    html: SafeString | str
    note: str
    sources: list[dict[str, Any]]
    is_last: bool

    @property
    def is_running(self) -> bool:
        return bool(self.turn.state == TurnState.RUNNING)

    @property
    def has_failed(self) -> bool:
        return self.turn.state in (TurnState.FAILED, TurnState.INTERRUPTED)


@login_required
@require_GET
def chat_start(request: HttpRequest, slug: str) -> HttpResponse:
    return start_page(request, slug=slug, is_draft="draft" in request.GET)


def start_page(
    request: HttpRequest, *, slug: str, is_draft: bool, error: DomainError | None = None, value: str = ""
) -> HttpResponse:
    """An empty chat: who this GPT is, its starters, the composer (also after a first message that failed)."""
    gpt = access_gpt(request.user, slug, to=GPTAct.TRY if is_draft else GPTAct.CHAT)
    version = None if is_draft else live_version_for(request.user, gpt)
    context = _frame(request, gpt, version, None) | {
        "starters": (version or gpt).starters,
        "action": _action(reverse("gpts:turn-first", args=[gpt.slug]), is_draft=is_draft),
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
    turns = _shown(conversation)
    running = next((shown.turn for shown in turns if shown.is_running), None)
    context = _frame(request, conversation.gpt, conversation.version, conversation) | {
        "conversation": conversation,
        "turns": turns,
        "running": running,
        "is_draft": conversation.version_id is None,
        "action": _action(reverse("gpts:turn-start", args=[conversation.pk])),
        "error": error,
        "value": value,
    }
    return render(request, "gpts/chat/conversation.html", context)


@login_required
@require_GET
def conversation_list(request: HttpRequest) -> HttpResponse:
    page = paginate(
        conversations_of(request.user),
        order=("-updated_at", "-id"),
        cursor=request.GET.get("cursor", ""),
        size=LIST_SIZE,
    )
    return render(request, "gpts/chat/list.html", {"page": page, "deleted": _deleted(request)})


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
    passage = access_cited_passage(request.user, turn, number)
    is_fragment = request.headers.get("X-Fragment") == "passage"
    template = "gpts/chat/passage.html" if is_fragment else "gpts/chat/source.html"
    context = {"conversation": conversation, "passage": passage, "number": number}
    response = render(request, template, context)
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
        "icon_url": _icon_url(shown.icon),
        "category": shown.category,
        "recent": recent,
        "current_id": conversation.pk if conversation else None,
    }


def _action(url: str, *, is_draft: bool = False) -> str:
    """Where the composer posts; the key in it makes a double click one message, also without JavaScript."""
    query = {"key": uuid4().hex} | ({"draft": "1"} if is_draft else {})
    return f"{url}?{urlencode(query)}"


def _deleted(request: HttpRequest) -> UUID | None:
    try:
        return UUID(request.GET.get("deleted", ""))
    except ValueError:
        return None


def _icon_url(icon: str) -> str:
    digest = icon.rpartition("/")[2].removesuffix(".webp")
    return reverse("gpts:icon-show", args=[digest]) if digest else ""


def _shown(conversation: Conversation) -> list[ShownTurn]:
    turns = shown_turns(conversation)
    return [_shown_turn(turn, is_last=turn is turns[-1]) for turn in turns]


def _shown_turn(turn: Any, *, is_last: bool) -> ShownTurn:
    sources = turn.answer.citations if turn.answer else []
    html = with_citations(render_markdown(turn.answer.content), sources, turn) if turn.answer else ""
    return ShownTurn(
        turn=turn,
        question=turn.question.content if turn.question else "",
        html=html,
        note=turn_note(turn.state, turn.error_code, turn.retry_after),
        sources=sources,
        is_last=is_last,
    )

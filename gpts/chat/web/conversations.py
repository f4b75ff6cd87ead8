"""Chat pages: an empty chat with a GPT, a conversation, a cited passage."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode
from uuid import UUID, uuid4

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_GET, require_POST

from core.errors import DomainError, NotFound
from core.instance_settings import get_setting
from core.pagination import Page, paginate
from gpts.assistants.access import access_gpt
from gpts.assistants.models import GPT, Version
from gpts.assistants.queries.gpts import find_company, find_live_version
from gpts.assistants.rules import GPTAct
from gpts.chat.access import access_cited_passage, access_conversation, access_turn
from gpts.chat.models import Conversation
from gpts.chat.queries.attachments import find_cited_piece
from gpts.chat.queries.conversations import list_conversations
from gpts.chat.queries.payers import choose_payer_id
from gpts.chat.queries.turns import get_turn_window, parse_position
from gpts.chat.services.turns import delete_conversation, rename_conversation, restore_conversation
from gpts.chat.services.versions import get_answering_version
from gpts.chat.streaming.connection import ask_to_stop
from gpts.chat.streaming.lost import interrupt_if_lost
from gpts.chat.streaming.responses import wants_stream
from gpts.chat.web.files import get_attachment_options
from gpts.chat.web.model_options import build_model_menu, get_model_note
from gpts.chat.web.payer_options import build_payer_menu, build_payer_note
from gpts.chat.web.privacy_note import build_privacy_note
from gpts.chat.web.rendered_turns import get_icon_url, join_wrapped_lines, render_turns
from gpts.llm.states import TurnState
from marketplace.access import find_listing
from workspaces.queries import Membership, get_user_roles
from workspaces.web.people import person_of

SIDEBAR_SIZE = 40


@login_required
@require_GET
def chat_start(request: HttpRequest, slug: str) -> HttpResponse:
    return render_start_page(
        request, slug=slug, is_draft="draft" in request.GET, is_temporary="temporary" in request.GET
    )


def render_start_page(
    request: HttpRequest,
    *,
    slug: str,
    is_draft: bool,
    is_temporary: bool = False,
    error: DomainError | None = None,
    value: str = "",
) -> HttpResponse:
    """An empty chat; ``error`` and ``value`` are shown again after a failed first message."""
    person = person_of(request)
    gpt = access_gpt(person, slug, to=GPTAct.TRY if is_draft else GPTAct.CHAT)
    version = None if is_draft else find_live_version(person, gpt)
    payers = build_payer_menu(person, gpt, asked=_get_asked_workspace(request))
    payer_id = payers.chosen.workspace_id if payers.chosen else choose_payer_id(person, gpt)
    context = _build_frame_context(request, gpt, version, payers.chosen) | {
        "starters": (version or gpt).starters,
        "action": _build_post_url(
            reverse("gpts:turn-first", args=[gpt.slug]),
            {"workspace": payers.asked},
            draft=is_draft,
            temporary=is_temporary,
        ),
        "payers": payers,
        "privacy_note": build_privacy_note(payers.chosen),
        "temporary_url": _build_url(
            reverse("gpts:chat-start", args=[gpt.slug]),
            {"workspace": payers.asked},
            temporary=not is_temporary,
        ),
        **build_model_menu(gpt, version, None, person=person, payer_id=payer_id),
        "model_note": get_model_note(gpt, version),
        "is_temporary": is_temporary,
        "temporary_hours": get_setting("chat_temporary_hours"),
        "attach": get_attachment_options(gpt, version, None, is_draft=is_draft),
        "is_draft": is_draft,
        "error": error,
        "value": value or request.GET.get("text", "")[:2_000],
    }
    return render(request, "gpts/chat/start.html", context)


@login_required
@require_GET
def conversation_show(request: HttpRequest, conversation_id: UUID) -> HttpResponse:
    return render_conversation_page(request, conversation_id=conversation_id)


def render_conversation_page(
    request: HttpRequest, *, conversation_id: UUID, error: DomainError | None = None, value: str = ""
) -> HttpResponse:
    person = person_of(request)
    conversation = access_conversation(person, conversation_id)
    window = get_turn_window(conversation, before=parse_position(request.GET.get("before", "")))
    turns = render_turns(conversation, window)
    context: dict[str, Any] = {
        "conversation": conversation,
        "turns": turns,
        "earlier_than": turns[0].turn.position if window.has_earlier else None,
    }
    if request.headers.get("X-Fragment") == "turns":
        return _render_fragment(request, "gpts/chat/_turns.html", context)
    running = next((item.turn for item in turns if item.is_running), None)
    answering = get_answering_version(person, conversation)
    context |= _build_frame_context(
        request,
        conversation.gpt,
        conversation.version,
        get_user_roles(person).membership_in(conversation.workspace_id),
        conversation=conversation,
    ) | {
        "running": running,
        "answering": answering,
        "attach": get_attachment_options(conversation.gpt, conversation.version, conversation),
        "model_note": "" if answering.is_over else get_model_note(conversation.gpt, answering.version),
        "is_draft": conversation.version_id is None,
        "is_temporary": conversation.is_temporary,
        "temporary_hours": get_setting("chat_temporary_hours"),
        "payers": build_payer_note(person, conversation.workspace_id),
        "action": _build_post_url(reverse("gpts:turn-start", args=[conversation.pk])),
        "error": error,
        "value": value,
    }
    if not answering.is_over:
        context |= build_model_menu(
            conversation.gpt,
            answering.version,
            conversation,
            person=person,
            payer_id=conversation.workspace_id,
        )
    return render(request, "gpts/chat/conversation.html", context)


@require_GET
def chats_redirect(request: HttpRequest) -> HttpResponse:
    return HttpResponseRedirect(reverse("gpts:conversation-list"))


@login_required
@require_POST
def conversation_rename(request: HttpRequest, conversation_id: UUID) -> HttpResponse:
    conversation = access_conversation(person_of(request), conversation_id)
    rename_conversation(conversation=conversation, title=request.POST.get("title", ""), at=timezone.now())
    return HttpResponseRedirect(reverse("gpts:conversation-show", args=[conversation.pk]))


@login_required
@require_POST
def conversation_delete(request: HttpRequest, conversation_id: UUID) -> HttpResponse:
    conversation = access_conversation(person_of(request), conversation_id)
    delete_conversation(conversation=conversation, at=timezone.now())
    query = urlencode({"deleted": str(conversation.pk)})
    return HttpResponseRedirect(f"{reverse('gpts:conversation-list')}?{query}")


@login_required
@require_POST
def conversation_restore(request: HttpRequest, conversation_id: UUID) -> HttpResponse:
    conversation = access_conversation(person_of(request), conversation_id, is_deleted=True)
    restore_conversation(conversation=conversation, at=timezone.now())
    return HttpResponseRedirect(reverse("gpts:conversation-show", args=[conversation.pk]))


@login_required
@require_POST
def turn_stop(request: HttpRequest, conversation_id: UUID, turn_id: UUID) -> HttpResponse:
    """Ask the process that runs the turn to stop it; a turn without a process is ended here."""
    conversation = access_conversation(person_of(request), conversation_id)
    turn = access_turn(conversation, turn_id)
    if turn.state == TurnState.RUNNING and not interrupt_if_lost(turn=turn, at=timezone.now()):
        ask_to_stop(turn.pk)
    if wants_stream(request) or "application/json" in request.headers.get("Accept", ""):
        return JsonResponse({"turn": str(turn.pk)}, status=202)
    return HttpResponseRedirect(reverse("gpts:conversation-show", args=[conversation.pk]))


@login_required
@require_GET
def source_show(request: HttpRequest, conversation_id: UUID, turn_id: UUID, number: int) -> HttpResponse:
    """A cited passage: a fragment for the page's script, otherwise a page."""
    person = person_of(request)
    conversation = access_conversation(person, conversation_id)
    turn = access_turn(conversation, turn_id)
    is_fragment = request.headers.get("X-Fragment") == "passage"
    template = "gpts/chat/_passage.html" if is_fragment else "gpts/chat/passage.html"
    context: dict[str, Any] = {"conversation": conversation, "number": number}
    status = 200
    try:
        passage = find_cited_piece(turn, number) or access_cited_passage(person, turn, number)
    except NotFound as missing:
        # The conversation is the person's own, so the page explains it, in the same words for every reason.
        context["missing"], status = missing.message, missing.status
    else:
        context["passage"] = passage
        context["text"] = join_wrapped_lines(passage["text"] if isinstance(passage, dict) else passage.text)
    response = render(request, template, context, status=status)
    patch_vary_headers(response, ["X-Fragment"])
    return response


def _build_frame_context(
    request: HttpRequest,
    gpt: GPT,
    version: Version | None,
    payer: Membership | None,
    *,
    conversation: Conversation | None = None,
) -> dict[str, Any]:
    recent: Page[Conversation] = paginate(
        list_conversations(person_of(request)), order=("-updated_at", "-id"), size=SIDEBAR_SIZE
    )
    behaviour = version or gpt
    person = person_of(request)
    company = find_company(person, gpt)
    return {
        "gpt": gpt,
        # A company's GPT shows its company; another one the workspace that its conversation counts for.
        "company": company or payer,
        "accent": "" if company is None else company.accent,
        "listing": None if version is None else find_listing(gpt),
        "name": behaviour.name,
        "description": behaviour.description,
        "icon_url": get_icon_url(behaviour.icon),
        "category": behaviour.category,
        "recent": recent,
        "current_id": conversation.pk if conversation else None,
    } | _find_neighbours(recent.items, conversation.pk if conversation else None)


def _get_asked_workspace(request: HttpRequest) -> str:
    return request.POST.get("workspace") or request.GET.get("workspace", "")


def _build_post_url(url: str, texts: dict[str, str] | None = None, **switches: bool) -> str:
    """Build the composer's action, with an idempotency key for double clicks without JavaScript."""
    return _build_url(url, {"key": uuid4().hex} | (texts or {}), **switches)


def _build_url(url: str, texts: dict[str, str], **switches: bool) -> str:
    query = {name: text for name, text in texts.items() if text}
    query |= {name: "1" for name, is_on in switches.items() if is_on}
    return f"{url}?{urlencode(query)}" if query else url


def _render_fragment(request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
    response = render(request, template, context)
    patch_vary_headers(response, ["X-Fragment"])
    return response


def _find_neighbours(items: list[Conversation], current: UUID | None) -> dict[str, Any]:
    """The conversations before and after the open one, for keyboard shortcuts."""
    ids = [item.pk for item in items]
    if current not in ids:
        return {"next_id": ids[0] if ids else None}
    at = ids.index(current)
    return {
        "previous_id": ids[at - 1] if at else None,
        "next_id": ids[at + 1] if at + 1 < len(ids) else None,
    }

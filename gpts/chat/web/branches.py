"""Requests of the chat page beside the stream: one turn, branches, versions, mentions."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_POST

from core.errors import DomainError, InvalidInput
from core.look.icon_files import build_icon_url
from gpts.assistants.access import recheck_chat
from gpts.chat.access import access_conversation, access_conversation_to_continue, access_turn
from gpts.chat.mentions import list_mentions
from gpts.chat.queries.turns import get_single_turn_window, parse_position
from gpts.chat.services.branches import show_turn
from gpts.chat.services.versions import continue_with_version, get_answering_version
from gpts.chat.version_changes import list_public_changes, list_versions_between
from gpts.chat.web.rendered_turns import get_icon_url, render_turns
from marketplace.queries.suggestions import list_store_slugs
from workspaces.web.people import person_of
from workspaces.web.refusals import error_body


@login_required
@require_GET
def turn_show(request: HttpRequest, conversation_id: UUID, turn_id: UUID) -> HttpResponse:
    """The turn as a fragment for the page's script, otherwise a redirect to the page at that turn."""
    conversation = access_conversation(person_of(request), conversation_id)
    turn = access_turn(conversation, turn_id)
    if request.headers.get("X-Fragment") != "turn":
        page = reverse("gpts:conversation-show", args=[conversation.pk])
        response: HttpResponse = HttpResponseRedirect(f"{page}?before={turn.position + 1}#turn-{turn.pk}")
    else:
        item = render_turns(conversation, get_single_turn_window(conversation, turn))[0]
        response = render(request, "gpts/chat/_turn.html", {"conversation": conversation, "item": item})
    patch_vary_headers(response, ["X-Fragment"])
    return response


@login_required
@require_POST
def turn_switch(request: HttpRequest, conversation_id: UUID, turn_id: UUID) -> HttpResponse:
    """Show another branch. Conflict while an answer is being written."""
    conversation = access_conversation_to_continue(person_of(request), conversation_id)
    turn = access_turn(conversation, turn_id)
    is_script = "application/json" in request.headers.get("Accept", "")
    try:
        show_turn(turn=turn, at=timezone.now())
    except DomainError as error:
        if not is_script:
            raise
        return JsonResponse(error_body(error), status=error.status)
    if is_script:
        return JsonResponse({"turn": str(turn.pk)})
    page = reverse("gpts:conversation-show", args=[conversation.pk])
    return HttpResponseRedirect(f"{page}#turn-{turn.pk}")


@login_required
@require_POST
def conversation_continue(request: HttpRequest, conversation_id: UUID) -> HttpResponse:
    """Continue with the live version; the form has the number that the person saw."""
    person = person_of(request)
    conversation = access_conversation_to_continue(person, conversation_id)
    number = parse_position(request.POST.get("version", ""))
    if number is None:
        raise InvalidInput(_("Say which version."), code="invalid_input", field="version")
    live, _relation = recheck_chat(person, conversation.gpt, is_draft=conversation.version_id is None)
    continue_with_version(conversation=conversation, number=number, live=live, at=timezone.now())
    return HttpResponseRedirect(reverse("gpts:conversation-show", args=[conversation.pk]) + "#end")


@login_required
@require_GET
def conversation_changes(request: HttpRequest, conversation_id: UUID) -> HttpResponse:
    """Show what is new in the live version: release notes and public fields, never instructions."""
    person = person_of(request)
    conversation = access_conversation(person, conversation_id)
    offered = get_answering_version(person, conversation).offered
    context: dict[str, Any] = {"conversation": conversation, "offered": offered}
    if offered is not None and conversation.version is not None:
        context |= {
            "changes": list_public_changes(conversation.version, offered),
            "notes": list_versions_between(conversation.version, offered),
        }
    return render(request, "gpts/chat/changes.html", context)


@login_required
@require_GET
def mention_list(request: HttpRequest) -> HttpResponse:
    """Suggestions for "@" in the composer."""
    text = request.GET.get("q", "")
    found = [
        {"slug": m.slug, "name": m.name, "description": m.description, "kind": m.kind,
         "icon_url": get_icon_url(m.icon) or build_icon_url(m.slug, m.category)}
        for m in list_mentions(person_of(request), text, in_store=list_store_slugs(text))
    ]  # fmt: skip
    return JsonResponse({"items": found})

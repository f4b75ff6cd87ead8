"""One turn again, its branches, other versions, and other GPTs by "@": what a page asks beside the stream."""

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
from gpts.assistants.access import recheck_chat
from gpts.chat.access import access_conversation, access_turn
from gpts.chat.kept_versions import kept_state, public_changes, release_notes_between
from gpts.chat.mentions import mentions_for
from gpts.chat.queries.turns import one_turn, position_in
from gpts.chat.services.branches import show_turn
from gpts.chat.services.versions import continue_version
from gpts.chat.web.shown import icon_url, shown_in
from workspaces.web.refusals import error_body


@login_required
@require_GET
def turn_show(request: HttpRequest, conversation_id: UUID, turn_id: UUID) -> HttpResponse:
    """One turn as it stands now, for the page's script; for everybody else the page at that turn."""
    conversation = access_conversation(request.user, conversation_id)
    turn = access_turn(conversation, turn_id)
    if request.headers.get("X-Fragment") != "turn":
        page = reverse("gpts:conversation-show", args=[conversation.pk])
        response: HttpResponse = HttpResponseRedirect(f"{page}?before={turn.position + 1}#turn-{turn.pk}")
    else:
        shown = shown_in(conversation, one_turn(conversation, turn))[0]
        response = render(request, "gpts/chat/_turn.html", {"conversation": conversation, "shown": shown})
    patch_vary_headers(response, ["X-Fragment"])
    return response


@login_required
@require_POST
def turn_switch(request: HttpRequest, conversation_id: UUID, turn_id: UUID) -> HttpResponse:
    """Show another branch. Conflict while an answer is being written."""
    conversation = access_conversation(request.user, conversation_id)
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
    """Go on with the version that is live now, which the person saw by its number."""
    conversation = access_conversation(request.user, conversation_id)
    number = position_in(request.POST.get("version", ""))
    if number is None:
        raise InvalidInput(_("Say which version."), code="invalid_input", field="version")
    live, _relation = recheck_chat(request.user, conversation.gpt, is_draft=conversation.version_id is None)
    continue_version(conversation=conversation, number=number, live=live, at=timezone.now())
    return HttpResponseRedirect(reverse("gpts:conversation-show", args=[conversation.pk]) + "#end")


@login_required
@require_GET
def conversation_changes(request: HttpRequest, conversation_id: UUID) -> HttpResponse:
    """What is new in the live version: release notes and public fields, never instructions."""
    conversation = access_conversation(request.user, conversation_id)
    offered = kept_state(request.user, conversation).offered
    context: dict[str, Any] = {"conversation": conversation, "offered": offered}
    if offered is not None and conversation.version is not None:
        context |= {
            "changes": public_changes(conversation.version, offered),
            "notes": release_notes_between(conversation.version, offered),
        }
    return render(request, "gpts/chat/changes.html", context)


@login_required
@require_GET
def mention_list(request: HttpRequest) -> HttpResponse:
    """GPTs that may be called by "@", for the composer's list."""
    found = [
        {"slug": m.slug, "name": m.name, "description": m.description, "kind": m.kind,
         "icon_url": icon_url(m.icon)}
        for m in mentions_for(request.user, request.GET.get("q", ""))
    ]  # fmt: skip
    return JsonResponse({"items": found})

"""Feedback on answers: a fragment for the page's script, otherwise a redirect to the answer."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_POST

from gpts.chat.access import access_conversation, access_conversation_to_continue, access_turn
from gpts.chat.models import Turn, TurnFeedback
from gpts.chat.queries.feedback import get_feedback
from gpts.chat.services.feedback import REASONS, give_feedback, remove_feedback
from workspaces.web.people import person_of


@login_required
@require_POST
def turn_feedback(request: HttpRequest, conversation_id: UUID, turn_id: UUID) -> HttpResponse:
    """Form fields: ``thumb`` (up, down or none) and ``reason``, with a thumb down only."""
    person = person_of(request)
    is_removal = request.POST.get("thumb") == "none"
    # Feedback may be taken back from any conversation that may be read.
    access = access_conversation if is_removal else access_conversation_to_continue
    conversation = access(person, conversation_id)
    turn = access_turn(conversation, turn_id)
    if is_removal:
        remove_feedback(turn=turn)
    else:
        give_feedback(
            turn=turn,
            is_positive=request.POST.get("thumb") == "up",
            reason=request.POST.get("reason", ""),
            by=person,
            at=timezone.now(),
        )
    if request.headers.get("X-Fragment") == "feedback":
        response = render(
            request, "gpts/chat/_feedback.html", build_feedback_context(turn, get_feedback(turn))
        )
        patch_vary_headers(response, ["X-Fragment"])
        return response
    return HttpResponseRedirect(f"{reverse('gpts:conversation-show', args=[conversation.pk])}#turn-{turn.pk}")


def build_feedback_context(turn: Turn, feedback: TurnFeedback | None) -> dict[str, Any]:
    return {"turn": turn, "thumb": feedback, "reasons": REASONS}

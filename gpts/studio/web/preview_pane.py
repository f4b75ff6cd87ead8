"""The preview beside the builder's forms: a chat with the draft, with the person's last conversation."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

from django.conf import settings
from django.urls import reverse

from gpts.assistants.models import GPT
from gpts.assistants.web.builder_frame import get_icon_url
from gpts.chat.queries.conversations import list_previews
from gpts.chat.queries.turns import get_turn_window
from gpts.chat.web.rendered_turns import render_turns
from workspaces.models import User


def build_preview_context(gpt: GPT, user: User) -> dict[str, Any]:
    """Return the context of the preview chat; it posts to the chat's own routes.

    ``conversation`` is the person's last preview of this GPT or None, ``turns`` what was said in it.
    """
    conversation = list_previews(user, gpt).select_related("gpt", "version").first()
    context: dict[str, Any] = {
        "icon_url": get_icon_url(gpt),
        "currency": settings.PAYOUT_CURRENCY,
        "shown_name": gpt.name,
        "shown_description": gpt.description,
        "shown_starters": gpt.starters,
        "conversation": conversation,
    }
    # The idempotency key makes a double click one message, also without JavaScript.
    key = uuid4().hex
    if conversation is None:
        query = urlencode({"draft": "1", "key": key})
        return context | {"preview_action": f"{reverse('gpts:turn-first', args=[gpt.slug])}?{query}"}
    window = get_turn_window(conversation)
    turns = render_turns(conversation, window)
    return context | {
        "preview_action": f"{reverse('gpts:turn-start', args=[conversation.pk])}?key={key}",
        "turns": turns,
        "earlier_than": turns[0].turn.position if window.has_earlier else None,
        "running": next((item.turn for item in turns if item.is_running), None),
    }

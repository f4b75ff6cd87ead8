"""Starts previews of a draft over."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from gpts.assistants.models import GPT
from gpts.chat.queries.conversations import list_previews
from gpts.chat.queries.retention import is_held
from gpts.chat.services.turns import delete_conversation
from workspaces.models import User


@transaction.atomic
def delete_previews(*, gpt: GPT, by: User, at: datetime) -> int:
    """Delete the person's conversations with the draft of a GPT, as any conversation; return how many.

    What they cost stays counted. Those under a legal hold stay.
    """
    found = [conversation for conversation in list_previews(by, gpt) if not is_held(conversation)]
    for conversation in found:
        delete_conversation(conversation=conversation, at=at)
    return len(found)

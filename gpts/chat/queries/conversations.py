"""Queries for conversations and their turns."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any
from uuid import UUID

from django.db.models import (
    QuerySet,
)

from gpts.chat.models import Conversation, Turn
from gpts.chat.states import MessageRole
from gpts.llm.states import TurnState


def conversations_of(user: Any) -> QuerySet[Conversation]:
    """The person's conversations that were not deleted, the latest first; temporary ones are in no list."""
    return (
        Conversation.objects.filter(user_id=user.pk, deleted_at__isnull=True, is_temporary=False)
        .select_related("gpt", "version")
        .order_by("-updated_at", "-id")
    )


def shown_turns(conversation: Conversation) -> list[Turn]:
    """The turns on the shown path, in order, with ``question`` and ``answer`` (Message or None) on each."""
    turns = list(
        Turn.objects.filter(conversation=conversation, is_shown=True)
        .prefetch_related("messages")
        .order_by("position", "id")
    )
    for turn in turns:
        by_role = {message.role: message for message in turn.messages.all()}
        turn.question = by_role.get(MessageRole.USER)  # type: ignore[attr-defined]  # for pages, not a column
        turn.answer = by_role.get(MessageRole.ASSISTANT)  # type: ignore[attr-defined]
    return turns


def find_first_turn(user: Any, request_key: str) -> Turn | None:
    """The turn that began a conversation of ``user`` with this request key."""
    return Turn.objects.filter(
        user_id=user.pk, request_key=request_key, position=1, conversation__deleted_at__isnull=True
    ).first()


def find_running_turns(ids: Collection[UUID]) -> set[UUID]:
    """Which of these turns are running."""
    return set(Turn.objects.filter(pk__in=ids, state=TurnState.RUNNING).values_list("pk", flat=True))


def running_turns() -> QuerySet[Turn]:
    """Turns that have not ended; the scope limits whose."""
    return Turn.objects.filter(state=TurnState.RUNNING).order_by("started_at", "id")

"""Queries for conversations, and for running turns."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from django.db.models import Q, QuerySet

from gpts.assistants.models import GPT
from gpts.chat.models import Conversation, Turn
from gpts.llm.states import TurnState
from workspaces.models import User


def list_conversations(user: User) -> QuerySet[Conversation]:
    """The person's conversations without deleted and temporary ones and previews of drafts, newest first."""
    return (
        Conversation.objects.filter(
            user_id=user.pk, deleted_at__isnull=True, is_temporary=False, version__isnull=False
        )
        .select_related("gpt", "version")
        .order_by("-updated_at", "-id")
    )


def list_previews(user: User, gpt: GPT) -> QuerySet[Conversation]:
    """The person's conversations with the draft of a GPT, neither deleted nor temporary, newest first."""
    return Conversation.objects.filter(
        user_id=user.pk, gpt=gpt, version__isnull=True, deleted_at__isnull=True, is_temporary=False
    ).order_by("-updated_at", "-id")


def find_first_turn(
    user: User,
    request_key: str,
    *,
    slug: str,
    is_draft: bool,
    source: str,
    workspace_ids: Collection[int],
) -> Turn | None:
    """Find the first turn of a conversation that ``user`` started with this request key.

    Only of the same kind of request: to the same GPT or its draft, from the same source, and in a workspace
    that counts for the request. The same key elsewhere is another request.
    """
    return Turn.objects.filter(
        Q(conversation__gpt__slug=slug) | Q(conversation__gpt__former_slug=slug),
        user_id=user.pk,
        request_key=request_key,
        position=1,
        source=source,
        workspace_id__in=workspace_ids,
        conversation__version__isnull=is_draft,
        conversation__deleted_at__isnull=True,
    ).first()


def count_turns_since(user: User, since: datetime) -> int:
    return Turn.objects.filter(user_id=user.pk, started_at__gt=since).count()


def find_running_turns(ids: Collection[UUID]) -> set[UUID]:
    """Return which of these turns are running."""
    return set(Turn.objects.filter(pk__in=ids, state=TurnState.RUNNING).values_list("pk", flat=True))


def list_running_turns() -> QuerySet[Turn]:
    """Turns that have not ended, of everybody whom the open scope includes."""
    return Turn.objects.filter(state=TurnState.RUNNING).order_by("started_at", "id")

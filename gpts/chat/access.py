"""Fetch and authorise a conversation, a turn or a cited passage in one call, or raise."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from core.errors import DomainError, NotFound
from gpts.assistants.access import recheck_chat
from gpts.chat.models import Conversation, Turn
from gpts.chat.states import MessageRole
from gpts.knowledge.models import Passage
from gpts.knowledge.queries import get_cited_passage


def access_conversation(
    user: Any, identifier: UUID, *, is_deleted: bool = False, workspace_id: int | None = None
) -> Conversation:
    """Return the person's own conversation; NotFound for anybody else's, also to admins and staff.

    A key sees those of its own workspace only: ``workspace_id``.
    """
    place = {} if workspace_id is None else {"workspace_id": workspace_id}
    found = (
        Conversation.objects.select_related(
            "gpt__workspace", "gpt__language_model__provider", "version__language_model__provider"
        )
        .filter(pk=identifier, user_id=user.pk, deleted_at__isnull=not is_deleted, **place)
        .first()
        if user.is_authenticated
        else None
    )
    if found is None:
        raise NotFound(_("There is no such conversation."), code="conversation_not_found")
    return found


def access_turn(conversation: Conversation, identifier: UUID) -> Turn:
    """Return a turn of a conversation that was authorised; NotFound for any other conversation's."""
    turn = Turn.objects.filter(conversation=conversation, pk=identifier).first()
    if turn is None:
        raise NotFound(_("There is no such answer."), code="turn_not_found")
    turn.conversation = conversation
    if turn.gpt_id == conversation.gpt_id:
        turn.gpt = conversation.gpt
    return turn


def access_cited_passage(user: Any, turn: Turn, number: int) -> Passage:
    """Return the passage behind a citation number of an authorised turn, with the file's ``file_name``.

    NotFound when the answer does not cite it, when it is no longer there, or when the person may not chat
    with its GPT any more.
    """
    _may_go_on_reading(user, turn)
    answer = turn.messages.filter(role=MessageRole.ASSISTANT).first()
    cited = {source["number"]: source["passage_id"] for source in (answer.citations if answer else ())}
    found = get_cited_passage(turn.gpt, cited[number]) if number in cited else None
    if found is None:
        raise _no_passage()
    passage, name = found
    passage.file_name = name  # type: ignore[attr-defined]  # by which this GPT holds the document
    return passage


def _may_go_on_reading(user: Any, turn: Turn) -> None:
    try:
        recheck_chat(user, turn.gpt, is_draft=turn.version_id is None)
    except DomainError:
        raise _no_passage() from None


def _no_passage() -> NotFound:
    return NotFound(_("This passage is not there any more, or it is not for you."), code="passage_not_found")

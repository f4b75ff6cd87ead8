"""Starting a chat turn: what is checked and written before the model is asked, in one transaction."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection
from django.utils import timezone
from django.utils.translation import gettext as _

from core.scope import Scope, open_scope
from gpts.assistants.access import access_chat, recheck_chat
from gpts.assistants.models import GPT
from gpts.assistants.rules import GPTRelation
from gpts.chat.access import access_conversation, access_turn
from gpts.chat.mentions import access_mention
from gpts.chat.models import Conversation, Message, Turn
from gpts.chat.queries.attachments import reads_images
from gpts.chat.queries.conversations import find_first_turn
from gpts.chat.services.attachments import attach_to_turn, copy_to_turn
from gpts.chat.services.model_choice import choose_model
from gpts.chat.services.turn_inputs import PreparedTurn, get_usable_model, prepare_turn
from gpts.chat.services.turns import AnsweringGPT, edit_turn, retry_turn, start_first_turn, start_turn
from gpts.chat.services.versions import settle_version
from gpts.chat.states import MessageRole
from gpts.chat.streaming.chat_turn import ChatTurn
from gpts.chat.streaming.connection import check_message
from gpts.chat.streaming.frames import frame, turn_end
from gpts.chat.streaming.lost import interrupt_if_lost
from gpts.llm.states import TurnState
from gpts.metering.services.reservations import characters_of, estimate, reserve
from workspaces.access import personal_workspace
from workspaces.models import User
from workspaces.queries import get_user_roles
from workspaces.states import WorkspaceKind

REPEAT_ATTEMPTS = 20
REPEAT_PAUSE = 0.05
# Key space of the advisory locks below; no other code locks with this number.
_LOCK_SPACE = 8130


@dataclass(frozen=True)
class Requester:
    """The person behind a request and how it came: by session, or by a key, which acts in one workspace."""

    user: User
    scope: Scope
    source: str
    workspace_id: int | None
    language: str


@dataclass(frozen=True)
class StartedChatTurn:
    """A StartedTurn of a conversation: with a job when it was started now, with its end when it has ended."""

    turn: Turn
    conversation: Conversation
    requester: Requester
    job: ChatTurn | None = None
    end: dict[str, Any] | None = None

    @property
    def id(self) -> UUID:
        return self.turn.pk

    def build_head(self) -> bytes:
        return frame("turn", self.get_head())

    def get_head(self) -> dict[str, Any]:
        conversation = self.conversation
        return {
            "turn": str(self.turn.pk),
            "conversation": str(conversation.pk),
            "position": self.turn.position,
            "title": conversation.title,
            "gpt": conversation.gpt.slug,
        }

    def load_end(self) -> dict[str, Any]:
        found = find_turn(self.requester, self.conversation.pk, self.turn.pk)
        return found.end or {
            "turn": str(self.turn.pk),
            "state": TurnState.INTERRUPTED,
            "code": "interrupted",
            "note": _("The connection to this answer was lost. Reload the page to see it."),
            "html": "",
            "sources": [],
        }


def begin_first(
    requester: Requester,
    slug: str,
    text: str,
    key: str,
    *,
    is_draft: bool,
    files: Sequence[UUID] = (),
    ask: str = "",
    is_temporary: bool = False,
    model: str | None = None,
) -> StartedChatTurn:
    """Start a new conversation with its first turn; the same key again leads to the same one.

    ``ask`` is the slug of another GPT that answers this turn, ``model`` the chosen one's id or name.
    """
    is_repeated = check_message(requester.user.pk, key)
    if is_repeated and (known := _wait_for_turn(requester, key)):
        return known
    with open_scope(requester.scope):
        lock_turn_starts(requester.user)
        gpt, version, relation = access_chat(requester.user, slug, is_draft=is_draft)
        turn = start_first_turn(
            gpt=gpt,
            version=version,
            workspace=get_chat_workspace_id(requester, gpt, relation),
            text=text,
            by=requester.user,
            at=timezone.now(),
            request_key=key,
            source=requester.source,
            is_temporary=is_temporary,
            answering=_access_answering_gpt(requester, gpt, ask),
        )
        choose_model(conversation=turn.conversation, chosen=model)
        _attach(requester, turn, files)
        return _prepare(requester, turn, has_files=bool(files))


def begin_next(
    requester: Requester,
    conversation_id: UUID,
    text: str,
    key: str,
    *,
    files: Sequence[UUID] = (),
    ask: str = "",
    model: str | None = None,
) -> StartedChatTurn:
    """Start the next turn of a conversation; ``ask`` and ``model`` as in begin_first."""
    check_message(requester.user.pk, "")
    with open_scope(requester.scope):
        lock_turn_starts(requester.user)
        at = timezone.now()
        conversation = _open_conversation(requester, conversation_id, at)
        turn, is_new = start_turn(
            conversation=conversation,
            text=text,
            by=requester.user,
            at=at,
            request_key=key,
            source=requester.source,
            answering=_access_answering_gpt(requester, conversation.gpt, ask),
        )
        if not is_new:
            return _find_started(requester, turn)
        choose_model(conversation=conversation, chosen=model)
        _attach(requester, turn, files)
        return _prepare(requester, turn)


def begin_retry(requester: Requester, conversation_id: UUID, turn_id: UUID, key: str) -> StartedChatTurn:
    """Ask a turn's question again."""
    check_message(requester.user.pk, "")
    with open_scope(requester.scope):
        lock_turn_starts(requester.user)
        at = timezone.now()
        conversation = _open_conversation(requester, conversation_id, at)
        old = access_turn(conversation, turn_id)
        turn, is_new = retry_turn(
            turn=old,
            by=requester.user,
            at=at,
            request_key=key,
            source=requester.source,
            answering=_access_answering_gpt(requester, conversation.gpt, old.gpt.slug),
        )
        if not is_new:
            return _find_started(requester, turn)
        copy_to_turn(source=old, turn=turn, at=at)
        return _prepare(requester, turn)


def begin_edit(
    requester: Requester, conversation_id: UUID, turn_id: UUID, text: str, key: str
) -> StartedChatTurn:
    """Ask a turn's question in other words."""
    check_message(requester.user.pk, "")
    with open_scope(requester.scope):
        lock_turn_starts(requester.user)
        at = timezone.now()
        conversation = _open_conversation(requester, conversation_id, at)
        old = access_turn(conversation, turn_id)
        turn, is_new = edit_turn(
            turn=old,
            text=text,
            by=requester.user,
            at=at,
            request_key=key,
            source=requester.source,
            answering=_access_answering_gpt(requester, conversation.gpt, old.gpt.slug),
        )
        if not is_new:
            return _find_started(requester, turn)
        copy_to_turn(source=old, turn=turn, at=at)
        return _prepare(requester, turn)


def find_turn(requester: Requester, conversation_id: UUID, turn_id: UUID) -> StartedChatTurn:
    """Find a turn to read along with; one whose process died is ended here and now."""
    with open_scope(requester.scope):
        conversation = access_conversation(
            requester.user, conversation_id, workspace_id=requester.workspace_id
        )
        turn = access_turn(conversation, turn_id)
        if turn.state == TurnState.RUNNING and interrupt_if_lost(turn=turn, at=timezone.now()):
            turn.refresh_from_db()
        return StartedChatTurn(turn, conversation, requester, end=_build_end(turn))


def lock_turn_starts(user: User) -> None:
    """Let a person's turns start one after the other, so that many sent at once cannot pass the limit of
    running answers. Taken before all other locks, held until the commit."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [_LOCK_SPACE, user.pk % 2**31])


def get_chat_workspace_id(requester: Requester, gpt: GPT, relation: GPTRelation) -> int:
    """The workspace in which the person chats: the key's, the GPT's if it is theirs, else their own."""
    if requester.workspace_id is not None:
        return requester.workspace_id
    if relation.role:
        return gpt.workspace_id
    memberships = get_user_roles(requester.user).memberships
    personal = (m.workspace_id for m in memberships if m.kind == WorkspaceKind.PERSONAL)
    own = next(personal, None)
    return own if own is not None else personal_workspace(requester.user).pk


# Before the turn is started --------------------------------------------------------------------------


def _wait_for_turn(requester: Requester, key: str) -> StartedChatTurn | None:
    """The turn of a first click, which may be about to commit; None when that one was refused."""
    for _attempt in range(REPEAT_ATTEMPTS):
        with open_scope(requester.scope):
            turn = find_first_turn(requester.user, key)
            if turn is not None:
                return _find_started(requester, turn)
        time.sleep(REPEAT_PAUSE)
    return None


def _open_conversation(requester: Requester, conversation_id: UUID, at: datetime) -> Conversation:
    """The person's own conversation, with the right to go on checked as of now.

    A turn that a dead process left running is ended, so that it does not block its conversation.
    """
    conversation = access_conversation(requester.user, conversation_id, workspace_id=requester.workspace_id)
    live, relation = recheck_chat(requester.user, conversation.gpt, is_draft=conversation.version_id is None)
    conversation = settle_version(conversation=conversation, live=live, relation=relation)
    running = Turn.objects.filter(conversation=conversation, state=TurnState.RUNNING).first()
    if running is not None:
        interrupt_if_lost(turn=running, at=at)
    return conversation


def _access_answering_gpt(requester: Requester, gpt: GPT, ask: str) -> AnsweringGPT | None:
    """The GPT called by "@" for one turn, authorised as of now; None when it is the conversation's own."""
    return access_mention(requester.user, ask) if ask and ask != gpt.slug else None


# Once the turn is started ----------------------------------------------------------------------------


def _find_started(requester: Requester, turn: Turn) -> StartedChatTurn:
    """The turn that an earlier request with the same key started."""
    conversation = access_conversation(requester.user, turn.conversation_id)
    return StartedChatTurn(turn, conversation, requester, end=_build_end(turn))


def _attach(requester: Requester, turn: Turn, files: Sequence[UUID]) -> None:
    """Attach the files to the question; an error takes the question back too."""
    if files:
        model = get_usable_model(turn.gpt, turn.version, chosen=turn.conversation.language_model)
        attach_to_turn(turn=turn, identifiers=files, reads_images=reads_images(model), by=requester.user)


def _prepare(requester: Requester, turn: Any, *, has_files: bool = True) -> StartedChatTurn:
    """Gather the turn's input and reserve its estimate in the budgets."""
    prepared = prepare_turn(
        turn=turn,
        conversation=turn.conversation,
        text=turn.question.content,
        language=requester.language,
        has_files=has_files,
    )
    _reserve_budgets(requester, turn, prepared)
    job = ChatTurn(prepared, requester.scope, requester.language)
    return StartedChatTurn(turn, turn.conversation, requester, job)


def _reserve_budgets(requester: Requester, turn: Turn, prepared: PreparedTurn) -> None:
    """The last step before the commit, as counters stay locked from here on."""
    tokens, micros = estimate(prepared.model, characters_of(prepared.input))
    reserve(
        user=requester.user,
        workspace_id=turn.workspace_id,
        gpt=turn.gpt,
        turn_id=turn.pk,
        estimated_tokens=tokens,
        estimated_micros=micros,
        at=turn.started_at,
    )


def _build_end(turn: Turn) -> dict[str, object] | None:
    """The data of the last event of a turn that has ended."""
    if turn.state == TurnState.RUNNING:
        return None
    answer = Message.objects.filter(turn=turn, role=MessageRole.ASSISTANT).first()
    if answer is None:
        return turn_end(turn, "", ())
    return turn_end(turn, answer.content, answer.citations, answer.tools)

"""Beginning a turn: everything that is checked and written before the model is asked, in one transaction."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection
from django.utils import timezone

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
from gpts.chat.services.turns import Answering, edit_turn, retry_turn, start_first_turn, start_turn
from gpts.chat.services.versions import settle_version
from gpts.chat.states import MessageRole
from gpts.chat.streaming.connection import check_message
from gpts.chat.streaming.frames import turn_end
from gpts.chat.streaming.lost import interrupt_if_lost
from gpts.llm.states import TurnState
from gpts.metering.services.reservations import characters_of, estimate, reserve
from workspaces.access import personal_workspace
from workspaces.models import User
from workspaces.queries import get_user_roles
from workspaces.states import WorkspaceKind

REPEAT_ATTEMPTS = 20
REPEAT_PAUSE = 0.05
# Advisory locks of one person's beginnings; any number that no other room locks with.
_LOCK_SPACE = 8130


@dataclass(frozen=True)
class Caller:
    """Who asks, by session or by key. A key acts in its one workspace."""

    user: User
    scope: Scope
    source: str
    workspace_id: int | None
    language: str


@dataclass(frozen=True)
class Begun:
    """A turn that was started now (`prepared`) or had been before; `end` is set when it has ended."""

    turn: Turn
    conversation: Conversation
    prepared: PreparedTurn | None
    end: dict[str, object] | None


def begin_first(
    caller: Caller,
    slug: str,
    text: str,
    key: str,
    *,
    is_draft: bool,
    files: Sequence[UUID] = (),
    ask: str = "",
    is_temporary: bool = False,
    model: str | None = None,
) -> Begun:
    """A new conversation with its first turn; the same key again leads to the same one.

    ``ask`` is the slug of another GPT that answers this turn, ``model`` the chosen one's id or name.
    """
    is_repeated = check_message(caller.user.pk, key)
    if is_repeated and (known := _wait_for_turn(caller, key)):
        return known
    with open_scope(caller.scope):
        one_at_a_time(caller.user)
        gpt, version, relation = access_chat(caller.user, slug, is_draft=is_draft)
        turn = start_first_turn(
            gpt=gpt,
            version=version,
            workspace=chat_workspace_id(caller, gpt, relation),
            text=text,
            by=caller.user,
            at=timezone.now(),
            request_key=key,
            source=caller.source,
            is_temporary=is_temporary,
            answering=_called(caller, gpt, ask),
        )
        choose_model(conversation=turn.conversation, chosen=model)
        _attach(caller, turn, files)
        return _prepared(caller, turn, has_files=bool(files))


def _wait_for_turn(caller: Caller, key: str) -> Begun | None:
    """The turn of a first click, which may be about to commit; None when that one was refused."""
    for _attempt in range(REPEAT_ATTEMPTS):
        with open_scope(caller.scope):
            turn = find_first_turn(caller.user, key)
            if turn is not None:
                return Begun(
                    turn, access_conversation(caller.user, turn.conversation_id), None, _end_of(turn)
                )
        time.sleep(REPEAT_PAUSE)
    return None


def begin_next(
    caller: Caller,
    conversation_id: UUID,
    text: str,
    key: str,
    *,
    files: Sequence[UUID] = (),
    ask: str = "",
    model: str | None = None,
) -> Begun:
    def start(at: datetime) -> tuple[Turn, bool]:
        conversation = _open_conversation(caller, conversation_id)
        _free(conversation, at)
        turn, is_new = start_turn(
            conversation=conversation,
            text=text,
            by=caller.user,
            at=at,
            request_key=key,
            source=caller.source,
            answering=_called(caller, conversation.gpt, ask),
        )
        if is_new:
            choose_model(conversation=conversation, chosen=model)
            _attach(caller, turn, files)
        return turn, is_new

    return _begin(caller, start)


def begin_retry(caller: Caller, conversation_id: UUID, turn_id: UUID, key: str) -> Begun:
    def start(at: datetime) -> tuple[Turn, bool]:
        turn = _open_turn(caller, conversation_id, turn_id, at)
        again, is_new = retry_turn(
            turn=turn,
            by=caller.user,
            at=at,
            request_key=key,
            source=caller.source,
            answering=_called_again(caller, turn),
        )
        if is_new:
            copy_to_turn(source=turn, turn=again, at=at)
        return again, is_new

    return _begin(caller, start)


def begin_edit(caller: Caller, conversation_id: UUID, turn_id: UUID, text: str, key: str) -> Begun:
    def start(at: datetime) -> tuple[Turn, bool]:
        turn = _open_turn(caller, conversation_id, turn_id, at)
        edited, is_new = edit_turn(
            turn=turn,
            text=text,
            by=caller.user,
            at=at,
            request_key=key,
            source=caller.source,
            answering=_called_again(caller, turn),
        )
        if is_new:
            copy_to_turn(source=turn, turn=edited, at=at)
        return edited, is_new

    return _begin(caller, start)


def _called(caller: Caller, gpt: GPT, ask: str) -> Answering | None:
    """The GPT called by "@" for one turn, authorised as of now; none when it is the conversation's own."""
    return access_mention(caller.user, ask) if ask and ask != gpt.slug else None


def _called_again(caller: Caller, turn: Turn) -> Answering | None:
    return _called(caller, turn.conversation.gpt, turn.gpt.slug)


def _attach(caller: Caller, turn: Turn, files: Sequence[UUID]) -> None:
    """Put the files to the message that asks; an error takes the message back too."""
    if files:
        model = get_usable_model(turn.gpt, turn.version, chosen=turn.conversation.language_model)
        attach_to_turn(turn=turn, identifiers=files, reads_images=reads_images(model), by=caller.user)


def find_turn(caller: Caller, conversation_id: UUID, turn_id: UUID) -> Begun:
    """A turn to read along with; a lost one is ended here and now."""
    with open_scope(caller.scope):
        conversation = access_conversation(caller.user, conversation_id, workspace_id=caller.workspace_id)
        turn = access_turn(conversation, turn_id)
        if turn.state == TurnState.RUNNING and interrupt_if_lost(turn=turn, at=timezone.now()):
            turn.refresh_from_db()
        return Begun(turn, conversation, None, _end_of(turn))


def _begin(caller: Caller, start: Callable[[datetime], tuple[Turn, bool]]) -> Begun:
    check_message(caller.user.pk, "")
    with open_scope(caller.scope):
        one_at_a_time(caller.user)
        turn, is_new = start(timezone.now())
        if not is_new:
            conversation = access_conversation(caller.user, turn.conversation_id)
            return Begun(turn, conversation, None, _end_of(turn))
        return _prepared(caller, turn)


def one_at_a_time(user: User) -> None:
    """Let a person's turns begin one after the other, so that many sent at once cannot pass the ceiling of
    running answers. First of all locks, until the commit."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [_LOCK_SPACE, user.pk % 2**31])


def _prepared(caller: Caller, turn: Any, *, has_files: bool = True) -> Begun:
    prepared = prepare_turn(
        turn=turn,
        conversation=turn.conversation,
        text=turn.question.content,
        language=caller.language,
        has_files=has_files,
    )
    _hold(caller, turn, prepared)
    return Begun(turn, turn.conversation, prepared, None)


def _hold(caller: Caller, turn: Turn, prepared: PreparedTurn) -> None:
    """Reserve in the budgets, last of all: counters stay locked from here until the commit."""
    tokens, micros = estimate(prepared.model, characters_of(prepared.input))
    reserve(
        user=caller.user,
        workspace_id=turn.workspace_id,
        gpt=turn.gpt,
        turn_id=turn.pk,
        estimated_tokens=tokens,
        estimated_micros=micros,
        at=turn.started_at,
    )


def _end_of(turn: Turn) -> dict[str, object] | None:
    if turn.state == TurnState.RUNNING:
        return None
    answer = Message.objects.filter(turn=turn, role=MessageRole.ASSISTANT).first()
    if answer is None:
        return turn_end(turn, "", ())
    return turn_end(turn, answer.content, answer.citations, answer.tools)


def chat_workspace_id(caller: Caller, gpt: GPT, relation: GPTRelation) -> int:
    """The workspace in which the person chats: the key's, the GPT's if it is theirs, else their own."""
    if caller.workspace_id is not None:
        return caller.workspace_id
    if relation.role:
        return gpt.workspace_id
    seats = get_user_roles(caller.user).memberships
    own = next((seat.workspace_id for seat in seats if seat.kind == WorkspaceKind.PERSONAL), None)
    return own if own is not None else personal_workspace(caller.user).pk


def _open_conversation(caller: Caller, conversation_id: UUID) -> Conversation:
    """The person's own conversation, with the right to go on checked as of now."""
    conversation = access_conversation(caller.user, conversation_id, workspace_id=caller.workspace_id)
    live, relation = recheck_chat(caller.user, conversation.gpt, is_draft=conversation.version_id is None)
    return settle_version(conversation=conversation, live=live, relation=relation)


def _open_turn(caller: Caller, conversation_id: UUID, turn_id: UUID, at: datetime) -> Turn:
    conversation = _open_conversation(caller, conversation_id)
    _free(conversation, at)
    return access_turn(conversation, turn_id)


def _free(conversation: Conversation, at: datetime) -> None:
    """End a turn that a dead process left running, so that it does not lock its conversation."""
    running = Turn.objects.filter(conversation=conversation, state=TurnState.RUNNING).first()
    if running is not None:
        interrupt_if_lost(turn=running, at=at)

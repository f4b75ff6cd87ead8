"""Conversations and the life of a turn: started, then finished, stopped, failed or interrupted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import IntegrityError, connection, transaction
from django.db.models import F
from django.utils.translation import gettext_lazy as _

from core.errors import Conflict, IllegalTransition, InvalidInput, RateLimited
from core.ids import uuid7
from core.text import clean_block, clean_line
from gpts.models import GPT, Conversation, LanguageModel, Message, Turn, Version
from gpts.services.usage import cost_micros, record_usage
from gpts.services.writing import insert_together
from gpts.states import METERED_TURN_STATES, MessageRole, TurnState, UsageSource
from workspaces.models import User, Workspace

TITLE_LENGTH = 120
AUTO_TITLE_LENGTH = 60
MESSAGE_LENGTH = 32_000
REQUEST_KEY_LENGTH = 64


def start_conversation(
    *,
    gpt: GPT,
    version: Version | None,
    workspace: Workspace | int,
    by: User,
    at: datetime,
    title: str = "",
) -> Conversation:
    """Make a conversation of ``by`` with a version, or with the draft when there is none.

    The caller has authorised the person to chat.
    """
    conversation = _new_conversation(gpt, version, workspace, by=by, at=at, title=title)
    conversation.save(force_insert=True)
    return conversation


def _new_conversation(
    gpt: GPT, version: Version | None, workspace: Workspace | int, *, by: User, at: datetime, title: str
) -> Conversation:
    return Conversation(
        id=uuid7(at),
        user=by,
        workspace_id=workspace if isinstance(workspace, int) else workspace.pk,
        gpt=gpt,
        version=version,
        title=title,
        created_at=at,
        updated_at=at,
    )


def start_first_turn(
    *,
    gpt: GPT,
    version: Version | None,
    workspace: Workspace | int,
    text: str,
    by: User,
    at: datetime,
    request_key: str = "",
    source: str = UsageSource.WEB,
) -> Turn:
    """Make a conversation with its first question and a running turn; few queries, as a reader waits.

    RateLimited (``turns_running``) when the person has too many at once. The caller keeps repeated
    requests away: in a new conversation no other turn can have the key.
    """
    text, request_key = _clean(text, request_key)
    _check_running(by)
    conversation = _new_conversation(gpt, version, workspace, by=by, at=at, title=_title_of(text))
    turn = _new_turn(conversation, 1, by=by, at=at, request_key=request_key, source=source)
    turn.question = _words(turn, MessageRole.USER, text, at=at)  # type: ignore[attr-defined]  # for the caller
    insert_together(conversation, turn, turn.question)  # type: ignore[attr-defined]
    return turn


def start_turn(
    *,
    conversation: Conversation,
    text: str,
    by: User,
    at: datetime,
    request_key: str = "",
    source: str = UsageSource.WEB,
    replaces: Turn | None = None,
    is_regeneration: bool = False,
) -> tuple[Turn, bool]:
    """Record the question and a running turn; returns the turn and whether it is new.

    A new turn has its question (Message) at hand.

    The same ``request_key`` in the same conversation returns the first turn, whatever became of it.
    Conflict (``turn_running``, data: the turn) while another one runs; RateLimited (``turns_running``)
    when the person has too many at once. Writes nothing in either case.
    """
    text, request_key = _clean(text, request_key)
    if request_key and (known := _turn_of_key(conversation, request_key)):
        return known, False
    _check_running(by)
    position = replaces.position if replaces else _next_position(conversation)
    turn = _new_turn(
        conversation,
        position,
        by=by,
        at=at,
        request_key=request_key,
        source=source,
        is_regeneration=is_regeneration,
    )
    turn.question = _words(turn, MessageRole.USER, text, at=at)  # type: ignore[attr-defined]
    try:
        with transaction.atomic():
            insert_together(turn, turn.question)  # type: ignore[attr-defined]
    except IntegrityError:
        return _turn_in_the_way(conversation, request_key), False
    if replaces is not None:
        Turn.objects.filter(pk=replaces.pk).update(replaced_by=turn)
    changes: dict[str, Any] = {"updated_at": at}
    if not conversation.title:
        changes["title"] = conversation.title = _title_of(text)
    Conversation.objects.filter(pk=conversation.pk).update(**changes)
    return turn, True


def _clean(text: str, request_key: str) -> tuple[str, str]:
    return (
        clean_block(text, max_length=MESSAGE_LENGTH, field="text"),
        clean_line(request_key, max_length=REQUEST_KEY_LENGTH, field="request_key", required=False),
    )


def _new_turn(conversation: Conversation, position: int, *, by: User, at: datetime, **fields: Any) -> Turn:
    return Turn(
        id=uuid7(at),
        conversation=conversation,
        user=by,
        workspace_id=conversation.workspace_id,
        position=position,
        started_at=at,
        **fields,
    )


def retry_turn(
    *, turn: Turn, by: User, at: datetime, request_key: str = "", source: str = UsageSource.WEB
) -> tuple[Turn, bool]:
    """Ask the last question again; the old turn stays in the data, replaced."""
    if known := _known_replacement(turn, request_key):
        return known, False
    _check_last(turn)
    question = turn.messages.get(role=MessageRole.USER)
    return start_turn(
        conversation=turn.conversation,
        text=question.content,
        by=by,
        at=at,
        request_key=request_key,
        source=source,
        replaces=turn,
        # Asking again after a failure is the first answer, not a second one.
        is_regeneration=turn.state in METERED_TURN_STATES,
    )


def edit_last_turn(
    *, turn: Turn, text: str, by: User, at: datetime, request_key: str = "", source: str = UsageSource.WEB
) -> tuple[Turn, bool]:
    """Ask the last question in other words; the old branch stays in the data, replaced."""
    if known := _known_replacement(turn, request_key):
        return known, False
    _check_last(turn)
    return start_turn(
        conversation=turn.conversation,
        text=text,
        by=by,
        at=at,
        request_key=request_key,
        source=source,
        replaces=turn,
    )


@transaction.atomic
def finish_turn(
    *,
    turn_id: Any,
    text: str,
    input_tokens: int,
    output_tokens: int,
    model: LanguageModel | None,
    at: datetime,
    citations: Sequence[Mapping[str, Any]] = (),
    trimmed_turns: int = 0,
    first_token_at: datetime | None = None,
    is_stopped: bool = False,
) -> Turn:
    """End a running turn with its answer and its usage event, all or nothing.

    A turn that was stopped before the first word has no event: nothing was given for it.
    """
    turn = _running(turn_id)
    turn.state = TurnState.STOPPED if is_stopped else TurnState.FINISHED
    turn.ended_at = at
    turn.first_token_at = first_token_at
    turn.input_tokens, turn.output_tokens = input_tokens, output_tokens
    turn.model_name = model.name if model else ""
    turn.cost_micros = cost_micros(model, input_tokens=input_tokens, output_tokens=output_tokens)
    turn.trimmed_turns = trimmed_turns
    turn.save()
    if text:
        insert_together(_words(turn, MessageRole.ASSISTANT, text, at=at, citations=list(citations)))
        record_usage(turn=turn, model=model, at=at)
    Conversation.objects.filter(pk=turn.conversation_id).update(updated_at=at)
    if turn.position == 1 and not turn.is_regeneration:
        GPT.objects.filter(pk=turn.conversation.gpt_id).update(conversation_count=F("conversation_count") + 1)
    return turn


@transaction.atomic
def fail_turn(
    *,
    turn_id: Any,
    code: str,
    text: str,
    at: datetime,
    retry_after: int | None = None,
    is_interrupted: bool = False,
) -> Turn:
    """End a running turn without an answer; what had arrived is kept. It is metered and paid to nobody."""
    turn = _running(turn_id)
    turn.state = TurnState.INTERRUPTED if is_interrupted else TurnState.FAILED
    turn.error_code = code
    turn.retry_after = retry_after
    turn.ended_at = at
    turn.save(update_fields=["state", "error_code", "retry_after", "ended_at"])
    if text:
        insert_together(_words(turn, MessageRole.ASSISTANT, text, at=at))
    return turn


def rename_conversation(*, conversation: Conversation, title: str, at: datetime) -> Conversation:
    conversation.title = clean_line(title, max_length=TITLE_LENGTH, field="title")
    conversation.save(update_fields=["title"])
    return conversation


def delete_conversation(*, conversation: Conversation, at: datetime) -> Conversation:
    """Take the conversation out of sight; restore_conversation brings it back. Usage events stay."""
    if conversation.deleted_at is None:
        conversation.deleted_at = at
        conversation.save(update_fields=["deleted_at"])
    return conversation


def restore_conversation(*, conversation: Conversation, at: datetime) -> Conversation:
    conversation.deleted_at = None
    conversation.save(update_fields=["deleted_at"])
    return conversation


def follow_version(*, conversation: Conversation, version: Version | None) -> None:
    """Let the conversation go on with the version that is live now; a preview stays with the draft."""
    if conversation.version_id is None or version is None or conversation.version_id == version.pk:
        return
    conversation.version = version
    conversation.save(update_fields=["version"])


def _words(
    turn: Turn, role: MessageRole, text: str, *, at: datetime, citations: Sequence[Mapping[str, Any]] = ()
) -> Message:
    return Message(
        turn=turn,
        user_id=turn.user_id,
        workspace_id=turn.workspace_id,
        role=role,
        content=text,
        citations=list(citations),
        created_at=at,
    )


def _running(turn_id: Any) -> Turn:
    turn = (
        Turn.objects.select_for_update(of=("self",))
        .select_related("conversation__gpt")
        .filter(pk=turn_id)
        .first()
    )
    if turn is None or turn.state != TurnState.RUNNING:
        raise IllegalTransition(_("This answer has ended already."), code="turn_ended")
    return turn


def _check_running(by: User) -> None:
    limit = settings.CHAT_RUNNING_TURNS
    # Fixed SQL: a reader waits, and the ORM's way to this number costs four times the query.
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM gpts_turn WHERE user_id = %s AND state = %s", [by.pk, TurnState.RUNNING]
        )
        running = cursor.fetchone()[0]
    if running >= limit:
        raise RateLimited(
            _("You have %(count)d answers running. Wait for one of them to end, or stop it.")
            % {"count": running},
            code="turns_running",
            data={"retry_after": 5, "limit": limit},
        )


def _check_last(turn: Turn) -> None:
    if turn.state == TurnState.RUNNING:
        raise _busy(turn)
    later = Turn.objects.filter(
        conversation_id=turn.conversation_id, position__gt=turn.position, replaced_by__isnull=True
    )
    if turn.replaced_by_id is not None or later.exists():
        raise InvalidInput(_("Only the last message can be changed or asked again."), code="turn_not_last")


def _known_replacement(turn: Turn, request_key: str) -> Turn | None:
    return _turn_of_key(turn.conversation, request_key) if request_key else None


def _turn_of_key(conversation: Conversation, request_key: str) -> Turn | None:
    return Turn.objects.filter(conversation=conversation, request_key=request_key).first()


def _turn_in_the_way(conversation: Conversation, request_key: str) -> Turn:
    """The same request's turn, made a moment ago by the other click; else the conflict."""
    if request_key and (known := _turn_of_key(conversation, request_key)):
        return known
    running = Turn.objects.filter(conversation=conversation, state=TurnState.RUNNING).first()
    if running is None:
        raise Conflict(_("Somebody else was faster. Try again."), code="turn_conflict")
    raise _busy(running)


def _busy(turn: Turn) -> Conflict:
    return Conflict(
        _("An answer is still being written. Wait for it, or stop it."),
        code="turn_running",
        data={"turn": str(turn.pk)},
    )


def _next_position(conversation: Conversation) -> int:
    last = (
        Turn.objects.filter(conversation=conversation)
        .order_by("-position")
        .values_list("position", flat=True)
        .first()
    )
    return (last or 0) + 1


def _title_of(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= AUTO_TITLE_LENGTH else line[: AUTO_TITLE_LENGTH - 1].rstrip() + "…"

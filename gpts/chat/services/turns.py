"""Conversations, and the states of a turn: started, then finished, stopped, failed or interrupted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import IntegrityError, connection, transaction
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from core.errors import Conflict, IllegalTransition, RateLimited
from core.ids import uuid7
from core.instance_settings import get_setting
from core.markdown import plain
from core.text import clean_block, clean_line
from gpts.assistants.models import GPT, Version
from gpts.chat.models import Conversation, Message, Turn
from gpts.chat.queries.retention import is_held
from gpts.chat.services.attachments import save_generated_image
from gpts.chat.services.branches import find_path_to, get_turn_tree, show_path
from gpts.chat.services.inserts import insert_together
from gpts.chat.services.share_links import remove_share_link
from gpts.chat.states import MessageRole
from gpts.llm.models import LanguageModel
from gpts.llm.states import METERED_TURN_STATES, FinishReason, TurnState
from gpts.metering.services.budgets import capture, release
from gpts.metering.services.usage import calculate_cost_micros, record_usage
from gpts.metering.states import UsageSource
from workspaces.models import User, Workspace

TITLE_LENGTH = 120
AUTO_TITLE_LENGTH = 60
MESSAGE_LENGTH = 32_000
REQUEST_KEY_LENGTH = 64

# Another GPT than the conversation's that answers one turn, and the version of it.
AnsweringGPT = tuple[GPT, Version | None]


def start_conversation(
    *,
    gpt: GPT,
    version: Version | None,
    workspace: Workspace | int,
    by: User,
    at: datetime,
    title: str = "",
    is_temporary: bool = False,
) -> Conversation:
    """Make a conversation of ``by`` with a version, or with the draft when there is none.

    The caller has authorised the person to chat.
    """
    conversation = _build_conversation(
        gpt, version, workspace, by=by, at=at, title=title, is_temporary=is_temporary
    )
    conversation.save(force_insert=True)
    return conversation


def _build_conversation(
    gpt: GPT,
    version: Version | None,
    workspace: Workspace | int,
    *,
    by: User,
    at: datetime,
    title: str,
    is_temporary: bool,
) -> Conversation:
    return Conversation(
        id=uuid7(at),
        user=by,
        workspace_id=workspace if isinstance(workspace, int) else workspace.pk,
        gpt=gpt,
        version=version,
        # A temporary chat must leave no words in lists, tabs and browser histories.
        title="" if is_temporary else title,
        is_temporary=is_temporary,
        expires_at=get_temporary_expiry(at) if is_temporary else None,
        created_at=at,
        updated_at=at,
    )


def get_temporary_expiry(at: datetime) -> datetime:
    """When a temporary conversation that was used at ``at`` is removed for good."""
    return at + timedelta(hours=get_setting("chat_temporary_hours"))


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
    is_temporary: bool = False,
    answering: AnsweringGPT | None = None,
) -> Turn:
    """Make a conversation with its first question and a running turn, in few queries, as a reader waits.

    RateLimited (``turns_running``) when the person has too many at once. The caller has looked for an
    earlier request with the same key: in a new conversation no other turn can have it.
    """
    text, request_key = _clean_input(text, request_key)
    _check_running_limit(by)
    conversation = _build_conversation(
        gpt, version, workspace, by=by, at=at, title=_build_title(text), is_temporary=is_temporary
    )
    turn = _build_turn(conversation, 1, answering, by=by, at=at, request_key=request_key, source=source)
    turn.question = _build_message(turn, MessageRole.USER, text, at=at)  # type: ignore[attr-defined]  # for the caller
    insert_together(conversation, turn, turn.question, waits_for_disk=False)  # type: ignore[attr-defined]
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
    answering: AnsweringGPT | None = None,
) -> tuple[Turn, bool]:
    """Record the question and a running turn; returns the turn and whether it is new.

    A new turn has ``question`` (Message) set. Its position is that of ``replaces`` when given, else behind
    the last shown one. ``answering`` is another GPT than the conversation's; the caller has authorised it.

    The same ``request_key`` in the same conversation returns the first turn, whatever became of it.
    Conflict (``turn_running``, data: the turn) while another one runs; RateLimited (``turns_running``)
    when the person has too many at once. Writes nothing in either case.
    """
    text, request_key = _clean_input(text, request_key)
    if request_key and (known := _find_turn_by_key(conversation, request_key)):
        return known, False
    _check_running_limit(by)
    # First, as its row lock also makes other tabs wait until this turn is written.
    _update_conversation(conversation, text, at=at)
    parent_id, position = _get_position(conversation, replaces)
    turn = _build_turn(
        conversation,
        position,
        answering,
        parent_id=parent_id,
        by=by,
        at=at,
        request_key=request_key,
        source=source,
        is_regeneration=is_regeneration,
    )
    turn.question = _build_message(turn, MessageRole.USER, text, at=at)  # type: ignore[attr-defined]
    try:
        with transaction.atomic():
            if replaces is not None:
                _hide_from(replaces, at=at)
            insert_together(turn, turn.question, waits_for_disk=False)  # type: ignore[attr-defined]
    except IntegrityError:
        return _find_repeated_turn(conversation, request_key), False
    return turn, True


def _update_conversation(conversation: Conversation, text: str, *, at: datetime) -> None:
    changes: dict[str, Any] = {"updated_at": at}
    if conversation.is_temporary:
        changes["expires_at"] = conversation.expires_at = get_temporary_expiry(at)
    elif not conversation.title:
        changes["title"] = conversation.title = _build_title(text)
    Conversation.objects.filter(pk=conversation.pk).update(**changes)


def _hide_from(replaces: Turn, *, at: datetime) -> None:
    """Show the path up to ``replaces``, and nothing from there on."""
    if replaces.is_shown:
        Turn.objects.filter(
            conversation_id=replaces.conversation_id, position__gte=replaces.position, is_shown=True
        ).update(is_shown=False)
        return
    nodes = get_turn_tree(replaces.conversation_id)
    way = find_path_to(replaces.parent_id, {node.pk: node for node in nodes})
    show_path(replaces.conversation_id, nodes, way, at=at)


def _clean_input(text: str, request_key: str) -> tuple[str, str]:
    return (
        clean_block(text, max_length=MESSAGE_LENGTH, field="text"),
        clean_line(request_key, max_length=REQUEST_KEY_LENGTH, field="request_key", required=False),
    )


def _build_turn(
    conversation: Conversation,
    position: int,
    answering: AnsweringGPT | None,
    *,
    by: User,
    at: datetime,
    **fields: Any,
) -> Turn:
    gpt, version = answering or (conversation.gpt, conversation.version)
    return Turn(
        id=uuid7(at),
        conversation=conversation,
        user=by,
        workspace_id=conversation.workspace_id,
        gpt=gpt,
        version=version,
        position=position,
        started_at=at,
        **fields,
    )


def retry_turn(
    *,
    turn: Turn,
    by: User,
    at: datetime,
    request_key: str = "",
    source: str = UsageSource.WEB,
    answering: AnsweringGPT | None = None,
) -> tuple[Turn, bool]:
    """Ask a question again: the new turn is shown; the old one with all after it stays as a branch."""
    if request_key and (known := _find_turn_by_key(turn.conversation, request_key)):
        return known, False
    _check_ended(turn)
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
        answering=answering,
    )


def continue_turn(
    *,
    turn: Turn,
    text: str,
    by: User,
    at: datetime,
    request_key: str = "",
    source: str = UsageSource.WEB,
    answering: AnsweringGPT | None = None,
) -> tuple[Turn, bool]:
    """Ask for the rest of an answer that ends at the model's limit: a next turn with the question ``text``.

    Conflict (``nothing_to_continue``) for any other answer, and for one that is not the last shown one.
    """
    if request_key and (known := _find_turn_by_key(turn.conversation, request_key)):
        return known, False
    _check_ended(turn)
    is_last = (
        turn.is_shown
        and not Turn.objects.filter(
            conversation_id=turn.conversation_id, is_shown=True, position__gt=turn.position
        ).exists()
    )
    if not is_last or turn.state != TurnState.FINISHED or turn.finish_reason != FinishReason.LENGTH:
        raise Conflict(_("There is nothing left of this answer to go on with."), code="nothing_to_continue")
    return start_turn(
        conversation=turn.conversation,
        text=text,
        by=by,
        at=at,
        request_key=request_key,
        source=source,
        answering=answering,
    )


def edit_turn(
    *,
    turn: Turn,
    text: str,
    by: User,
    at: datetime,
    request_key: str = "",
    source: str = UsageSource.WEB,
    answering: AnsweringGPT | None = None,
) -> tuple[Turn, bool]:
    """Ask a question in other words; the old turn with all after it stays as a branch."""
    if request_key and (known := _find_turn_by_key(turn.conversation, request_key)):
        return known, False
    _check_ended(turn)
    return start_turn(
        conversation=turn.conversation,
        text=text,
        by=by,
        at=at,
        request_key=request_key,
        source=source,
        replaces=turn,
        answering=answering,
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
    is_estimated: bool = False,
    citations: Sequence[Mapping[str, Any]] = (),
    trimmed_turns: int = 0,
    first_token_at: datetime | None = None,
    is_stopped: bool = False,
    retrieval_score: float | None = None,
    tools: Sequence[Mapping[str, Any]] = (),
    debug: Mapping[str, Any] | None = None,
    images: Sequence[tuple[str, bytes]] = (),
    finish_reason: str = "",
    thinking: str = "",
) -> Turn:
    """End a running turn with its answer and its usage event, all or nothing.

    A turn that was stopped before its first word has no usage event. ``images`` that the provider made
    (media type, bytes) are kept with the answer; bytes that are no image are left out. ``thinking`` is kept
    beside the answer.
    """
    turn = _lock_running_turn(turn_id)
    turn.state = TurnState.STOPPED if is_stopped else TurnState.FINISHED
    turn.ended_at = at
    turn.first_token_at = first_token_at
    turn.input_tokens, turn.output_tokens = input_tokens, output_tokens
    turn.model_name = model.name if model else ""
    turn.cost_micros = calculate_cost_micros(model, input_tokens=input_tokens, output_tokens=output_tokens)
    turn.trimmed_turns = trimmed_turns
    turn.finish_reason = finish_reason if not is_stopped and finish_reason in FinishReason.values else ""
    turn.retrieval_score = retrieval_score
    turn.debug = None if debug is None else dict(debug)
    turn.save()
    if text or images or thinking:
        answer = _build_message(turn, MessageRole.ASSISTANT, text, at=at, citations=list(citations))
        answer.tools, answer.thinking = list(tools), thinking
        insert_together(answer)
        for media_type, data in images:
            save_generated_image(turn=turn, media_type=media_type, data=data, at=at)
        record_usage(turn=turn, model=model, is_estimated=is_estimated, at=at)
    capture(turn_id=turn.pk, tokens=input_tokens + output_tokens, cost_micros=turn.cost_micros, at=at)
    Conversation.objects.filter(pk=turn.conversation_id).update(updated_at=at)
    is_preview = turn.conversation.version_id is None
    if turn.position == 1 and not is_preview and not _has_answered_sibling(turn):
        _count_conversation(turn.conversation_id)
    return turn


def _count_conversation(conversation_id: UUID) -> None:
    """Add one to the count of the conversation's GPT, which strangers may not change otherwise."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT gpts_count_conversation(%s)", [conversation_id])


def _has_answered_sibling(turn: Turn) -> bool:
    first = Turn.objects.filter(
        conversation_id=turn.conversation_id, position=1, state__in=METERED_TURN_STATES
    )
    return first.exclude(pk=turn.pk).exists()


@transaction.atomic
def fail_turn(
    *,
    turn_id: Any,
    code: str,
    text: str,
    at: datetime,
    retry_after: int | None = None,
    is_interrupted: bool = False,
    retrieval_score: float | None = None,
    debug: Mapping[str, Any] | None = None,
    thinking: str = "",
) -> Turn:
    """End a running turn without a whole answer; the text so far is kept. Neither metered nor paid."""
    turn = _lock_running_turn(turn_id)
    turn.state = TurnState.INTERRUPTED if is_interrupted else TurnState.FAILED
    turn.error_code = code
    turn.retry_after = retry_after
    turn.ended_at = at
    turn.retrieval_score = retrieval_score
    turn.debug = None if debug is None else dict(debug)
    turn.save(update_fields=["state", "error_code", "retry_after", "ended_at", "retrieval_score", "debug"])
    release(turn_id=turn.pk)
    if text or thinking:
        answer = _build_message(turn, MessageRole.ASSISTANT, text, at=at)
        answer.thinking = thinking
        insert_together(answer)
    return turn


def rename_conversation(*, conversation: Conversation, title: str, at: datetime) -> Conversation:
    conversation.title = clean_line(title, max_length=TITLE_LENGTH, field="title")
    conversation.save(update_fields=["title"])
    return conversation


def delete_conversation(*, conversation: Conversation, at: datetime) -> Conversation:
    """Hide the conversation and withdraw its share link; restore_conversation undoes the first.

    Raises Conflict (``legal_hold``) while its workspace keeps it.
    """
    if conversation.deleted_at is None:
        _check_not_held(conversation)
        conversation.deleted_at = at
        conversation.save(update_fields=["deleted_at"])
        remove_share_link(conversation=conversation, by=conversation.user, at=at)
    return conversation


def _check_not_held(conversation: Conversation) -> None:
    if is_held(conversation):
        raise Conflict(
            _(
                "%(company)s must keep this conversation for now: a legal hold. It cannot be deleted until"
                " that ends, and is as private as before."
            )
            % {"company": conversation.workspace.name},
            code="legal_hold",
        )


def restore_conversation(*, conversation: Conversation, at: datetime) -> Conversation:
    conversation.deleted_at = None
    conversation.save(update_fields=["deleted_at"])
    return conversation


def _build_message(
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


def _lock_running_turn(turn_id: Any) -> Turn:
    turn = (
        Turn.objects.select_for_update(of=("self",))
        .select_related("conversation", "gpt")
        .filter(pk=turn_id)
        .first()
    )
    if turn is None or turn.state != TurnState.RUNNING:
        raise IllegalTransition(_("This answer has ended already."), code="turn_ended")
    return turn


def _check_running_limit(by: User) -> None:
    limit = get_setting("chat_running_turns")
    # Plain SQL: a reader waits, and the ORM takes four times as long as the query itself.
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM gpts_turn WHERE user_id = %s AND state = %s", [by.pk, TurnState.RUNNING]
        )
        running = cursor.fetchone()[0]
    if running >= limit:
        raise RateLimited(
            ngettext_lazy(
                "You have %(count)d answer running. Wait for it to end, or stop it.",
                "You have %(count)d answers running. Wait for one of them to end, or stop it.",
                running,
            )
            % {"count": running},
            code="turns_running",
            data={"retry_after": 5, "limit": limit},
        )


def _check_ended(turn: Turn) -> None:
    if turn.state == TurnState.RUNNING:
        raise _build_running_conflict(turn)


def _find_turn_by_key(conversation: Conversation, request_key: str) -> Turn | None:
    return Turn.objects.filter(conversation=conversation, request_key=request_key).first()


def _find_repeated_turn(conversation: Conversation, request_key: str) -> Turn:
    """The turn that a simultaneous request with the same key made; otherwise raises the Conflict."""
    if request_key and (known := _find_turn_by_key(conversation, request_key)):
        return known
    running = Turn.objects.filter(conversation=conversation, state=TurnState.RUNNING).first()
    if running is None:
        raise Conflict(_("Somebody else was faster. Try again."), code="turn_conflict")
    raise _build_running_conflict(running)


def _build_running_conflict(turn: Turn) -> Conflict:
    return Conflict(
        _("An answer is still being written. Wait for it, or stop it."),
        code="turn_running",
        data={"turn": str(turn.pk)},
    )


def _get_position(conversation: Conversation, replaces: Turn | None) -> tuple[UUID | None, int]:
    """The parent and the position of a new turn: those of ``replaces``, else behind the last shown one."""
    if replaces is not None:
        return replaces.parent_id, replaces.position
    last = (
        Turn.objects.filter(conversation=conversation, is_shown=True)
        .order_by("-position")
        .values_list("pk", "position")
        .first()
    )
    return (None, 1) if last is None else (last[0], last[1] + 1)


def _build_title(text: str) -> str:
    """The first words without their markup, or the heading that the text begins with."""
    begin = text.lstrip()[: 5 * AUTO_TITLE_LENGTH]
    line = plain(begin.partition("\n")[0] if begin.startswith("#") else begin) or " ".join(begin.split())
    return line if len(line) <= AUTO_TITLE_LENGTH else line[: AUTO_TITLE_LENGTH - 1].rstrip() + "…"

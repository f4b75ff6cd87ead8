"""The Create conversation: its messages with their cost, and its changes of the draft with undo and redo."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from core.audit import record
from core.errors import Conflict, IllegalTransition, InvalidInput, RateLimited
from core.ids import uuid7
from core.instance_settings import get_setting
from core.text import clean_block
from gpts.assistants.models import GPT
from gpts.assistants.services.drafts import DRAFT_FIELDS
from gpts.assistants.services.gpts import lock_gpt, serialize_draft_field, update_draft
from gpts.assistants.services.icons import set_drawn_icon, set_stored_icon
from gpts.chat.states import MessageRole
from gpts.chat.streaming.mirror import read_text
from gpts.llm.models import LanguageModel
from gpts.llm.runtime.types import FailureCode
from gpts.llm.states import FinishReason, TurnState
from gpts.metering.services.budgets import capture, release
from gpts.metering.services.usage import calculate_cost_micros
from gpts.studio.create.functions import ICON_VARIANTS
from gpts.studio.models import BuilderChange, BuilderMessage
from gpts.studio.queries import count_running_answers, find_lost_answers, is_lost
from gpts.studio.states import BuilderChangeState
from workspaces.models import User

MESSAGE_LENGTH = 8_000
ANSWER_LENGTH = 20_000
REFUSAL_LENGTH = 300
# Draft fields that the conversation may change; the others can be changed only in the form.
CONVERSATION_FIELDS = ("name", "description", "instructions", "starters", "category", "capabilities", "icon")


@transaction.atomic
def start_message(*, gpt: GPT, text: str, by: User, at: datetime) -> tuple[BuilderMessage, BuilderMessage]:
    """Record a person's message and the answer of Create to it, RUNNING; returns both.

    Raises InvalidInput (empty, longer than 8,000 characters), Conflict ``builder_busy`` while another
    answer of this conversation runs, RateLimited ``turns_running`` while too many run in others. An answer
    whose process died is ended as interrupted first.
    """
    cleaned = clean_block(text, max_length=MESSAGE_LENGTH, field="text")
    _check_none_runs(gpt, by, at)
    _check_running_limit(by, at)
    rows = {"user": by, "workspace_id": gpt.workspace_id, "gpt": gpt, "created_at": at}
    question = BuilderMessage(id=uuid7(at), role=MessageRole.USER, content=cleaned, ended_at=at, **rows)
    answer = BuilderMessage(id=uuid7(at), role=MessageRole.ASSISTANT, state=TurnState.RUNNING, **rows)
    if answer.pk < question.pk:
        question.pk, answer.pk = answer.pk, question.pk
    try:
        with transaction.atomic():
            question.save(force_insert=True)
            answer.save(force_insert=True)
    except IntegrityError:
        raise _build_busy_conflict() from None
    return question, answer


def interrupt_lost_answers(*, at: datetime) -> int:
    """End every lost answer in the scope and return how many. Idempotent."""
    return sum(interrupt_if_lost(message=message, at=at) for message in find_lost_answers(at))


@transaction.atomic
def interrupt_if_lost(*, message: BuilderMessage, at: datetime) -> bool:
    """End an answer whose process died, with its text in Redis; False when it is running or has ended."""
    if not is_lost(message, at):
        return False
    locked = BuilderMessage.objects.select_for_update().get(pk=message.pk)
    if locked.state != TurnState.RUNNING:
        return False
    locked.state, locked.error_code = TurnState.INTERRUPTED, FailureCode.INTERRUPTED.value
    locked.content = "" if locked.cleared_at else read_text(locked.pk).strip()[:ANSWER_LENGTH]
    locked.ended_at = at
    locked.save(update_fields=["state", "error_code", "content", "ended_at"])
    release(turn_id=locked.pk)
    return True


def _check_none_runs(gpt: GPT, by: User, at: datetime) -> None:
    """Raise Conflict while an answer of the conversation runs; a lost one is ended."""
    running = BuilderMessage.objects.filter(gpt=gpt, user=by, state=TurnState.RUNNING).first()
    if running is not None and not interrupt_if_lost(message=running, at=at):
        raise _build_busy_conflict()


def _check_running_limit(by: User, at: datetime) -> None:
    running = count_running_answers(by, at)
    if running >= get_setting("chat_running_turns"):
        raise RateLimited(
            ngettext_lazy(
                "You have %(count)d answer running. Wait for it to end, or stop it.",
                "You have %(count)d answers running. Wait for one of them to end, or stop it.",
                running,
            )
            % {"count": running},
            code="turns_running",
            data={"retry_after": 5, "limit": get_setting("chat_running_turns")},
        )


def _build_busy_conflict() -> Conflict:
    return Conflict(
        _("The builder is still answering your last message. Wait a moment, then send again."),
        code="builder_busy",
    )


@transaction.atomic
def apply_change(
    *, message: BuilderMessage, field: str, value: Any, by: User, at: datetime
) -> BuilderChange | None:
    """Set one draft field for a running answer and record old and new value; None if nothing changes.

    An invalid value is recorded as refused, with the reason, and changes nothing.
    ``before`` is read from the database, because the form may have changed the draft meanwhile.
    """
    fresh = lock_gpt(message.gpt)
    change = BuilderChange(
        message=message,
        user=by,
        workspace_id=fresh.workspace_id,
        gpt=fresh,
        field=field[:40],
        state=BuilderChangeState.APPLIED,
        created_at=at,
    )
    if field not in CONVERSATION_FIELDS:
        return _record_refusal(change, value, _("The conversation does not change this field."))
    before = serialize_draft_field(fresh, field)
    try:
        with transaction.atomic():
            saved = _set_field(fresh, field, value, by=by, at=at)
    except InvalidInput as refusal:
        return _record_refusal(change, value, refusal.message)
    change.before, change.after = before, serialize_draft_field(saved, field)
    if change.before == change.after:
        return None
    change.save()
    return change


def _record_refusal(change: BuilderChange, value: Any, reason: Any) -> BuilderChange:
    change.state, change.refusal = BuilderChangeState.REFUSED, str(reason)[:REFUSAL_LENGTH]
    change.after = _clean_refused_value(value)
    change.save()
    return change


def _clean_refused_value(value: Any) -> Any:
    """Return a model's value as shortened text that PostgreSQL can store."""
    text = value if isinstance(value, str) else repr(value)
    safe = text.replace("\x00", "").encode("utf-8", "replace").decode()
    return safe[:2_000]


def _set_field(gpt: GPT, field: str, value: Any, *, by: User, at: datetime) -> GPT:
    if field == "icon":
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= ICON_VARIANTS:
            raise InvalidInput(
                _("Choose one of the drawn icons, 0 to %(most)d.") % {"most": ICON_VARIANTS},
                code="unknown_choice",
                field="icon",
            )
        return set_drawn_icon(gpt=gpt, variant=value, by=by, at=at)
    return update_draft(gpt=gpt, revision=gpt.draft_revision, changes={field: value}, by=by, at=at)


@transaction.atomic
def set_change_state(
    *, change: BuilderChange, state: str, by: User, at: datetime, is_forced: bool = False
) -> BuilderChange:
    """Undo an applied change or redo an undone one; the same state again is a no-op.

    Raises IllegalTransition for a refused change, Conflict ``field_changed`` with ``data["current"]`` when
    the field was changed again since, unless ``is_forced``. update_draft writes the draft, with its limits
    and its audit event.
    """
    fresh = lock_gpt(change.gpt)
    locked = BuilderChange.objects.select_for_update().get(pk=change.pk)
    if BuilderChangeState.REFUSED in (locked.state, state) or state not in BuilderChangeState.values:
        raise IllegalTransition(_("This change was never made."), code="change_refused")
    if locked.state == state:
        return locked
    is_undo = state == BuilderChangeState.UNDONE
    expected, wanted = (locked.after, locked.before) if is_undo else (locked.before, locked.after)
    current = serialize_draft_field(fresh, locked.field)
    if current not in (expected, wanted) and not is_forced:
        raise Conflict(
            _("This field was changed since. Look at it, then decide."),
            code="field_changed",
            field=locked.field,
            data={"current": current, "wanted": wanted, "revision": fresh.draft_revision},
        )
    if current != wanted:
        if locked.field == "icon":
            set_stored_icon(gpt=fresh, key=str(wanted), by=by, at=at)
        elif locked.field in DRAFT_FIELDS:
            update_draft(
                gpt=fresh, revision=fresh.draft_revision, changes={locked.field: wanted}, by=by, at=at
            )
    locked.state = state
    locked.save(update_fields=["state"])
    return locked


@transaction.atomic
def end_message(
    *,
    message: BuilderMessage,
    text: str,
    at: datetime,
    step: str = "",
    choices: tuple[str, ...] = (),
    model: LanguageModel | None = None,
    input_tokens: int = 0,
    output_tokens: int = 0,
    error_code: str = "",
    is_stopped: bool = False,
    finish_reason: str = "",
) -> BuilderMessage:
    """End a running answer, finished, stopped or (with ``error_code``) failed, with its tokens and its cost.

    A text beyond ANSWER_LENGTH is cut, and its ``finish_reason`` then "length".

    Budgets count the usage of a finished or stopped answer; the reservation of a failed one is released.
    Raises IllegalTransition when it has ended already.
    """
    locked = BuilderMessage.objects.select_for_update().get(pk=message.pk)
    if locked.state != TurnState.RUNNING:
        raise IllegalTransition(_("This answer has ended already."), code="message_ended")
    ended_well = TurnState.STOPPED if is_stopped else TurnState.FINISHED
    locked.state = TurnState.FAILED if error_code else ended_well
    locked.error_code = error_code
    locked.content = "" if locked.cleared_at else text.replace("\x00", "")[:ANSWER_LENGTH]
    if locked.state == TurnState.FINISHED:
        locked.finish_reason = str(FinishReason.LENGTH if len(text) > ANSWER_LENGTH else finish_reason)
    locked.step, locked.choices = step, list(choices)
    locked.model_name = "" if model is None else model.name
    locked.input_tokens, locked.output_tokens = input_tokens, output_tokens
    locked.cost_micros = calculate_cost_micros(model, input_tokens=input_tokens, output_tokens=output_tokens)
    locked.ended_at = at
    locked.save()
    if error_code:
        release(turn_id=locked.pk)
    else:
        tokens = input_tokens + output_tokens
        capture(turn_id=locked.pk, tokens=tokens, cost_micros=locked.cost_micros, at=at)
    return locked


@transaction.atomic
def reset_conversation(*, gpt: GPT, by: User, at: datetime) -> int:
    """Empty the person's conversation about a GPT; the draft stays as it is. Returns the number of messages.

    Deletes texts and changes, keeps tokens and cost. Raises Conflict while an answer runs.
    """
    _check_none_runs(gpt, by, at)
    BuilderChange.objects.filter(gpt=gpt, user=by).delete()
    count = BuilderMessage.objects.filter(gpt=gpt, user=by, cleared_at__isnull=True).update(
        cleared_at=at, content="", choices=[]
    )
    if count:
        record(
            action="gpts.builder_reset",
            by=by,
            at=at,
            subject=gpt,
            workspace_id=gpt.workspace_id,
            data={"messages": count},
        )
    return count

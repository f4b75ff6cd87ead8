"""The Create conversation: its messages, the changes that it makes in a draft, undoing them, its cost."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from core.audit import record
from core.errors import Conflict, IllegalTransition, InvalidInput, RateLimited
from core.ids import uuid7
from core.text import clean_block
from gpts.assistants.models import GPT
from gpts.assistants.services.drafts import DRAFT_FIELDS
from gpts.assistants.services.gpts import lock_gpt, serialize_draft_field, update_draft
from gpts.assistants.services.icons import set_drawn_icon, set_stored_icon
from gpts.chat.states import MessageRole
from gpts.llm.models import LanguageModel
from gpts.llm.states import TurnState
from gpts.metering.services.reservations import capture, release
from gpts.metering.services.usage import cost_micros
from gpts.studio.create.functions import ICON_VARIANTS
from gpts.studio.models import BuilderChange, BuilderMessage
from gpts.studio.queries import is_lost, running_answers
from gpts.studio.states import BuilderChangeState
from workspaces.models import User

MESSAGE_LENGTH = 8_000
ANSWER_LENGTH = 20_000
REFUSAL_LENGTH = 300
# What the conversation may touch; the rest of a draft is for the form.
TALKED_FIELDS = ("name", "description", "instructions", "starters", "category", "capabilities", "icon")


@transaction.atomic
def start_message(*, gpt: GPT, text: str, by: User, at: datetime) -> tuple[BuilderMessage, BuilderMessage]:
    """Write what a person says and the builder's answer, RUNNING; returns both.

    Raises InvalidInput (empty, longer than 8,000 characters), Conflict ``builder_busy`` while another
    answer of this conversation runs, RateLimited ``turns_running`` while too many run in others. One that
    was lost with its process ends as interrupted first.
    """
    cleaned = clean_block(text, max_length=MESSAGE_LENGTH, field="text")
    _free(gpt, by, at)
    _check_running(by, at)
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
        raise _busy() from None
    return question, answer


def _free(gpt: GPT, by: User, at: datetime) -> None:
    running = (
        BuilderMessage.objects.select_for_update().filter(gpt=gpt, user=by, state=TurnState.RUNNING).first()
    )
    if running is None:
        return
    if not is_lost(running, at):
        raise _busy()
    running.state, running.error_code, running.ended_at = TurnState.INTERRUPTED, "interrupted", at
    running.save(update_fields=["state", "error_code", "ended_at"])
    release(turn_id=running.pk)


def _check_running(by: User, at: datetime) -> None:
    running = running_answers(by, at)
    if running >= settings.CHAT_RUNNING_TURNS:
        raise RateLimited(
            _("You have %(count)d answers running. Wait for one of them to end, or stop it.")
            % {"count": running},
            code="turns_running",
            data={"retry_after": 5, "limit": settings.CHAT_RUNNING_TURNS},
        )


def _busy() -> Conflict:
    return Conflict(
        _("The builder is still answering your last message. Wait a moment, then send again."),
        code="builder_busy",
    )


@transaction.atomic
def apply_change(
    *, message: BuilderMessage, field: str, value: Any, by: User, at: datetime
) -> BuilderChange | None:
    """Set one field of the draft for a running answer and note before and after; None when it stood so.

    A value that the draft does not take is noted as refused, with the reason, and changes nothing. The
    change starts from the draft as it stands: an edit in the form a second ago is the ``before``.
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
    if field not in TALKED_FIELDS:
        return _refused(change, value, _("The conversation does not change this field."))
    before = serialize_draft_field(fresh, field)
    try:
        with transaction.atomic():
            saved = _write(fresh, field, value, by=by, at=at)
    except InvalidInput as refusal:
        return _refused(change, value, refusal.message)
    change.before, change.after = before, serialize_draft_field(saved, field)
    if change.before == change.after:
        return None
    change.save()
    return change


def _refused(change: BuilderChange, value: Any, reason: Any) -> BuilderChange:
    change.state, change.refusal = BuilderChangeState.REFUSED, str(reason)[:REFUSAL_LENGTH]
    change.after = _without_nul(value)
    change.save()
    return change


def _without_nul(value: Any) -> Any:
    """What a model sent, as JSON that the database takes, and not more of it than one can read."""
    text = value if isinstance(value, str) else repr(value)
    safe = text.replace("\x00", "").encode("utf-8", "replace").decode()
    return safe[:2_000]


def _write(gpt: GPT, field: str, value: Any, *, by: User, at: datetime) -> GPT:
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
    the field holds neither what is taken back any more, unless ``is_forced``. The draft is written by
    update_draft, so that its limits and its audit hold here too.
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
) -> BuilderMessage:
    """End a running answer, finished, stopped or (with ``error_code``) failed, with its tokens and its cost.

    Budgets count a finished one and get back what a failed one held.
    Raises IllegalTransition when it has ended already.
    """
    locked = BuilderMessage.objects.select_for_update().get(pk=message.pk)
    if locked.state != TurnState.RUNNING:
        raise IllegalTransition(_("This answer has ended already."), code="message_ended")
    ended_well = TurnState.STOPPED if is_stopped else TurnState.FINISHED
    locked.state = TurnState.FAILED if error_code else ended_well
    locked.error_code = error_code
    locked.content = "" if locked.cleared_at else text.replace("\x00", "")[:ANSWER_LENGTH]
    locked.step, locked.choices = step, list(choices)
    locked.model_name = "" if model is None else model.name
    locked.input_tokens, locked.output_tokens = input_tokens, output_tokens
    locked.cost_micros = cost_micros(model, input_tokens=input_tokens, output_tokens=output_tokens)
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
    """Empty the person's conversation about a GPT; the draft stays as it is. Returns how many went.

    Texts and changes are removed, tokens and cost stay counted. Raises Conflict while an answer runs.
    """
    _free(gpt, by, at)
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

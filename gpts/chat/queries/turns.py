"""Reading a stretch of a conversation: its shown turns, who spoke, which branches lie beside them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from django.db.models import Q

from gpts.assistants.models import Version
from gpts.chat.models import Conversation, Turn
from gpts.chat.states import MessageRole
from gpts.llm.states import METERED_TURN_STATES, TurnState

# As many as open within a tenth of a second; the page fetches earlier ones when asked.
WINDOW = 30


@dataclass(frozen=True)
class Window:
    """Turns in order, each with ``question`` and ``answer`` (Message or None).

    `siblings` lists, by shown turn, all turns at its place in the order in which they were asked; only where
    there are several. `speakers` are versions that answered, by id, where they are not the conversation's
    present one. `model_reads_from` is the turn from which the model still read at the last answer.
    """

    turns: list[Turn]
    has_earlier: bool
    before: Turn | None = None
    siblings: dict[UUID, list[UUID]] = field(default_factory=dict)
    speakers: dict[int, Version] = field(default_factory=dict)
    model_reads_from: UUID | None = None


def turns_window(
    conversation: Conversation, *, before: int | None = None, size: int = WINDOW, with_gpts: bool = False
) -> Window:
    """The last ``size`` shown turns, or those that end before position ``before``."""
    found = Turn.objects.filter(conversation=conversation, is_shown=True).prefetch_related("messages")
    if with_gpts:
        found = found.select_related("gpt", "version").only(
            *(f.attname for f in Turn._meta.concrete_fields), "gpt__slug", "version__number"
        )
    if before is not None:
        found = found.filter(position__lt=before)
    # One more than is shown: it says whether there is more, and which version spoke before.
    rows = list(found.order_by("-position")[: size + 1])[::-1]
    more = rows[0] if len(rows) > size else None
    turns = rows[1:] if more is not None else rows
    _with_messages(turns)
    return Window(
        turns=turns,
        has_earlier=more is not None,
        before=more,
        siblings=_siblings(conversation, turns),
        speakers=_speakers(conversation, rows),
        model_reads_from=_model_reads_from(conversation, turns) if before is None else None,
    )


def one_turn(conversation: Conversation, turn: Turn) -> Window:
    """The same for one turn, to show it again after it changed."""
    _with_messages([turn])
    before = Turn.objects.filter(conversation=conversation, is_shown=True, position=turn.position - 1).first()
    rows = [turn] if before is None else [before, turn]
    return Window(
        turns=[turn],
        has_earlier=before is not None,
        before=before,
        siblings=_siblings(conversation, [turn]),
        speakers=_speakers(conversation, rows),
    )


def position_in(given: str) -> int | None:
    """A position from an address; None for anything that is not one."""
    return int(given) if given.isascii() and given.isdigit() and 0 < len(given) < 9 else None


def running_turn(conversation: Conversation) -> Turn | None:
    return Turn.objects.filter(conversation=conversation, state=TurnState.RUNNING).first()


def _with_messages(turns: Sequence[Turn]) -> None:
    for turn in turns:
        by_role = {message.role: message for message in turn.messages.all()}
        turn.question = by_role.get(MessageRole.USER)  # type: ignore[attr-defined]  # for pages, not a column
        turn.answer = by_role.get(MessageRole.ASSISTANT)  # type: ignore[attr-defined]


def _siblings(conversation: Conversation, turns: Sequence[Turn]) -> dict[UUID, list[UUID]]:
    if not turns:
        return {}
    hidden: dict[UUID | None, list[UUID]] = {}
    rows = Turn.objects.filter(
        conversation=conversation,
        is_shown=False,
        position__gte=turns[0].position,
        position__lte=turns[-1].position,
    ).values_list("pk", "parent_id")
    for pk, parent_id in rows:
        hidden.setdefault(parent_id, []).append(pk)
    # Ids are made in the order of time.
    return {turn.pk: sorted([turn.pk, *hidden[turn.parent_id]]) for turn in turns if turn.parent_id in hidden}


def _speakers(conversation: Conversation, turns: Sequence[Turn]) -> dict[int, Version]:
    others = {turn.version_id for turn in turns if turn.version_id is not None}
    others.discard(conversation.version_id or 0)
    if not others:
        return {}
    found = Version.objects.filter(pk__in=others).only("name", "icon", "category", "number", "gpt_id")
    return {version.pk: version for version in found}


def _model_reads_from(conversation: Conversation, turns: Sequence[Turn]) -> UUID | None:
    """The oldest turn that went into the last answer's prompt, when older ones did not fit."""
    last = next((turn for turn in reversed(turns) if turn.state in METERED_TURN_STATES), None)
    if last is None or not last.trimmed_turns:
        return None
    heard = Turn.objects.filter(
        Q(conversation=conversation, is_shown=True, state__in=METERED_TURN_STATES),
        position__lt=last.position,
    ).count()
    # Counted in messages, two a turn; of a turn whose question alone was left out, the answer is too.
    kept = heard - (last.trimmed_turns + 1) // 2
    earlier = [turn for turn in turns if turn.position < last.position and turn.state in METERED_TURN_STATES]
    if kept <= 0:
        return last.pk
    return earlier[-kept].pk if kept <= len(earlier) else None

"""Queries for the shown turns of a conversation, a window at a time, with their siblings and versions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from django.db.models import OuterRef, Q, QuerySet, Subquery

from gpts.assistants.models import GPT, Version
from gpts.chat.models import Conversation, Turn
from gpts.chat.states import MessageRole
from gpts.llm.states import METERED_TURN_STATES

# A page with this many turns opens within a tenth of a second; it loads earlier ones on request.
WINDOW_SIZE = 30


@dataclass(frozen=True)
class TurnWindow:
    """Turns in order, each with ``question`` and ``answer`` (Message or None).

    `before` is the turn before the first one. `siblings` lists for a shown turn it and its siblings, oldest
    first, if it has any. `answering_versions` are versions by id, without the conversation's current one.
    `model_reads_from` is the oldest turn that fitted into the last prompt, when older ones did not.
    """

    turns: list[Turn]
    has_earlier: bool
    before: Turn | None = None
    siblings: dict[UUID, list[UUID]] = field(default_factory=dict)
    answering_versions: dict[int, Version] = field(default_factory=dict)
    model_reads_from: UUID | None = None


def get_turn_window(
    conversation: Conversation, *, before: int | None = None, size: int = WINDOW_SIZE, with_gpts: bool = False
) -> TurnWindow:
    """Return the last ``size`` shown turns, or the last ones before position ``before``."""
    found = Turn.objects.filter(conversation=conversation, is_shown=True).prefetch_related("messages")
    if with_gpts:
        found = found.select_related("gpt", "version").only(
            *(f.attname for f in Turn._meta.concrete_fields), "gpt__slug", "version__number"
        )
    if before is not None:
        found = found.filter(position__lt=before)
    # One more than wanted: it tells whether there are earlier turns, and which version answered before.
    rows = list(found.order_by("-position")[: size + 1])[::-1]
    more = rows[0] if len(rows) > size else None
    turns = rows[1:] if more is not None else rows
    _set_messages(turns)
    return TurnWindow(
        turns=turns,
        has_earlier=more is not None,
        before=more,
        siblings=_get_siblings(conversation, turns),
        answering_versions=_get_answering_versions(conversation, rows),
        model_reads_from=_find_first_read_turn(conversation, turns) if before is None else None,
    )


def get_single_turn_window(conversation: Conversation, turn: Turn) -> TurnWindow:
    """Return a window of one turn, to render it again after a change."""
    _set_messages([turn])
    before = Turn.objects.filter(conversation=conversation, is_shown=True, position=turn.position - 1).first()
    rows = [turn] if before is None else [before, turn]
    return TurnWindow(
        turns=[turn],
        has_earlier=before is not None,
        before=before,
        siblings=_get_siblings(conversation, [turn]),
        answering_versions=_get_answering_versions(conversation, rows),
    )


def parse_position(given: str) -> int | None:
    """Parse a position from a URL; None if it is invalid."""
    return int(given) if given.isascii() and given.isdigit() and 0 < len(given) < 9 else None


def list_shown_turns(conversation: Conversation) -> list[Turn]:
    """All shown turns in order, each with ``question`` and ``answer`` (Message or None)."""
    turns = list(
        Turn.objects.filter(conversation=conversation, is_shown=True)
        .prefetch_related("messages")
        .order_by("position", "id")
    )
    _set_messages(turns)
    return turns


def _set_messages(turns: Sequence[Turn]) -> None:
    for turn in turns:
        by_role = {message.role: message for message in turn.messages.all()}
        turn.question = by_role.get(MessageRole.USER)  # type: ignore[attr-defined]  # for pages, not a column
        turn.answer = by_role.get(MessageRole.ASSISTANT)  # type: ignore[attr-defined]


def _get_siblings(conversation: Conversation, turns: Sequence[Turn]) -> dict[UUID, list[UUID]]:
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
    # UUIDv7 ids sort by creation time.
    return {turn.pk: sorted([turn.pk, *hidden[turn.parent_id]]) for turn in turns if turn.parent_id in hidden}


def _get_answering_versions(conversation: Conversation, turns: Sequence[Turn]) -> dict[int, Version]:
    others = {turn.version_id for turn in turns if turn.version_id is not None}
    others.discard(conversation.version_id or 0)
    if not others:
        return {}
    found = select_slug(Version.objects.filter(pk__in=others)).only(
        "name", "icon", "category", "number", "gpt_id"
    )
    return {version.pk: version for version in found}


def select_slug(versions: QuerySet[Version]) -> QuerySet[Version]:
    """Add ``gpt_slug``; None where the reader sees the version but not its GPT."""
    return versions.annotate(gpt_slug=Subquery(GPT.objects.filter(pk=OuterRef("gpt_id")).values("slug")))


def _find_first_read_turn(conversation: Conversation, turns: Sequence[Turn]) -> UUID | None:
    """Find the oldest turn in the prompt of the last answer; None when all of them fitted."""
    last = next((turn for turn in reversed(turns) if turn.state in METERED_TURN_STATES), None)
    if last is None or not last.trimmed_turns:
        return None
    sent = Turn.objects.filter(
        Q(conversation=conversation, is_shown=True, state__in=METERED_TURN_STATES),
        position__lt=last.position,
    ).count()
    # ``trimmed_turns`` counts messages, two for each turn. Half a turn counts as a whole one.
    kept = sent - (last.trimmed_turns + 1) // 2
    earlier = [turn for turn in turns if turn.position < last.position and turn.state in METERED_TURN_STATES]
    if kept <= 0:
        return last.pk
    return earlier[-kept].pk if kept <= len(earlier) else None

"""Switching between the branches of a conversation. Turns are never removed by it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from core.errors import Conflict
from gpts.chat.models import Conversation, Turn
from gpts.llm.states import TurnState


@dataclass(frozen=True, slots=True)
class Node:
    """A turn's place in the tree. ``seen_at`` orders siblings by who was shown last."""

    pk: UUID
    parent_id: UUID | None
    position: int
    is_shown: bool
    state: str
    seen_at: datetime


@transaction.atomic
def show_turn(*, turn: Turn, at: datetime) -> Turn:
    """Show ``turn`` with the way to it, and below it the path that was shown last. Idempotent.

    Conflict (``turn_running``, data: the turn) while an answer is being written in the conversation: it
    must not be taken out of sight.
    """
    Conversation.objects.select_for_update(of=("self",)).get(pk=turn.conversation_id)
    nodes = tree_of(turn.conversation_id)
    running = next((node for node in nodes if node.state == TurnState.RUNNING), None)
    if running is not None:
        raise Conflict(
            _("An answer is still being written. Wait for it, or stop it, then switch."),
            code="turn_running",
            data={"turn": str(running.pk)},
        )
    show_path(turn.conversation_id, nodes, path_through(turn.pk, nodes), at=at)
    turn.is_shown = True
    return turn


def tree_of(conversation_id: UUID) -> list[Node]:
    rows = (
        Turn.objects.filter(conversation_id=conversation_id)
        .annotate(seen_at=Coalesce("shown_at", "started_at"))
        .values_list("pk", "parent_id", "position", "is_shown", "state", "seen_at")
    )
    return [Node(*row) for row in rows]


def path_through(turn_id: UUID, nodes: Iterable[Node]) -> list[UUID]:
    """The turns from the first one through ``turn_id`` to the end that was shown last."""
    nodes = list(nodes)
    by_id = {node.pk: node for node in nodes}
    children: dict[UUID, Node] = {}
    for node in nodes:
        if node.parent_id is None:
            continue
        known = children.get(node.parent_id)
        if known is None or (node.seen_at, node.pk) > (known.seen_at, known.pk):
            children[node.parent_id] = node
    path = way_to(turn_id, by_id)
    here = children.get(turn_id)
    while here is not None:
        path.append(here.pk)
        here = children.get(here.pk)
    return path


def way_to(turn_id: UUID | None, by_id: dict[UUID, Node]) -> list[UUID]:
    """The turns from the first one down to ``turn_id``."""
    path: list[UUID] = []
    while turn_id is not None:
        path.append(turn_id)
        turn_id = by_id[turn_id].parent_id
    return path[::-1]


def show_path(conversation_id: UUID, nodes: Iterable[Node], path: Iterable[UUID], *, at: datetime) -> None:
    """Make ``path`` the shown one, writing only the turns that change."""
    wanted = set(path)
    hidden = [node.pk for node in nodes if node.is_shown and node.pk not in wanted]
    shown = [node.pk for node in nodes if not node.is_shown and node.pk in wanted]
    turns = Turn.objects.filter(conversation_id=conversation_id)
    # Hidden first: at each position at most one is shown, at any moment.
    if hidden:
        turns.filter(pk__in=hidden).update(is_shown=False)
    if shown:
        turns.filter(pk__in=shown).update(is_shown=True, shown_at=at)

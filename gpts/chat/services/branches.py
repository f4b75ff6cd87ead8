"""Switching between the branches of a conversation. No turn is ever removed."""

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
class TurnNode:
    """A turn in the tree of its conversation. ``last_shown_at`` tells which sibling was shown last."""

    pk: UUID
    parent_id: UUID | None
    position: int
    is_shown: bool
    state: str
    last_shown_at: datetime


@transaction.atomic
def show_turn(*, turn: Turn, at: datetime) -> Turn:
    """Show ``turn`` with its ancestors, and below it the path that was shown last. Idempotent.

    Conflict (``turn_running``, data: the turn) while an answer is being written in the conversation, because
    a running turn must stay shown.
    """
    Conversation.objects.select_for_update(of=("self",)).get(pk=turn.conversation_id)
    nodes = get_turn_tree(turn.conversation_id)
    running = next((node for node in nodes if node.state == TurnState.RUNNING), None)
    if running is not None:
        raise Conflict(
            _("An answer is still being written. Wait for it, or stop it, then switch."),
            code="turn_running",
            data={"turn": str(running.pk)},
        )
    show_path(turn.conversation_id, nodes, find_path_through(turn.pk, nodes), at=at)
    turn.is_shown = True
    return turn


def get_turn_tree(conversation_id: UUID) -> list[TurnNode]:
    rows = (
        Turn.objects.filter(conversation_id=conversation_id)
        .annotate(last_shown_at=Coalesce("shown_at", "started_at"))
        .values_list("pk", "parent_id", "position", "is_shown", "state", "last_shown_at")
    )
    return [TurnNode(*row) for row in rows]


def find_path_through(turn_id: UUID, nodes: Iterable[TurnNode]) -> list[UUID]:
    """Return the ancestors of ``turn_id``, itself, and its descendants that were shown last."""
    nodes = list(nodes)
    by_id = {node.pk: node for node in nodes}
    children: dict[UUID, TurnNode] = {}
    for node in nodes:
        if node.parent_id is None:
            continue
        known = children.get(node.parent_id)
        if known is None or (node.last_shown_at, node.pk) > (known.last_shown_at, known.pk):
            children[node.parent_id] = node
    path = find_path_to(turn_id, by_id)
    child = children.get(turn_id)
    while child is not None:
        path.append(child.pk)
        child = children.get(child.pk)
    return path


def find_path_to(turn_id: UUID | None, by_id: dict[UUID, TurnNode]) -> list[UUID]:
    """Return the ancestors of ``turn_id`` and itself, the first turn first."""
    path: list[UUID] = []
    while turn_id is not None:
        path.append(turn_id)
        turn_id = by_id[turn_id].parent_id
    return path[::-1]


def show_path(
    conversation_id: UUID, nodes: Iterable[TurnNode], path: Iterable[UUID], *, at: datetime
) -> None:
    """Make ``path`` the shown path; writes only turns that change."""
    on_path = set(path)
    hidden = [node.pk for node in nodes if node.is_shown and node.pk not in on_path]
    shown = [node.pk for node in nodes if not node.is_shown and node.pk in on_path]
    turns = Turn.objects.filter(conversation_id=conversation_id)
    # Hide first: a unique constraint allows one shown turn at each position.
    if hidden:
        turns.filter(pk__in=hidden).update(is_shown=False)
    if shown:
        turns.filter(pk__in=shown).update(is_shown=True, shown_at=at)

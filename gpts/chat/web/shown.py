"""Turns as a page shows them: rendered, with who spoke, the branches beside them and what they cost."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.conf import settings
from django.urls import reverse
from django.utils.safestring import SafeString

from gpts.assistants.models import GPT, Version
from gpts.chat.answer_html import answer_html, shown_tools
from gpts.chat.models import Attachment, Conversation, Turn, TurnFeedback
from gpts.chat.queries.attachments import attachments_of
from gpts.chat.queries.feedback import feedback_of
from gpts.chat.queries.turns import Window
from gpts.chat.services.feedback import REASONS
from gpts.chat.states import FeedbackReason, MessageRole
from gpts.llm.failure_messages import get_turn_note
from gpts.llm.states import METERED_TURN_STATES, TurnState

# A line that ends in a word or a comma, before one that goes on in small letters.
_WRAPPED = re.compile(r"(?<=[^\W\d_,;])\n(?=[a-z(])|(?<=[,;])\n(?=\w)")


@dataclass(frozen=True)
class Speaker:
    """Who answers a turn."""

    name: str
    icon_url: str
    category: str
    number: int | None
    is_called: bool


@dataclass(frozen=True)
class Branch:
    """A turn's place among those asked at the same point; the neighbours' ids or None."""

    place: int
    count: int
    previous: UUID | None
    following: UUID | None


@dataclass(frozen=True)
class ShownTurn:
    """One turn as the page shows it. `version_begins` is the number when another version begins to answer."""

    turn: Turn
    question: str
    html: SafeString | str
    note: str
    sources: list[dict[str, Any]]
    speaker: Speaker
    is_last: bool
    is_new_window: bool = False
    version_begins: int | None = None
    branch: Branch | None = None
    files: list[Attachment] = field(default_factory=list)
    made: list[Attachment] = field(default_factory=list)
    tools: list[dict[str, Any]] = field(default_factory=list)
    thumb: TurnFeedback | None = None

    @property
    def is_running(self) -> bool:
        return bool(self.turn.state == TurnState.RUNNING)

    @property
    def may_rate(self) -> bool:
        return bool(self.html) and self.turn.state in METERED_TURN_STATES

    @property
    def reasons(self) -> tuple[FeedbackReason, ...]:
        return REASONS

    @property
    def has_failed(self) -> bool:
        return self.turn.state in (TurnState.FAILED, TurnState.INTERRUPTED)

    @property
    def answer(self) -> str:
        """The markdown, for copying."""
        message = self.turn.answer  # type: ignore[attr-defined]  # put there by gpts.chat.queries.turns
        return message.content if message else ""

    @property
    def total_seconds(self) -> float | None:
        ended = self.turn.ended_at
        return None if ended is None else (ended - self.turn.started_at).total_seconds()

    @property
    def first_token_seconds(self) -> float | None:
        first = self.turn.first_token_at
        return None if first is None else (first - self.turn.started_at).total_seconds()

    @property
    def currency(self) -> str:
        return str(settings.PAYOUT_CURRENCY)


def shown_in(conversation: Conversation, window: Window) -> list[ShownTurn]:
    """The turns of a window, rendered; one query for their files, one for their thumbs."""
    files = attachments_of(window.turns)
    thumbs = feedback_of(window.turns)
    before = window.before
    shown: list[ShownTurn] = []
    for turn in window.turns:
        here = files.get(turn.pk, [])
        shown.append(
            _shown(
                turn,
                _speaker(conversation, window, turn),
                is_last=turn is window.turns[-1],
                is_new_window=turn.pk == window.model_reads_from,
                version_begins=_version_begins(conversation, window, before, turn),
                branch=_branch(window.siblings.get(turn.pk, ()), turn),
                files=[file for file in here if file.role == MessageRole.USER],
                made=[file for file in here if file.role == MessageRole.ASSISTANT],
                thumb=thumbs.get(turn.pk),
            )
        )
        before = turn
    return shown


def unwrapped(text: str) -> str:
    """The text without the line breaks inside sentences that documents of a fixed width have."""
    return _WRAPPED.sub(" ", text)


def icon_url(icon: str) -> str:
    digest = icon.rpartition("/")[2].removesuffix(".webp")
    return reverse("gpts:icon-show", args=[digest]) if digest else ""


def _shown(turn: Any, speaker: Speaker, **fields: Any) -> ShownTurn:
    sources = turn.answer.citations if turn.answer else []
    tools = turn.answer.tools if turn.answer else []
    text = turn.answer.content if turn.answer else ""
    return ShownTurn(
        turn=turn,
        question=turn.question.content if turn.question else "",
        html=answer_html(text, citations=sources, tools=tools, turn=turn),
        note=get_turn_note(turn.state, turn.error_code, turn.retry_after),
        sources=sources,
        tools=shown_tools(tools),
        speaker=speaker,
        **fields,
    )


def _speaker(conversation: Conversation, window: Window, turn: Turn) -> Speaker:
    behaviour: GPT | Version = window.speakers.get(turn.version_id or 0) or (
        conversation.version or conversation.gpt
    )
    return Speaker(
        name=behaviour.name,
        icon_url=icon_url(behaviour.icon),
        category=behaviour.category,
        number=behaviour.number if isinstance(behaviour, Version) else None,
        is_called=turn.gpt_id != conversation.gpt_id,
    )


def _version_begins(
    conversation: Conversation, window: Window, before: Turn | None, turn: Turn
) -> int | None:
    """The number of the version, where the conversation's own GPT goes on with another one than before."""
    if before is None or turn.version_id is None or before.version_id == turn.version_id:
        return None
    if before.gpt_id != turn.gpt_id or turn.gpt_id != conversation.gpt_id:
        return None
    return _speaker(conversation, window, turn).number


def _branch(siblings: Sequence[UUID], turn: Turn) -> Branch | None:
    if len(siblings) < 2:
        return None
    at = siblings.index(turn.pk)
    return Branch(
        place=at + 1,
        count=len(siblings),
        previous=siblings[at - 1] if at else None,
        following=siblings[at + 1] if at + 1 < len(siblings) else None,
    )

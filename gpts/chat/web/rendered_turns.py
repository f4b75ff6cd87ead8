"""Turns prepared for templates: rendered, with the GPT that answered, branches, files and cost."""

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
from gpts.chat.answer_html import describe_tools, render_answer
from gpts.chat.json_answers import find_output_entry
from gpts.chat.models import Attachment, Conversation, Turn, TurnFeedback
from gpts.chat.queries.attachments import get_attachments_by_turn
from gpts.chat.queries.feedback import get_feedback_by_turn
from gpts.chat.queries.turns import TurnWindow
from gpts.chat.services.feedback import REASONS
from gpts.chat.states import FeedbackReason, MessageRole
from gpts.knowledge.remark_messages import describe_remarks
from gpts.llm.failure_messages import get_turn_note
from gpts.llm.states import METERED_TURN_STATES, FinishReason, TurnState

# A line break inside a sentence: after a word and before a small letter, or after a comma.
_WRAPPED_LINE = re.compile(r"(?<=[^\W\d_,;])\n(?=[a-z(])|(?<=[,;])\n(?=\w)")


@dataclass(frozen=True)
class Speaker:
    """The GPT that answers a turn, as named by its version."""

    name: str
    icon_url: str
    category: str
    slug: str
    number: int | None


@dataclass(frozen=True)
class Branch:
    """The number of a turn among its siblings, from 1, and the ids of the siblings before and after."""

    number: int
    count: int
    previous: UUID | None
    following: UUID | None


@dataclass(frozen=True)
class RenderedTurn:
    """One turn for a template. `new_version_number` is set when another version answers from here on."""

    turn: Turn
    question: str
    html: SafeString | str
    note: str
    sources: list[dict[str, Any]]
    speaker: Speaker
    is_last: bool
    is_first_read: bool = False
    new_version_number: int | None = None
    branch: Branch | None = None
    files: list[Attachment] = field(default_factory=list)
    generated_files: list[Attachment] = field(default_factory=list)
    tools: list[dict[str, Any]] = field(default_factory=list)
    thumb: TurnFeedback | None = None
    thinking: str = ""
    is_mention: bool = False

    @property
    def may_continue(self) -> bool:
        """Whether the rest of the answer can be asked for; half a JSON value has no rest."""
        is_cut = self.turn.state == TurnState.FINISHED and self.turn.finish_reason == FinishReason.LENGTH
        tools = self.turn.answer.tools if self.turn.answer else []  # type: ignore[attr-defined]
        return self.is_last and is_cut and find_output_entry(tools) is None

    @property
    def mentioned(self) -> str:
        """The name of the GPT that was called by "@"; "" where the conversation's own one answers."""
        return self.speaker.name if self.is_mention else ""

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
        message = self.turn.answer  # type: ignore[attr-defined]  # set by gpts.chat.queries.turns
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


def render_turns(conversation: Conversation, window: TurnWindow) -> list[RenderedTurn]:
    """Render the turns of a window; one query for their files, one for their feedback."""
    files = get_attachments_by_turn(window.turns)
    feedback = get_feedback_by_turn(window.turns)
    before = window.before
    rendered: list[RenderedTurn] = []
    for turn in window.turns:
        own_files = files.get(turn.pk, [])
        rendered.append(
            _render_turn(
                turn,
                _get_speaker(conversation, window, turn),
                is_last=turn is window.turns[-1],
                is_first_read=turn.pk == window.model_reads_from,
                new_version_number=_get_new_version_number(conversation, window, before, turn),
                branch=_build_branch(window.siblings.get(turn.pk, ()), turn),
                files=[_add_remarks(file) for file in own_files if file.role == MessageRole.USER],
                generated_files=[file for file in own_files if file.role == MessageRole.ASSISTANT],
                thumb=feedback.get(turn.pk),
                is_mention=turn.gpt_id != conversation.gpt_id,
            )
        )
        before = turn
    return rendered


def _add_remarks(file: Attachment) -> Attachment:
    """Set ``remark_texts`` for the template: what the model does not see of the file."""
    file.remark_texts = [remark.text for remark in describe_remarks(file.remarks)]  # type: ignore[attr-defined]  # as said
    return file


def join_wrapped_lines(text: str) -> str:
    """Join lines that were wrapped inside a sentence, as in documents of a fixed width."""
    return _WRAPPED_LINE.sub(" ", text)


def get_icon_url(icon: str) -> str:
    digest = icon.rpartition("/")[2].removesuffix(".webp")
    return reverse("gpts:icon-show", args=[digest]) if digest else ""


def _render_turn(turn: Any, speaker: Speaker, **fields: Any) -> RenderedTurn:
    sources = turn.answer.citations if turn.answer else []
    tools = turn.answer.tools if turn.answer else []
    text = turn.answer.content if turn.answer else ""
    return RenderedTurn(
        turn=turn,
        question=turn.question.content if turn.question else "",
        html=render_answer(text, citations=sources, tools=tools, turn=turn),
        note=get_turn_note(turn.state, turn.error_code, turn.retry_after, turn.finish_reason),
        thinking=turn.answer.thinking if turn.answer else "",
        sources=sources,
        tools=describe_tools(tools),
        speaker=speaker,
        **fields,
    )


def _get_speaker(conversation: Conversation, window: TurnWindow, turn: Turn) -> Speaker:
    behaviour: GPT | Version = window.answering_versions.get(turn.version_id or 0) or (
        conversation.version or conversation.gpt
    )
    is_own = turn.gpt_id == conversation.gpt_id
    return Speaker(
        name=behaviour.name,
        icon_url=get_icon_url(behaviour.icon),
        category=behaviour.category,
        slug=getattr(behaviour, "gpt_slug", None) or (conversation.gpt.slug if is_own else ""),
        number=behaviour.number if isinstance(behaviour, Version) else None,
    )


def _get_new_version_number(
    conversation: Conversation, window: TurnWindow, before: Turn | None, turn: Turn
) -> int | None:
    """The version number if the conversation's own GPT answers with another version than the turn before."""
    if before is None or turn.version_id is None or before.version_id == turn.version_id:
        return None
    if before.gpt_id != turn.gpt_id or turn.gpt_id != conversation.gpt_id:
        return None
    return _get_speaker(conversation, window, turn).number


def _build_branch(siblings: Sequence[UUID], turn: Turn) -> Branch | None:
    if len(siblings) < 2:
        return None
    at = siblings.index(turn.pk)
    return Branch(
        number=at + 1,
        count=len(siblings),
        previous=siblings[at - 1] if at else None,
        following=siblings[at + 1] if at + 1 < len(siblings) else None,
    )

"""Encodes server-sent events, and the end event of a turn."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from gpts.chat.answer_html import describe_tools, render_answer
from gpts.chat.models import Turn
from gpts.llm.failure_messages import get_turn_note

HEARTBEAT = b": still here\n\n"


def build_frame(event: str, data: dict[str, Any], *, offset: int | None = None) -> bytes:
    """Encode one event; its id is the number of answer characters that the reader then has."""
    identifier = "" if offset is None else f"id: {offset}\n"
    return f"{identifier}event: {event}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n".encode()


def build_text_frame(text: str, offset: int) -> bytes:
    """Encode a "delta" event; fast, because there are thousands a second."""
    return b'id: %d\nevent: delta\ndata: {"text": %s}\n\n' % (offset, orjson.dumps(text))


Entries = Sequence[Mapping[str, Any]]


def build_end_frame(turn: Turn, text: str, citations: Entries, tools: Entries = ()) -> bytes:
    """Encode the last event: how the turn ended, with the whole answer as safe HTML."""
    return build_frame("end", build_end_data(turn, text, citations, tools), offset=len(text))


def build_end_data(turn: Turn, text: str, citations: Entries, tools: Entries = ()) -> dict[str, Any]:
    return {
        "turn": str(turn.pk),
        "conversation": str(turn.conversation_id),
        "state": turn.state,
        "code": turn.error_code,
        "retry_after": turn.retry_after,
        "note": get_turn_note(turn.state, turn.error_code, turn.retry_after, turn.finish_reason),
        "finish_reason": turn.finish_reason,
        "html": render_answer(text, citations=citations, tools=tools, turn=turn),
        "sources": list(citations),
        "tools": describe_tools(tools),
        "usage": {"input_tokens": turn.input_tokens, "output_tokens": turn.output_tokens},
        "model": turn.model_name,
        "trimmed": turn.trimmed_turns,
    }

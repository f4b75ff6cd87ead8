"""Server-sent events as bytes, and the events that a turn's readers get."""

from __future__ import annotations

import json
from typing import Any

from core.markdown import render
from gpts.citations import with_citations
from gpts.failures import turn_note
from gpts.models import Turn

HEARTBEAT = b": still here\n\n"


def frame(event: str, data: dict[str, Any], *, offset: int | None = None) -> bytes:
    """One event; its id is the number of characters of the answer that the reader has after it."""
    identifier = "" if offset is None else f"id: {offset}\n"
    return f"{identifier}event: {event}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n".encode()


def end_frame(turn: Turn, text: str, citations: list[dict[str, Any]]) -> bytes:
    """The last event: how the turn ended, with the whole answer as safe HTML."""
    return frame("end", turn_end(turn, text, citations), offset=len(text))


def turn_end(turn: Turn, text: str, citations: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "turn": str(turn.pk),
        "conversation": str(turn.conversation_id),
        "state": turn.state,
        "code": turn.error_code,
        "retry_after": turn.retry_after,
        "note": turn_note(turn.state, turn.error_code, turn.retry_after),
        "html": with_citations(render(text), citations, turn) if text else "",
        "sources": citations,
        "usage": {"input_tokens": turn.input_tokens, "output_tokens": turn.output_tokens},
        "model": turn.model_name,
        "trimmed": turn.trimmed_turns,
    }

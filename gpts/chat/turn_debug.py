"""Data of a turn for the debug panel of a preview: prompt, passages, tokens, cost, times."""

from __future__ import annotations

from typing import Any

from gpts.chat.models import Turn
from gpts.chat.services.turn_inputs import PreparedTurn
from gpts.llm.runtime.prompts import assemble, estimate_tokens

PROMPT_CHARACTERS = 100_000


def build_debug_data(
    prepared: PreparedTurn,
    *,
    input_tokens: int,
    output_tokens: int,
    cost_micros: int,
    first_token_ms: float | None,
    total_ms: float,
) -> dict[str, Any]:
    """Sizes are in tokens (estimated for parts of the prompt), times in milliseconds, cost in micro-units."""
    prompt: list[dict[str, Any]] = []
    if not prepared.fixed_answer:
        request, _dropped = assemble(prepared.input)
        prompt = [
            {
                "role": message.role,
                "content": message.content[:PROMPT_CHARACTERS],
                "tokens": estimate_tokens(message.content),
            }
            for message in request.messages
        ]
    return {
        "prompt": prompt,
        "passages": [
            {
                "number": number,
                "file": passage.file,
                "heading": passage.heading,
                "page": passage.page,
                "score": round(passage.score, 4),
            }
            for number, passage in enumerate(prepared.passages, 1)
        ],
        "tokens": {"input": input_tokens, "output": output_tokens},
        "cost_micros": cost_micros,
        "timing_ms": {
            "retrieval": round(prepared.retrieval_ms, 1),
            "first_token": None if first_token_ms is None else round(first_token_ms, 1),
            "total": round(total_ms, 1),
        },
        "model": prepared.model.name if prepared.model and not prepared.fixed_answer else "",
    }


def remove_prompt_text(debug: dict[str, Any] | None) -> dict[str, Any] | None:
    """Return what is stored: without the prompt's text, because its passages may be deleted later."""
    if debug is None:
        return None
    sizes = [{"role": part["role"], "tokens": part["tokens"]} for part in debug["prompt"]]
    return {**debug, "prompt": sizes}


def has_debug_data(turn: Turn) -> bool:
    """Whether the debug panel may show the prompt: only for the draft's answers in chats with the draft."""
    return turn.version_id is None and turn.conversation.version_id is None

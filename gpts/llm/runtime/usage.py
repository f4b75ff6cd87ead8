"""Whether a provider's token counts can be true, and estimates for those that cannot.

A provider is another server: it may send no count, zeros, or any number.
"""

from __future__ import annotations

import json

from gpts.llm.runtime.prompts import estimate_message_tokens, estimate_tokens
from gpts.llm.runtime.types import InputCut, ModelRequest, Usage

# The most that a column of tokens holds.
MAX_TOKENS = 2**31 - 1
# Tokens that a template adds to a prompt, and to each message.
TEMPLATE_TOKENS = 1_000
MESSAGE_TOKENS = 100
# Above what any provider counts for an image of our largest size.
LARGEST_IMAGE_TOKENS = 20_000
# Tokens that end an answer or open its parts.
OUTPUT_SLACK = 64
# Web search and the like read pages that we do not send: at most so many full windows in one request.
PROVIDER_TOOL_WINDOWS = 8


# A prompt is taken for cut if the provider counts less than this share of our estimate, and the prompt is
# long enough to be cut at all. Scripts differ in tokens for a character, so the share of others than Latin is
# lower.
CUT_SHARE, CUT_SHARE_WIDE = 0.4, 0.2
CUT_TOKENS = 2_500


def check_usage(counted: Usage | None, request: ModelRequest, text: str, calls: str = "") -> Usage:
    """Return the provider's count of one request if it can be true, else an estimate.

    ``text`` is what the model wrote, with its thinking as far as it was sent; ``calls`` are the names and
    arguments of the functions that it called. A tokenizer makes at most
    one token of a byte, so no true count is above the bytes that were sent and received, or above what the
    request and the model's window allow. Zeros beside text are no count.
    """
    has_count = counted is not None and bool(not text or (counted.input_tokens and counted.output_tokens))
    if counted is not None and has_count and _is_possible(counted, request, text + calls):
        return counted
    return estimate_request(request, text + calls)


def find_input_cut(counted: Usage | None, request: ModelRequest) -> InputCut | None:
    """Return what was sent and counted if the count is far too small for the whole prompt, else None.

    Some servers cut a prompt at their context size and say nothing. White space is left out of the estimate,
    as tokenizers join it.
    """
    if counted is None or not counted.input_tokens or any(message.images for message in request.messages):
        return None
    texts = [" ".join(message.content.split()) for message in request.messages]
    sent = sum(map(estimate_tokens, texts))
    letters = sum(map(len, texts))
    is_latin = sum(map(_count_bytes, texts)) < letters * 1.1
    share = CUT_SHARE if is_latin else CUT_SHARE_WIDE
    if sent < CUT_TOKENS or counted.input_tokens >= sent * share:
        return None
    return InputCut(sent, counted.input_tokens)


def estimate_request(request: ModelRequest, text: str) -> Usage:
    """Return our own estimate for one request, within what it allows."""
    sent = sum(estimate_message_tokens(message) for message in request.messages)
    return Usage(
        min(sent, request.spec.context_window, MAX_TOKENS),
        min(estimate_tokens(text), request.max_output_tokens, MAX_TOKENS),
        is_estimated=True,
    )


def read_count(value: object) -> int | None:
    """Return a provider's number as tokens; None for what is no number. It may still be impossible."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        return min(max(int(value), 0), MAX_TOKENS)
    except (ValueError, OverflowError):
        return None


def add_usages(first: Usage, second: Usage) -> Usage:
    """Return the tokens of two requests of one turn."""
    return Usage(
        min(first.input_tokens + second.input_tokens, MAX_TOKENS),
        min(first.output_tokens + second.output_tokens, MAX_TOKENS),
        first.is_estimated or second.is_estimated,
    )


def _is_possible(counted: Usage, request: ModelRequest, text: str) -> bool:
    largest_output = max(request.max_output_tokens, _count_bytes(text)) + OUTPUT_SLACK
    return counted.input_tokens <= _get_largest_input(request) and counted.output_tokens <= largest_output


def _get_largest_input(request: ModelRequest) -> int:
    window = request.spec.context_window
    if request.provider_tools:
        return window * PROVIDER_TOOL_WINDOWS
    sent = TEMPLATE_TOKENS + sum(
        MESSAGE_TOKENS
        + _count_bytes(message.content)
        + sum(_count_bytes(call.name + call.arguments) for call in message.tool_calls)
        + len(message.images) * LARGEST_IMAGE_TOKENS
        for message in request.messages
    )
    sent += sum(_count_bytes(tool.description) + len(json.dumps(tool.parameters)) for tool in request.tools)
    if request.output is not None and request.output.schema is not None:
        sent += len(json.dumps(request.output.schema))
    return min(sent, window)


def _count_bytes(text: str) -> int:
    return len(text.encode("utf-8", "surrogatepass"))

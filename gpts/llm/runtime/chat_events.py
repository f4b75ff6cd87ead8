"""Reads events of the Chat Completions protocol, and whole answers of servers that do not stream. Pure."""

from __future__ import annotations

from typing import Any

from gpts.llm.runtime.answer_reading import AnswerReader, read_parts
from gpts.llm.runtime.provider_errors import translate_error_event
from gpts.llm.runtime.types import FailureCode, ModelEvent, ModelFailure


def read_chat_event(answer: AnswerReader, event: dict[str, Any], events: list[ModelEvent]) -> None:
    """Add what an event says to the answer, and its events to ``events``. Raises ModelFailure."""
    if usage := event.get("usage"):
        _read_usage(answer, usage)
    choices = event.get("choices")
    if choices is not None and not isinstance(choices, list):
        raise ModelFailure(FailureCode.MALFORMED_STREAM, detail="bad_event")
    for choice in choices or ():
        # Only one answer is asked for.
        if isinstance(choice, dict) and not choice.get("index"):
            _read_choice(answer, choice, events)
    error = event.get("error")
    if not error and not choices and (event.get("object") == "error" or _is_bare_error(event)):
        error = event
    # After a whole answer an error says nothing about it.
    if error and not answer.finish_reason:
        raise translate_error_event({"message": error} if isinstance(error, str) else error)


def _read_usage(answer: AnswerReader, usage: object) -> None:
    if isinstance(usage, dict):
        sent = usage.get("prompt_tokens", usage.get("input_tokens"))
        answer.add_usage(sent, usage.get("completion_tokens", usage.get("output_tokens")))


def _is_bare_error(event: dict[str, Any]) -> bool:
    """Return whether an event without choices is the error itself, as some gateways send it."""
    if "choices" in event or "usage" in event:
        return False
    said = event.get("message") or event.get("detail") or event.get("error_msg") or event.get("msg")
    return isinstance(said, str) and bool(
        event.get("code") or event.get("error_code") or event.get("detail") or event.get("success") is False
    )


def _read_choice(answer: AnswerReader, choice: dict[str, Any], events: list[ModelEvent]) -> None:
    delta = choice.get("delta")
    if isinstance(delta, dict):
        _read_delta(answer, delta, events)
    elif isinstance(delta, str):
        events += answer.add_text(delta)
    message = choice.get("message")
    if isinstance(message, dict):
        _read_message(answer, message, events)
    elif not delta and isinstance(choice.get("text"), str):
        events += answer.add_text(choice["text"])
    if error := choice.get("error"):
        raise translate_error_event({"message": error} if isinstance(error, str) else error)
    answer.finish(choice.get("finish_reason"))


def _read_delta(answer: AnswerReader, delta: dict[str, Any], events: list[ModelEvent]) -> None:
    text, thinking = read_parts(delta.get("content"))
    if thinking := _read_thinking(delta) or thinking:
        events += answer.add_thinking(thinking)
    if text:
        events += answer.add_text(text)
    _check_refusal(delta)
    calls = delta.get("tool_calls")
    for position, call in enumerate(calls if isinstance(calls, list) else (calls,)):
        answer.calls.add_part(call, position)
    answer.calls.add_part(delta.get("function_call"))
    for annotation in _list(delta.get("annotations")):
        answer.add_web_source(annotation)


def _read_message(answer: AnswerReader, message: dict[str, Any], events: list[ModelEvent]) -> None:
    """Read a whole message, which may repeat what came in pieces."""
    text, thinking = read_parts(message.get("content"))
    events += answer.add_missing_thinking(_read_thinking(message) or thinking)
    if text:
        events += answer.add_missing_text(text)
    _check_refusal(message)
    answer.calls.add_missing(message.get("tool_calls"))
    answer.calls.add_missing([message["function_call"]] if message.get("function_call") else None)
    for annotation in _list(message.get("annotations")):
        answer.add_web_source(annotation)


def _read_thinking(fields: dict[str, Any]) -> str:
    """Return the thinking that stands beside the content; the fields repeat each other."""
    for name in ("reasoning_content", "reasoning", "thinking"):
        said = fields.get(name)
        if isinstance(said, dict):
            said = said.get("content") or said.get("text") or said.get("summary")
        if isinstance(said, str) and said:
            return said
    details = [
        {"type": "thinking"} | part
        for part in _list(fields.get("reasoning_details"))
        if isinstance(part, dict)
    ]
    return "".join(read_parts(details))


def _check_refusal(fields: dict[str, Any]) -> None:
    if fields.get("refusal"):
        raise ModelFailure(FailureCode.CONTENT_REFUSED, detail="refusal")


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []

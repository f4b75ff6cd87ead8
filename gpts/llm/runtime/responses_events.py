"""Reads events of the Responses protocol, and whole answers of servers that do not stream. Pure."""

from __future__ import annotations

import base64
import binascii
from typing import Any

from gpts.llm.runtime.answer_reading import LABEL_LENGTH, AnswerReader, read_parts
from gpts.llm.runtime.images import detect_media_type
from gpts.llm.runtime.provider_errors import translate_error_event
from gpts.llm.runtime.types import FailureCode, ImageMade, ModelEvent, ModelFailure, ToolCalled

PROVIDER_CALLS = {
    "web_search_call": "web_search",
    "code_interpreter_call": "code",
    "image_generation_call": "image_generation",
}
_ENDS = ("response.completed", "response.incomplete", "response.failed", "response.cancelled")
_THINKING = (
    "response.reasoning_summary_text.delta",
    "response.reasoning_text.delta",
    "response.reasoning.delta",
)


def read_responses_event(answer: AnswerReader, event: dict[str, Any], events: list[ModelEvent]) -> None:
    """Add what an event says to the answer, and its events to ``events``. Raises ModelFailure."""
    kind = event.get("type")
    if kind == "response.output_text.delta":
        text, _thinking = read_parts(event.get("delta"))
        events += answer.add_text(text) if text else []
    elif kind in _THINKING:
        _text, thinking = read_parts([{"type": "thinking", "text": event.get("delta")}])
        events += answer.add_thinking(thinking) if thinking else []
    elif kind == "response.reasoning_summary_part.added" and event.get("summary_index"):
        events += answer.add_thinking("\n\n")
    elif kind == "response.refusal.delta":
        raise ModelFailure(FailureCode.CONTENT_REFUSED, detail="refusal")
    elif kind == "response.output_text.annotation.added":
        answer.add_web_source(event.get("annotation"))
    elif kind == "response.output_item.added":
        _note_call(answer, event.get("item"))
    elif kind == "response.function_call_arguments.delta":
        answer.calls.add_part({"id": event.get("item_id"), "arguments": event.get("delta")})
    elif kind == "response.output_item.done":
        _read_done_item(answer, event.get("item"), events)
    elif kind in _ENDS:
        response = event.get("response")
        _read_end(answer, response if isinstance(response, dict) else {}, str(kind), events)
    elif isinstance(event.get("output"), list) and event.get("status"):
        _read_end(answer, event, f"response.{event['status']}", events)
    elif kind == "error" or event.get("error"):
        _raise_error(answer, event.get("error") or event)


def _raise_error(answer: AnswerReader, error: object) -> None:
    # After a whole answer an error says nothing about it.
    if not answer.finish_reason:
        raise translate_error_event({"message": error} if isinstance(error, str) else error)


def _note_call(answer: AnswerReader, item: object) -> None:
    """Note a call that begins: its parts name the item, the result will name the call."""
    if isinstance(item, dict) and item.get("type") == "function_call" and item.get("id"):
        name, arguments = str(item.get("name") or ""), item.get("arguments") or ""
        answer.calls.add_whole(str(item["id"]), name, arguments)


def _read_done_item(answer: AnswerReader, item: object, events: list[ModelEvent]) -> None:
    if not isinstance(item, dict):
        return
    if item.get("type") == "function_call":
        item_id, call_id = str(item.get("id") or ""), str(item.get("call_id") or "")
        answer.calls.add_whole(item_id or call_id, str(item.get("name") or ""), item.get("arguments"))
        answer.calls.rename(item_id, call_id)
    elif item.get("type") in PROVIDER_CALLS:
        _add_provider_call(answer, item, events)


def _add_provider_call(answer: AnswerReader, item: dict[str, Any], events: list[ModelEvent]) -> None:
    call_id = str(item.get("id") or "")
    if not call_id or call_id not in answer.provider_calls:
        answer.provider_calls.add(call_id)
        events += _read_provider_call(item)


def _read_end(answer: AnswerReader, response: dict[str, Any], kind: str, events: list[ModelEvent]) -> None:
    output = response.get("output")
    _read_output(answer, output if isinstance(output, list) else [], events)
    usage = response.get("usage")
    if isinstance(usage, dict):
        sent = usage.get("input_tokens", usage.get("prompt_tokens"))
        answer.add_usage(sent, usage.get("output_tokens", usage.get("completion_tokens")))
    if kind == "response.failed" or (kind != "response.completed" and response.get("error")):
        raise translate_error_event(response.get("error"))
    if kind == "response.cancelled":
        raise ModelFailure(FailureCode.INTERRUPTED, detail="cancelled")
    details = response.get("incomplete_details")
    if kind == "response.incomplete" or response.get("status") == "incomplete":
        reason = details.get("reason") if isinstance(details, dict) else None
        answer.finish(reason if isinstance(reason, str) and reason else "error")
        if answer.finish_reason != "length":
            raise ModelFailure(FailureCode.INTERRUPTED, detail="incomplete")
    else:
        answer.finish("stop")
    answer.is_ended = True


def _read_output(answer: AnswerReader, output: list[Any], events: list[ModelEvent]) -> None:
    """Read the items of a whole answer, which may repeat what came in pieces."""
    texts: list[str] = []
    thinking: list[str] = []
    for item in output:
        if not isinstance(item, dict):
            continue
        kind = item.get("type")
        if kind == "message":
            text, _thinking = read_parts(item.get("content"))
            texts.append(text)
            for part in item["content"] if isinstance(item.get("content"), list) else ():
                if isinstance(part, dict):
                    _read_notes(answer, part)
        elif kind == "reasoning":
            parts = item.get("summary") or item.get("content")
            thinking.append("".join(read_parts(parts)) or _join_summary(parts))
        elif kind == "function_call":
            _read_done_item(answer, item, events)
        elif kind in PROVIDER_CALLS:
            _add_provider_call(answer, item, events)
    events += answer.add_missing_thinking("\n\n".join(thinking))
    if text := "".join(texts):
        events += answer.add_missing_text(text)


def _read_notes(answer: AnswerReader, part: dict[str, Any]) -> None:
    if part.get("type") == "refusal" and part.get("refusal"):
        raise ModelFailure(FailureCode.CONTENT_REFUSED, detail="refusal")
    for annotation in part.get("annotations") or ():
        answer.add_web_source(annotation)


def _join_summary(parts: object) -> str:
    texts = [part.get("text") for part in parts if isinstance(part, dict)] if isinstance(parts, list) else []
    return "\n\n".join(text for text in texts if isinstance(text, str))


def _read_provider_call(item: dict[str, Any]) -> list[ModelEvent]:
    """Return the events of a call that the provider ran: the call, and the image if it made one."""
    name = PROVIDER_CALLS[str(item["type"])]
    call_id = str(item.get("id") or "")
    is_ok = item.get("status", "completed") == "completed"
    action = item.get("action")
    label = str(action.get("query") or action.get("url") or "") if isinstance(action, dict) else ""
    called = ToolCalled(call_id, name, is_ok, " ".join(label.split())[:LABEL_LENGTH])
    if name != "image_generation" or not isinstance(item.get("result"), str):
        return [called]
    try:
        data = base64.b64decode(item["result"], validate=True)
    except binascii.Error:
        data = b""
    media_type = detect_media_type(data)
    if not media_type:
        return [ToolCalled(call_id, name, False)]
    return [called, ImageMade(media_type, data)]

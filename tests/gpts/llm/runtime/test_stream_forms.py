"""What servers send, as bytes over a socket, and what is read of it: text, thinking, calls, and the end."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from gpts.llm.runtime.types import (
    Failed,
    FailureCode,
    Finished,
    ModelAPI,
    TextDelta,
    TextWithdrawn,
    ThinkingDelta,
    ToolProposed,
    ToolSpec,
    TurnEvent,
    Usage,
)
from tests.fakes.openai_server import ModelServer
from tests.support.model_calls import collect_events, create_spec

DEPOT = "The depot opens at seven."
CHAT, RESPONSES = ModelAPI.CHAT_COMPLETIONS, ModelAPI.RESPONSES
COUNTED = Usage(11, 7)


def sse(*events: Any, done: bool = True, gap: str = "\n\n") -> str:
    lines = [event if isinstance(event, str) else json.dumps(event) for event in events]
    return "".join(f"data: {line}{gap}" for line in [*lines, *(["[DONE]"] if done else [])])


def chat(finish: Any = None, **delta: Any) -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}


def text(words: str, finish: Any = None) -> dict[str, Any]:
    return chat(finish, content=words)


def words(said: str) -> dict[str, Any]:
    return {"type": "response.output_text.delta", "delta": said}


def completed(kind: str = "response.completed", **response: Any) -> dict[str, Any]:
    return {"type": kind, "response": {"status": kind.partition(".")[2], **response}}


def message(said: str) -> dict[str, Any]:
    return {"type": "message", "content": [{"type": "output_text", "text": said, "annotations": []}]}


def read(server: ModelServer, api: ModelAPI, script: str, **turn: Any) -> list[TurnEvent]:
    """Return the events of a turn whose model server plays a script, or a file of tests/fakes/streams."""
    server.state.played["script"] = script
    model = "script" if script.startswith(("data", "HTTP", "{", ":", "\ufeff")) else f"play-{script}"
    limits = {"first_token_timeout": 20.0, "idle_timeout": 20.0}
    return asyncio.run(collect_events(create_spec(server, model, api, **limits), **turn))


def summarise(events: list[TurnEvent]) -> dict[str, Any]:
    """Return text, thinking, calls and the end of a turn; parts that are empty are left out."""
    answer, thinking = "", ""
    calls: list[tuple[str, str]] = []
    found: dict[str, Any] = {}
    for event in events:
        if isinstance(event, TextDelta):
            answer += event.text
        elif isinstance(event, ThinkingDelta):
            thinking += event.text
        elif isinstance(event, TextWithdrawn):
            answer = answer[: len(answer) - event.characters]
        elif isinstance(event, ToolProposed):
            calls.append((event.name, event.arguments))
        elif isinstance(event, Finished):
            found["end"] = event.finish_reason
        elif isinstance(event, Failed):
            found["end"] = event.failure.code
    parts = {"text": answer, "thinking": thinking.strip(), "calls": calls}
    return found | {name: part for name, part in parts.items() if part}


STOP = {"end": "stop", "text": DEPOT}
ENDS: list[tuple[str, ModelAPI, str, dict[str, Any]]] = [
    # How streams end.
    ("[DONE] without a reason", CHAT, "no_finish_done", STOP),
    ("cut after the reason", CHAT, "no_done_abrupt", STOP),
    (
        "cut before a reason",
        CHAT,
        sse(text("The depot"), done=False) + "<ABORT>",
        {"end": FailureCode.PROVIDER_DOWN, "text": "The depot"},
    ),
    (
        "closed before a reason",
        CHAT,
        sse(text("The depot"), done=False),
        {"end": FailureCode.MALFORMED_STREAM, "text": "The depot"},
    ),
    ("[DONE] alone", CHAT, sse(), {"end": FailureCode.MALFORMED_STREAM}),
    ("no [DONE]", CHAT, sse(text(DEPOT, "stop"), done=False), STOP),
    (
        "no line end behind the last event",
        CHAT,
        sse(text(DEPOT), text("", "stop"), done=False).rstrip(),
        STOP,
    ),
    ("single line ends", CHAT, "single_newline", STOP),
    (
        "single line ends, cut after the reason",
        CHAT,
        sse(text(DEPOT), text("", "stop"), done=False, gap="\n") + "<ABORT>",
        STOP,
    ),
    (
        "reason null, then empty, then stop",
        CHAT,
        sse(text(DEPOT, None), text("", ""), text("", "stop")),
        STOP,
    ),
    ("unknown reason", CHAT, sse(text(DEPOT, "eos_token")), STOP),
    ("reason error", CHAT, "finish_error", {"end": FailureCode.INTERRUPTED, "text": "The depot "}),
    (
        "reason network_error",
        CHAT,
        sse(text(DEPOT), text("", "network_error")),
        {"end": FailureCode.INTERRUPTED, "text": DEPOT},
    ),
    ("reason length", CHAT, "finish_length", {"end": "length", "text": DEPOT}),
    ("reason MAX_TOKENS", CHAT, sse(text(DEPOT, "MAX_TOKENS")), {"end": "length", "text": DEPOT}),
    (
        "reason SAFETY",
        CHAT,
        sse(text("The"), text("", "SAFETY")),
        {"end": FailureCode.CONTENT_REFUSED, "text": "The"},
    ),
    (
        "error in the middle",
        CHAT,
        sse(text("The"), {"error": {"code": "rate_limit_exceeded", "message": "x"}}),
        {"end": FailureCode.RATE_LIMITED, "text": "The"},
    ),
    (
        "error as text",
        CHAT,
        sse(text("The"), {"error": "upstream is gone"}),
        {"end": FailureCode.PROVIDER_ERROR, "text": "The"},
    ),
    (
        "error in a choice",
        CHAT,
        sse(
            {
                "choices": [
                    {
                        "delta": {"content": "The"},
                        "finish_reason": "error",
                        "error": {"code": "rate_limit_exceeded", "message": "x"},
                    }
                ]
            }
        ),
        {"end": FailureCode.RATE_LIMITED, "text": "The"},
    ),
    (
        "error without a field of its own",
        CHAT,
        sse(text("The"), {"object": "error", "message": "x", "code": "rate_limit_exceeded"}),
        {"end": FailureCode.RATE_LIMITED, "text": "The"},
    ),
    (
        "error after the whole answer",
        CHAT,
        sse(text(DEPOT, "stop"), {"error": {"message": "usage failed"}}),
        STOP,
    ),
    (
        "error beside usage",
        CHAT,
        sse(text("The"), {"usage": {"prompt_tokens": 1, "completion_tokens": 1}, "error": {"message": "x"}}),
        {"end": FailureCode.PROVIDER_ERROR, "text": "The"},
    ),
    (
        "text before an error in the same event",
        CHAT,
        sse(text("The") | {"error": {"message": "x"}}),
        {"end": FailureCode.PROVIDER_ERROR, "text": "The"},
    ),
    # Not a stream.
    ("JSON", CHAT, "json_200", STOP),
    (
        "JSON of several lines",
        CHAT,
        "HTTP 200\n\n"
        + json.dumps(
            {
                "choices": [
                    {"message": {"content": DEPOT, "reasoning_content": "hm"}, "finish_reason": "stop"}
                ]
            },
            indent=2,
        ).replace("{\n", "{\n\n"),
        STOP | {"thinking": "hm"},
    ),
    (
        "JSON without a reason",
        CHAT,
        "HTTP 200\n\n" + json.dumps({"choices": [{"message": {"content": DEPOT}}]}),
        {"end": FailureCode.MALFORMED_STREAM, "text": DEPOT},
    ),
    (
        "JSON with a call",
        CHAT,
        "HTTP 200\n\n"
        + json.dumps(
            {
                "choices": [
                    {
                        "finish_reason": "tool_calls",
                        "message": {
                            "tool_calls": [
                                {"id": "a", "function": {"name": "set_name", "arguments": {"name": "A"}}}
                            ]
                        },
                    }
                ]
            }
        ),
        {"end": "tool_calls", "calls": [("set_name", '{"name": "A"}')]},
    ),
    (
        "JSON in a stream's clothes",
        CHAT,
        json.dumps({"choices": [{"message": {"content": DEPOT}, "finish_reason": "stop"}]}),
        STOP,
    ),
    (
        "a whole message at the end of a stream",
        CHAT,
        sse(text("The depot "), {"choices": [{"message": {"content": DEPOT}, "finish_reason": "stop"}]}),
        STOP,
    ),
    # Content.
    ("content in parts", CHAT, "content_parts", STOP | {"thinking": "hm"}),
    (
        "content in parts of text alone",
        CHAT,
        sse(chat("stop", content=["The depot ", "opens at seven."])),
        STOP,
    ),
    ("halves of an emoji", CHAT, "lone_surrogate", {"end": "stop", "text": "Nice 😀 day"}),
    (
        "half an emoji, and nothing more",
        CHAT,
        sse('{"choices":[{"delta":{"content":"Hi \\ud83d"}}]}', text("", "stop")),
        {"end": "stop", "text": "Hi \ufffd"},
    ),
    ("junk lines", CHAT, sse("ping", "null", "[]", '"x"', "{not json}", text(DEPOT, "stop")), STOP),
    (
        "NaN",
        CHAT,
        sse('{"choices":[{"delta":{"content":"' + DEPOT + '"},"finish_reason":"stop","p":NaN}]}'),
        STOP,
    ),
    (
        "half an event of the answer",
        CHAT,
        sse(text("The"), '{"choices":[{"delta":{"content":"dep', text("ot", "stop")),
        {"end": FailureCode.MALFORMED_STREAM, "text": "The"},
    ),
    ("a mark of the byte order", CHAT, "\ufeff" + sse(text(DEPOT, "stop")), STOP),
    # Thinking.
    ("<think>", CHAT, "think_inline", STOP | {"thinking": "The user asks about depots."}),
    (
        "<think> that never ends",
        CHAT,
        sse(text("<think>\nThe user"), text("", "stop")),
        {"end": FailureCode.ONLY_THINKING, "thinking": "The user"},
    ),
    (
        "</think> that was never opened",
        CHAT,
        sse(text("The user asks.\n</th"), text("ink>\n\n" + DEPOT, "stop")),
        STOP | {"thinking": "The user asks."},
    ),
    (
        "<think> in code",
        CHAT,
        sse(text("Write `<think>` and `</think>`.", "stop")),
        {"end": "stop", "text": "Write `<think>` and `</think>`."},
    ),
    (
        "thinking up to the limit",
        CHAT,
        "reasoning_length",
        {"end": FailureCode.THINKING_LIMIT, "thinking": "Thinking and thinking"},
    ),
    (
        "thinking in two fields",
        CHAT,
        sse(
            chat(reasoning="hm", reasoning_details=[{"type": "reasoning.text", "text": "hm"}]),
            text(DEPOT, "stop"),
        ),
        STOP | {"thinking": "hm"},
    ),
    # Responses.
    ("r: whole", RESPONSES, sse(words(DEPOT), completed()), STOP),
    ("r: cut after the end", RESPONSES, sse(words(DEPOT), completed(), done=False) + "<ABORT>", STOP),
    (
        "r: cut before the end",
        RESPONSES,
        sse(words("The"), done=False) + "<ABORT>",
        {"end": FailureCode.PROVIDER_DOWN, "text": "The"},
    ),
    ("r: [DONE] alone ends it", RESPONSES, sse(words(DEPOT)), STOP),
    ("r: single line ends", RESPONSES, sse(words(DEPOT), completed(), gap="\n"), STOP),
    (
        "r: limit",
        RESPONSES,
        sse(
            words(DEPOT), completed("response.incomplete", incomplete_details={"reason": "max_output_tokens"})
        ),
        {"end": "length", "text": DEPOT},
    ),
    (
        "r: incomplete for another reason",
        RESPONSES,
        sse(words("The"), completed("response.incomplete", incomplete_details={"reason": "gremlins"})),
        {"end": FailureCode.INTERRUPTED, "text": "The"},
    ),
    (
        "r: incomplete without a reason",
        RESPONSES,
        sse(words("The"), completed("response.incomplete")),
        {"end": FailureCode.INTERRUPTED, "text": "The"},
    ),
    (
        "r: completed that says incomplete",
        RESPONSES,
        sse(
            words(DEPOT),
            {
                "type": "response.completed",
                "response": {"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}},
            },
        ),
        {"end": "length", "text": DEPOT},
    ),
    (
        "r: failed",
        RESPONSES,
        sse(
            words("The"), completed("response.failed", error={"code": "rate_limit_exceeded", "message": "x"})
        ),
        {"end": FailureCode.RATE_LIMITED, "text": "The"},
    ),
    ("r: text only at the end", RESPONSES, sse(completed(output=[message(DEPOT)])), STOP),
    (
        "r: JSON",
        RESPONSES,
        "HTTP 200\n\n"
        + json.dumps(
            {
                "object": "response",
                "status": "completed",
                "output": [
                    {"type": "reasoning", "summary": [{"type": "summary_text", "text": "hm"}]},
                    message(DEPOT),
                ],
            }
        ),
        STOP | {"thinking": "hm"},
    ),
    (
        "r: error as JSON",
        RESPONSES,
        'HTTP 200\n\n{"error": {"code": "rate_limit_exceeded", "message": "x"}}',
        {"end": FailureCode.RATE_LIMITED},
    ),
    (
        "r: summary of the thinking",
        RESPONSES,
        sse({"type": "response.reasoning_summary_text.delta", "delta": "hm"}, words(DEPOT), completed()),
        STOP | {"thinking": "hm"},
    ),
    (
        "r: thinking up to the limit",
        RESPONSES,
        sse(
            {"type": "response.reasoning_text.delta", "delta": "hm"},
            completed("response.incomplete", incomplete_details={"reason": "max_output_tokens"}),
        ),
        {"end": FailureCode.THINKING_LIMIT, "thinking": "hm"},
    ),
    (
        "r: <think>",
        RESPONSES,
        sse(words("<think>hm</think>"), words(DEPOT), completed()),
        STOP | {"thinking": "hm"},
    ),
]


@pytest.mark.parametrize(
    ("api", "script", "expected"), [row[1:] for row in ENDS], ids=[row[0] for row in ENDS]
)
def test_every_form_of_a_stream(
    model_server: ModelServer, api: ModelAPI, script: str, expected: dict[str, Any]
) -> None:
    assert summarise(read(model_server, api, script)) == expected


def test_an_error_with_status_200_is_a_failure(model_server: ModelServer) -> None:
    [failed] = read(model_server, CHAT, "json_200_error")

    assert isinstance(failed, Failed)


TOOLS = (
    ToolSpec("set_name", "Sets it.", {"type": "object", "properties": {"name": {"type": "string"}}}),
    ToolSpec("set_description", "Sets it.", {"type": "object"}),
)
NAME = ("set_name", '{"name": "Harbour Desk"}')


def part(**fields: Any) -> dict[str, Any]:
    """Return one entry of tool_calls."""
    function = {key: fields.pop(key) for key in ("name", "arguments") if key in fields}
    return fields | {"function": function}


def calls(*parts: dict[str, Any]) -> dict[str, Any]:
    return chat(tool_calls=list(parts))


CALL_A, CALL_B = ("a", '{"x": 1}'), ("b", '{"y": 2}')
DIALECTS: list[tuple[str, ModelAPI, str, list[tuple[str, str]]]] = [
    (
        "index always 0",
        CHAT,
        "tool_index_same",
        [NAME, ("set_description", '{"description": "Answers questions on berths."}')],
    ),
    ("id and name in each part", CHAT, "tool_name_repeat", [NAME]),
    ("arguments as an object", CHAT, "tool_args_object", [NAME]),
    (
        "in parts",
        CHAT,
        sse(
            calls(part(index=0, id="1", name="a", arguments="")),
            calls(part(index=0, arguments='{"x"')),
            calls(part(index=0, arguments=": 1}")),
        ),
        [CALL_A],
    ),
    (
        "no index",
        CHAT,
        sse(
            calls(part(id="1", name="a", arguments='{"x": 1}')),
            calls(part(id="2", name="b", arguments='{"y": 2}')),
        ),
        [CALL_A, CALL_B],
    ),
    (
        "several in one event, without index and id",
        CHAT,
        sse(calls(part(name="a", arguments='{"x": 1}'), part(name="b", arguments='{"y": 2}'))),
        [CALL_A, CALL_B],
    ),
    (
        "neither index nor id, one after the other",
        CHAT,
        sse(calls(part(name="a", arguments='{"x": 1}')), calls(part(name="b", arguments='{"y": 2}'))),
        [CALL_A, CALL_B],
    ),
    (
        "the same function twice, without ids",
        CHAT,
        sse(
            calls(part(index=0, name="a", arguments='{"x": 1}')),
            calls(part(index=0, name="a", arguments='{"x": 2}')),
        ),
        [CALL_A, ("a", '{"x": 2}')],
    ),
    (
        "one id for all",
        CHAT,
        sse(
            calls(part(index=0, id="1", name="a", arguments='{"x": 1}')),
            calls(part(index=1, id="1", name="b", arguments='{"y": 2}')),
        ),
        [CALL_A, CALL_B],
    ),
    (
        "null and empty arguments",
        CHAT,
        sse(
            calls(part(index=0, id="1", name="a", arguments=None)),
            calls(part(index=1, id="2", name="b", arguments="")),
        ),
        [("a", "{}"), ("b", "{}")],
    ),
    (
        "empty arguments before the real ones",
        CHAT,
        sse(
            calls(part(index=0, id="1", name="a", arguments="{}")), calls(part(index=0, arguments='{"x": 1}'))
        ),
        [CALL_A],
    ),
    (
        "name in two parts",
        CHAT,
        sse(
            calls(part(index=0, id="1", name="set_")),
            calls(part(index=0, name="name", arguments='{"name": "Harbour Desk"}')),
        ),
        [NAME],
    ),
    (
        "the call again at the end",
        CHAT,
        sse(
            calls(part(index=0, id="1", name="a", arguments='{"x": 1}')),
            {
                "choices": [
                    {
                        "message": {"tool_calls": [part(id="1", name="a", arguments='{"x": 1}')]},
                        "finish_reason": "tool_calls",
                    }
                ]
            },
        ),
        [CALL_A],
    ),
    (
        "only in the last message",
        CHAT,
        sse(
            {
                "choices": [
                    {
                        "message": {"tool_calls": [part(id="1", name="a", arguments='{"x": 1}')]},
                        "finish_reason": "stop",
                    }
                ]
            }
        ),
        [CALL_A],
    ),
    (
        "function_call of old",
        CHAT,
        sse(
            chat(function_call={"name": "a", "arguments": '{"x"'}),
            chat(function_call={"arguments": ": 1}"}),
            chat("function_call"),
        ),
        [CALL_A],
    ),
    (
        "stop with a call",
        CHAT,
        sse(calls(part(index=0, id="1", name="a", arguments='{"x": 1}')), chat("stop")),
        [CALL_A],
    ),
    (
        "half an emoji in each part",
        CHAT,
        sse(
            '{"choices":[{"delta":{"tool_calls":[{"index":0,"id":"1",'
            '"function":{"name":"a","arguments":"{\\"x\\": \\"\\ud83d"}}]}}]}',
            '{"choices":[{"delta":{"tool_calls":[{"index":0,"function":{"arguments":"\\ude00\\"}"}}]}}]}',
        ),
        [("a", '{"x": "😀"}')],
    ),
    (
        "r: whole",
        RESPONSES,
        sse(
            {
                "type": "response.output_item.done",
                "item": {"type": "function_call", "call_id": "1", "name": "a", "arguments": '{"x": 1}'},
            },
            completed(),
        ),
        [CALL_A],
    ),
    (
        "r: in parts, then whole, then again",
        RESPONSES,
        sse(
            {
                "type": "response.output_item.added",
                "item": {"type": "function_call", "id": "f1", "call_id": "1", "name": "a", "arguments": ""},
            },
            {"type": "response.function_call_arguments.delta", "item_id": "f1", "delta": '{"x": 1}'},
            {
                "type": "response.output_item.done",
                "item": {
                    "type": "function_call",
                    "id": "f1",
                    "call_id": "1",
                    "name": "a",
                    "arguments": '{"x": 1}',
                },
            },
            completed(
                output=[
                    {
                        "type": "function_call",
                        "id": "f1",
                        "call_id": "1",
                        "name": "a",
                        "arguments": '{"x": 1}',
                    }
                ]
            ),
        ),
        [CALL_A],
    ),
    (
        "r: only at the end",
        RESPONSES,
        sse(
            completed(output=[{"type": "function_call", "call_id": "1", "name": "a", "arguments": {"x": 1}}])
        ),
        [CALL_A],
    ),
    ("<tool_call> as text", CHAT, "tool_in_text", [NAME]),
]


@pytest.mark.parametrize(
    ("api", "script", "expected"), [row[1:] for row in DIALECTS], ids=[row[0] for row in DIALECTS]
)
def test_function_calls_of_every_dialect(
    model_server: ModelServer, api: ModelAPI, script: str, expected: list[tuple[str, str]]
) -> None:
    events = read(model_server, api, script, tools=TOOLS)

    assert summarise(events) == {"end": "tool_calls", "calls": expected}
    ids = [event.call_id for event in events if isinstance(event, ToolProposed)]
    assert all(ids)
    assert len(set(ids)) == len(ids)


def test_a_call_in_text_that_cannot_be_read_is_not_shown(model_server: ModelServer) -> None:
    script = sse(text('I will.\n<tool_call>\n{"name": "set_na'), text("", "length"))

    events = read(model_server, CHAT, script, tools=TOOLS)

    assert summarise(events) == {"end": FailureCode.UNREADABLE_CALL, "text": "I will.\n"}


def test_without_functions_a_call_in_text_is_text(model_server: ModelServer) -> None:
    script = sse(text("<tool_call>{}</tool_call>", "stop"))

    assert summarise(read(model_server, CHAT, script)) == {"end": "stop", "text": "<tool_call>{}</tool_call>"}


USAGES: list[tuple[str, ModelAPI, Any, Usage | None]] = [
    ("as it should be", CHAT, {"prompt_tokens": 11, "completion_tokens": 7}, COUNTED),
    ("zeros", CHAT, {"prompt_tokens": 0, "completion_tokens": 0}, None),
    ("beyond a column", CHAT, {"prompt_tokens": 11, "completion_tokens": 4_294_967_295}, None),
    ("negative", CHAT, {"prompt_tokens": -5, "completion_tokens": -7}, None),
    ("floats", CHAT, {"prompt_tokens": 11.0, "completion_tokens": 7.0}, COUNTED),
    ("texts", CHAT, {"prompt_tokens": "11", "completion_tokens": "7"}, COUNTED),
    ("no numbers", CHAT, {"prompt_tokens": "many", "completion_tokens": [7]}, None),
    ("true", CHAT, {"prompt_tokens": True, "completion_tokens": True}, None),
    ("null", CHAT, None, None),
    ("the names of the other protocol", CHAT, {"input_tokens": 11, "output_tokens": 7}, COUNTED),
    ("r: zeros", RESPONSES, {"input_tokens": 0, "output_tokens": 0}, None),
    ("r: as it should be", RESPONSES, {"input_tokens": 11, "output_tokens": 7}, COUNTED),
]


@pytest.mark.parametrize(
    ("api", "usage", "expected"), [row[1:] for row in USAGES], ids=[row[0] for row in USAGES]
)
def test_counts_that_cannot_be_true_are_estimated(
    model_server: ModelServer, api: ModelAPI, usage: Any, expected: Usage | None
) -> None:
    script = (
        sse(words(DEPOT), completed(usage=usage))
        if api == RESPONSES
        else sse(text(DEPOT, "stop") | {"usage": usage})
    )

    end = read(model_server, api, script)[-1]

    assert isinstance(end, Finished)
    if expected is not None:
        assert end.usage == expected
    else:
        assert (end.usage.is_estimated, end.usage.output_tokens) == (True, 7)


@pytest.mark.parametrize("name", ["usage_zero", "usage_u32"])
def test_the_counts_of_field_servers(model_server: ModelServer, name: str) -> None:
    end = read(model_server, CHAT, name)[-1]

    assert isinstance(end, Finished)
    assert (end.usage.is_estimated, end.usage.output_tokens) == (True, 7)


def test_comments_keep_an_answer_alive(model_server: ModelServer) -> None:
    comments = ": OPENROUTER PROCESSING\n\n<wait 0.7s>\n" * 5
    model_server.state.played["script"] = comments + sse(text(DEPOT, "stop"))
    spec = create_spec(model_server, "script", CHAT, first_token_timeout=3.0, idle_timeout=3.0)

    assert summarise(asyncio.run(collect_events(spec))) == STOP

"""Images, JSON, seeds, provider tools and function calls, over a real socket."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from core.outbound_purposes import Purpose
from gpts.llm.runtime.clients import build_client
from gpts.llm.runtime.completions import complete
from gpts.llm.runtime.openai_clients import close_clients
from gpts.llm.runtime.outputs import check_output
from gpts.llm.runtime.prompts import assemble
from gpts.llm.runtime.turns import MAX_ROUNDS, run_turn
from gpts.llm.runtime.types import (
    Failed,
    FailureCode,
    Finished,
    ImageMade,
    ImagePart,
    ModelAPI,
    ModelSpec,
    OutputSpec,
    ToolCalled,
    ToolProposed,
    ToolResult,
    ToolSpec,
    TurnEvent,
    TurnInput,
    Usage,
)
from tests.fakes.openai_server import KEY, ModelServer
from tests.fakes.shaped_answers import ITEMS, make_png
from tests.support.model_calls import collect_events, create_spec, join_text

BOTH = pytest.mark.parametrize("api", [ModelAPI.RESPONSES, ModelAPI.CHAT_COMPLETIONS])
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "items": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"name": {"type": "string"}, "quantity": {"type": "integer"}},
                "required": ["name", "quantity"],
                "additionalProperties": False,
            },
        }
    },
    "required": ["items"],
    "additionalProperties": False,
}
WEATHER = ToolSpec("get_weather", "Weather of a city", {"type": "object", "properties": {}})


@BOTH
def test_images_reach_the_model_unchanged(model_server: ModelServer, api: ModelAPI) -> None:
    images = (ImagePart("image/png", make_png((32, 24))), ImagePart("image/png", make_png((8, 8))))

    events = asyncio.run(collect_events(create_spec(model_server, "vision", api), images=images))

    assert join_text(events).strip() == "I see 2 images: 32x24, 8x8"


@BOTH
def test_a_strict_schema_is_requested_and_followed(model_server: ModelServer, api: ModelAPI) -> None:
    events = asyncio.run(
        collect_events(create_spec(model_server, "json", api), output=OutputSpec("json_schema", SCHEMA))
    )

    assert json.loads(join_text(events)) == ITEMS
    assert check_output(join_text(events), SCHEMA) == []
    body = model_server.state.requests[0]["body"]
    asked = {"name": "answer", "schema": SCHEMA, "strict": True}
    if api == ModelAPI.RESPONSES:
        assert body["text"] == {"format": {"type": "json_schema", **asked}}
    else:
        assert body["response_format"] == {"type": "json_schema", "json_schema": asked}


@BOTH
def test_json_mode_mentions_json_in_the_prompt_as_providers_require(
    model_server: ModelServer, api: ModelAPI
) -> None:
    asyncio.run(collect_events(create_spec(model_server, "json", api), output=OutputSpec("json")))

    body = model_server.state.requests[0]["body"]
    if api == ModelAPI.RESPONSES:
        assert (body["text"], "JSON" in body["instructions"]) == ({"format": {"type": "json_object"}}, True)
    else:
        assert body["response_format"] == {"type": "json_object"}
        assert "JSON" in body["messages"][0]["content"]


@BOTH
def test_a_model_without_json_mode_gets_the_schema_in_the_prompt(
    model_server: ModelServer, api: ModelAPI
) -> None:
    output = OutputSpec("json_schema", SCHEMA, is_native=False)

    asyncio.run(collect_events(create_spec(model_server, "json", api), output=output))

    body = model_server.state.requests[0]["body"]
    assert "text" not in body
    assert "response_format" not in body
    assert json.dumps(SCHEMA) in (body.get("instructions") or body["messages"][0]["content"])


def test_a_seed_is_sent_only_by_chat_completions(model_server: ModelServer) -> None:
    chat = asyncio.run(collect_events(create_spec(model_server, "seed", ModelAPI.CHAT_COMPLETIONS), seed=7))
    asyncio.run(collect_events(create_spec(model_server, "seed", ModelAPI.RESPONSES), seed=7))

    assert join_text(chat) == "seed 7"
    assert "seed" not in model_server.state.requests[1]["body"]


def test_a_web_search_yields_an_event_and_its_source(model_server: ModelServer) -> None:
    spec = create_spec(model_server, "web", ModelAPI.RESPONSES)

    events = asyncio.run(collect_events(spec, provider_tools=("web_search", "code")))

    assert ToolCalled("ws_1", "web_search", True, "how arches hold") in events
    assert join_text(events) == "Arches hold.\n\n- [All about arches](<https://example.org/arches>)"
    assert model_server.state.requests[0]["body"]["tools"] == [
        {"type": "web_search"},
        {"type": "code_interpreter", "container": {"type": "auto"}},
    ]


def test_a_failed_web_search_is_reported(model_server: ModelServer) -> None:
    spec = create_spec(model_server, "web-failed", ModelAPI.RESPONSES)

    events = asyncio.run(collect_events(spec, provider_tools=("web_search",)))

    assert ToolCalled("ws_1", "web_search", False, "how arches hold") in events
    assert join_text(events) == "Arches hold."


def test_an_image_without_text_is_an_answer(model_server: ModelServer) -> None:
    spec = create_spec(model_server, "picture", ModelAPI.RESPONSES)

    events = asyncio.run(collect_events(spec, provider_tools=("image_generation",)))

    assert ToolCalled("ig_1", "image_generation", True) in events
    assert ImageMade("image/png", make_png()) in events
    assert isinstance(events[-1], Finished)


def test_chat_completions_requests_have_no_provider_tools(model_server: ModelServer) -> None:
    spec = create_spec(model_server, "normal:1", ModelAPI.CHAT_COMPLETIONS)

    asyncio.run(collect_events(spec, provider_tools=("web_search",)))

    assert "tools" not in model_server.state.requests[0]["body"]


async def run_with(spec: ModelSpec, runner: Any, **turn: Any) -> list[TurnEvent]:
    given = TurnInput(spec=spec, text="Weather?", gpt_name="Guide", tools=(WEATHER,), **turn)
    try:
        return [event async for event in run_turn(given, build_client(spec), runner)]
    finally:
        await close_clients()


@BOTH
@pytest.mark.parametrize("at_once", [True, False])
def test_functions_run_and_the_model_continues_with_their_results(
    model_server: ModelServer, api: ModelAPI, at_once: bool
) -> None:
    running, most = 0, 0

    async def runner(call: ToolProposed) -> ToolResult:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0)
        running -= 1
        return ToolResult(f"{json.loads(call.arguments)['city']}: sunny", label="weather")

    events = asyncio.run(
        run_with(create_spec(model_server, "two-tools", api), runner, parallel_tool_calls=at_once)
    )

    assert most == (2 if at_once else 1)
    assert [event for event in events if isinstance(event, ToolCalled)] == [
        ToolCalled("call_0", "get_weather", True, "weather"),
        ToolCalled("call_1", "get_weather", True, "weather"),
    ]
    assert join_text(events).strip() == "The functions have run."
    first, second = (request["body"] for request in model_server.state.requests)
    assert first.get("parallel_tool_calls") == (None if at_once else False)
    prompt = json.dumps(second.get("input") or second["messages"])
    assert "Bern: sunny" in prompt
    assert "Basel: sunny" in prompt
    assert isinstance(events[-1], Finished)
    assert events[-1].usage.input_tokens == 22


def test_the_last_round_allows_no_function_calls() -> None:
    class Insistent:
        asked: list[bool] = []

        async def stream(self, request: Any) -> Any:
            self.asked.append(request.may_call_tools)
            yield ToolProposed("c", "get_weather", "{}")
            yield Finished(Usage(1, 1), "tool_calls")

    async def runner(call: ToolProposed) -> ToolResult:
        return ToolResult("nothing", is_ok=False)

    client = Insistent()
    turn = TurnInput(ModelSpec("x", ModelAPI.OFFLINE), "Hello", "Guide", tools=(WEATHER,))

    async def run() -> list[TurnEvent]:
        return [event async for event in run_turn(turn, client, runner)]

    events = asyncio.run(run())

    assert client.asked == [True] * (MAX_ROUNDS - 1) + [False]
    assert events[-1] == Finished(Usage(MAX_ROUNDS, MAX_ROUNDS), "tool_calls")


@BOTH
def test_garbage_is_a_malformed_stream(model_server: ModelServer, api: ModelAPI) -> None:
    events = asyncio.run(collect_events(create_spec(model_server, "garbage", api)))

    assert isinstance(events[-1], Failed)
    # What is no event of the protocol is skipped.
    is_chat = api == ModelAPI.CHAT_COMPLETIONS
    assert events[-1].failure.code == (FailureCode.MALFORMED_STREAM if is_chat else FailureCode.EMPTY_ANSWER)


@BOTH
def test_complete_collects_a_whole_answer(model_server: ModelServer, api: ModelAPI) -> None:
    spec = ModelSpec("json", api, model_server.url, KEY, purpose=Purpose.INSTANCE_PROVIDER)
    request, _dropped = assemble(TurnInput(spec, "Hello", "Guide"))

    async def run() -> Any:
        try:
            return await complete(request)
        finally:
            await close_clients()

    answer = asyncio.run(run())

    assert json.loads(answer.text) == ITEMS
    assert (answer.tools, answer.finish_reason, answer.usage.input_tokens) == ((), "stop", 11)


def test_offline_json_says_what_it_is() -> None:
    spec = ModelSpec("offline", ModelAPI.OFFLINE)
    request, _dropped = assemble(TurnInput(spec, "Hello", "Guide", output=OutputSpec("json")))

    answer = asyncio.run(complete(request))

    said = json.loads(answer.text)
    assert (said["model"], said["passages"]) == ("offline", [])
    assert "not a language model" in said["notice"]

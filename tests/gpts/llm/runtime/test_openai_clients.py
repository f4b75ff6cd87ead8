"""Both protocols against a real server: text, tokens, tools, and all failures."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from dataclasses import replace

import pytest

from core.outbound_purposes import Purpose
from gpts.llm.runtime.clients import build_client
from gpts.llm.runtime.openai_clients import close_clients
from gpts.llm.runtime.turns import run_turn
from gpts.llm.runtime.types import (
    Failed,
    FailureCode,
    Finished,
    ModelAPI,
    ModelSpec,
    Pace,
    PromptMessage,
    TextDelta,
    ToolProposed,
    TurnEvent,
    TurnInput,
    Usage,
)
from tests.fakes.openai_server import BAD_KEY, KEY, WORDS, ModelServer
from tests.support.model_calls import collect_events, create_spec, join_text

BOTH = pytest.mark.parametrize("api", [ModelAPI.RESPONSES, ModelAPI.CHAT_COMPLETIONS])


@BOTH
def test_text_is_streamed_and_tokens_come_from_the_provider(model_server: ModelServer, api: ModelAPI) -> None:
    events = asyncio.run(collect_events(create_spec(model_server, "normal:12", api)))

    assert join_text(events) == "".join(WORDS[n % len(WORDS)] for n in range(12))
    assert len(events) == 13
    assert events[-1] == Finished(Usage(11, 12), "stop")


def test_chat_completions_request(model_server: ModelServer) -> None:
    history = (PromptMessage("user", "Hi"), PromptMessage("assistant", "Hello!"))

    asyncio.run(
        collect_events(
            create_spec(model_server, "normal:1", ModelAPI.CHAT_COMPLETIONS), history=history, temperature=0.5
        )
    )

    [received] = model_server.state.requests
    body = received["body"]
    assert received["path"] == "/chat/completions"
    assert received["authorization"] == f"Bearer {KEY}"
    assert body["messages"][0]["role"] == "system"
    assert "Be brief." in body["messages"][0]["content"]
    assert body["messages"][1:] == [
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": "Hello!"},
        {"role": "user", "content": "Hello"},
    ]
    assert (body["temperature"], body["max_tokens"]) == (0.5, 4096)
    assert body["stream_options"] == {"include_usage": True}


def test_responses_request_stores_nothing_at_the_provider(model_server: ModelServer) -> None:
    asyncio.run(collect_events(create_spec(model_server, "normal:1", ModelAPI.RESPONSES)))

    [received] = model_server.state.requests
    body = received["body"]
    assert received["path"] == "/responses"
    assert "Be brief." in body["instructions"]
    assert body["input"] == [{"role": "user", "content": "Hello"}]
    assert body["store"] is False
    assert "temperature" not in body


@BOTH
@pytest.mark.parametrize(
    ("model", "code", "retry_after"),
    [
        ("unauthorized", FailureCode.BAD_KEY, None),
        ("rate-limited", FailureCode.RATE_LIMITED, 7.0),
        ("server-error", FailureCode.PROVIDER_ERROR, None),
        ("no-model", FailureCode.NO_MODEL, None),
        ("overflow", FailureCode.CONTEXT_OVERFLOW, None),
        ("overflow-message", FailureCode.CONTEXT_OVERFLOW, None),
        ("refused", FailureCode.CONTENT_REFUSED, None),
        ("filtered", FailureCode.CONTENT_REFUSED, None),
        ("malformed", FailureCode.MALFORMED_STREAM, None),
        ("no-end", FailureCode.MALFORMED_STREAM, None),
        ("empty", FailureCode.EMPTY_ANSWER, None),
        ("cut", FailureCode.PROVIDER_DOWN, None),
        ("error-event", FailureCode.RATE_LIMITED, None),
    ],
)
def test_failures(
    model_server: ModelServer, api: ModelAPI, model: str, code: FailureCode, retry_after: float | None
) -> None:
    events = asyncio.run(collect_events(create_spec(model_server, model, api)))

    assert isinstance(events[-1], Failed)
    assert (events[-1].failure.code, events[-1].failure.retry_after) == (code, retry_after)
    assert not any(isinstance(event, Finished) for event in events)
    assert len(model_server.state.requests) == 1


@BOTH
def test_the_failure_of_a_bad_key_contains_no_part_of_it(model_server: ModelServer, api: ModelAPI) -> None:
    spec = create_spec(model_server, "normal", api, api_key=BAD_KEY)

    events = asyncio.run(collect_events(spec))

    assert isinstance(events[-1], Failed)
    assert events[-1].failure.code == FailureCode.BAD_KEY
    assert "sk-" not in str(events[-1].failure) + repr(events[-1].failure.__context__) + repr(spec)


@BOTH
@pytest.mark.parametrize("model", ["slow-first", "stall", "comments"])
def test_silence_of_the_provider_is_a_timeout(model_server: ModelServer, api: ModelAPI, model: str) -> None:
    # Comments that keep the connection alive do so up to the limit of the whole answer.
    limits = {
        "first_token_timeout": 0.4 if model == "slow-first" else 20.0,
        "idle_timeout": 0.4 if model == "stall" else 20.0,
        "answer_timeout": 3.0 if model == "comments" else 60.0,
    }
    spec = create_spec(model_server, model, api, **limits)
    before = time.monotonic()

    events = asyncio.run(collect_events(spec))

    assert isinstance(events[-1], Failed)
    assert events[-1].failure.code == FailureCode.PROVIDER_SLOW
    assert time.monotonic() - before < 20
    assert bool(join_text(events)) == (model != "slow-first")


def test_a_refused_connection_is_provider_down() -> None:
    spec = ModelSpec(
        name="m",
        api=ModelAPI.RESPONSES,
        base_url="http://127.0.0.1:9/v1",
        api_key=KEY,
        purpose=Purpose.INSTANCE_PROVIDER,
    )

    events = asyncio.run(collect_events(spec))

    assert isinstance(events[-1], Failed)
    assert events[-1].failure.code == FailureCode.PROVIDER_DOWN


@BOTH
def test_missing_usage_is_estimated_and_marked(model_server: ModelServer, api: ModelAPI) -> None:
    events = asyncio.run(collect_events(create_spec(model_server, "no-usage:40", api)))

    assert isinstance(events[-1], Finished)
    assert events[-1].usage.is_estimated
    assert 30 < events[-1].usage.output_tokens < 120
    assert events[-1].usage.input_tokens > 10


@BOTH
def test_an_answer_that_reached_its_length_limit_is_finished(
    model_server: ModelServer, api: ModelAPI
) -> None:
    events = asyncio.run(collect_events(create_spec(model_server, "length:3", api)))

    assert events[-1] == Finished(Usage(11, 3), "length")


@BOTH
def test_a_tool_call_is_proposed(model_server: ModelServer, api: ModelAPI) -> None:
    events = asyncio.run(collect_events(create_spec(model_server, "tool", api)))

    assert events == [
        ToolProposed("call_1", "get_weather", '{"city":"Bern"}'),
        Finished(Usage(11, 0), "tool_calls"),
    ]


@BOTH
def test_a_huge_answer_arrives_whole(model_server: ModelServer, api: ModelAPI) -> None:
    events = asyncio.run(collect_events(create_spec(model_server, "huge", api)))

    assert len(join_text(events)) == 1_000_000
    assert isinstance(events[-1], Finished)


@BOTH
def test_a_pace_joins_text_within_its_interval(model_server: ModelServer, api: ModelAPI) -> None:
    spec = create_spec(model_server, "normal:40:200", api)

    began = time.monotonic()
    events = asyncio.run(collect_events(spec, pace=Pace(0.05)))
    seconds = time.monotonic() - began

    said = [event.text for event in events if isinstance(event, TextDelta)]
    assert "".join(said) == "".join(WORDS[n % len(WORDS)] for n in range(40))
    # The first word does not wait for an interval, which would bring ten.
    assert len(said[0].split()) <= 5
    # One piece an interval, however long a busy machine takes for the answer; the first and the last beside.
    assert 3 <= len(said) <= 3 + seconds / 0.05
    assert events[-1] == Finished(Usage(11, 40), "stop")


@BOTH
@pytest.mark.parametrize("model", ["malformed:40", "error-event:40"])
def test_text_before_a_failure_is_sent_also_when_joined(
    model_server: ModelServer, api: ModelAPI, model: str
) -> None:
    events = asyncio.run(collect_events(create_spec(model_server, model, api), pace=Pace(0.05)))

    assert join_text(events) == "".join(WORDS[n % len(WORDS)] for n in range(20))
    assert isinstance(events[-1], Failed)


def test_a_provider_that_never_answers_is_a_timeout() -> None:
    left = asyncio.Event()

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while await reader.read(65_536):
                pass
        writer.close()
        left.set()

    async def listen_only() -> list[TurnEvent]:
        async with await asyncio.start_server(listen, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            spec = ModelSpec(
                "m", ModelAPI.RESPONSES, f"http://127.0.0.1:{port}/v1", KEY, purpose=Purpose.INSTANCE_PROVIDER
            )
            events = await collect_events(replace(spec, first_token_timeout=0.2, idle_timeout=0.2))
            await asyncio.wait_for(left.wait(), 5)
            return events

    before = time.monotonic()
    events = asyncio.run(listen_only())

    assert isinstance(events[-1], Failed)
    assert events[-1].failure.code == FailureCode.PROVIDER_SLOW
    assert time.monotonic() - before < 30


@BOTH
def test_aclose_closes_the_connection_to_the_provider(model_server: ModelServer, api: ModelAPI) -> None:
    async def stop_early() -> int:
        spec = create_spec(model_server, "normal:1000:50", api)
        turn = run_turn(TurnInput(spec=spec, text="Hi", gpt_name="Guide"), build_client(spec))
        seen = 0
        async for _ in turn:
            seen += 1
            if seen == 3:
                break
        await turn.aclose()
        await asyncio.to_thread(model_server.wait_until, lambda state: state.dropped_streams == 1)
        await close_clients()
        return seen

    assert asyncio.run(stop_early()) == 3
    assert model_server.state.dropped_streams == 1
    assert model_server.wait_until(lambda state: state.open_streams == 0)


@BOTH
def test_consecutive_turns_reuse_a_connection(model_server: ModelServer, api: ModelAPI) -> None:
    spec = create_spec(model_server, "normal:3", api)
    before = model_server.state.connections

    async def three() -> None:
        for _ in range(3):
            async for _ in run_turn(TurnInput(spec=spec, text="Hi", gpt_name="Guide"), build_client(spec)):
                pass
        await close_clients()

    asyncio.run(three())

    assert model_server.state.connections - before == 1


@BOTH
def test_concurrent_streams_do_not_mix(model_server: ModelServer, api: ModelAPI) -> None:
    spec = create_spec(model_server, "echo", api)

    async def one(number: int) -> str:
        turn = TurnInput(spec=spec, text=f"secret {number} of reader {number}", gpt_name="Guide")
        return join_text([event async for event in run_turn(turn, build_client(spec))])

    async def all_at_once() -> list[str]:
        answers = await asyncio.gather(*(one(number) for number in range(24)))
        await close_clients()
        return answers

    assert asyncio.run(all_at_once()) == [f"secret {n} of reader {n} " for n in range(24)]

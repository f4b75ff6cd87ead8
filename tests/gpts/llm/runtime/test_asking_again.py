"""A server that refuses an option is asked again without it, over real sockets."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from core.outbound_purposes import Purpose
from gpts.llm.runtime.types import (
    Failed,
    FailureCode,
    Finished,
    InputCut,
    ModelAPI,
    ModelOption,
    ModelSpec,
    OptionsLearned,
    OutputSpec,
    PromptMessage,
    TextDelta,
    ToolSpec,
    TurnEvent,
    Usage,
)
from tests.fakes.choosy_server import ANSWER_TOKENS, PROMPT_TOKENS, TEXT, refuse_fields, run_choosy_server
from tests.support.certificates import create_server_context
from tests.support.model_calls import collect_events

KEY = "sk-choosy-1234567890"
TOOL = ToolSpec("look", "Looks", {"type": "object"})
BOTH = pytest.mark.parametrize("api", [ModelAPI.CHAT_COMPLETIONS, ModelAPI.RESPONSES])


def ask(
    server: Any, api: ModelAPI = ModelAPI.CHAT_COMPLETIONS, *, model: str = "choosy-1", **turn: Any
) -> list[TurnEvent]:
    spec = ModelSpec(
        model,
        api,
        server.url,
        KEY,
        max_output_tokens=9_000,
        purpose=Purpose.INSTANCE_PROVIDER,
        **turn.pop("spec", {}),
    )
    return asyncio.run(collect_events(spec, **turn))


def learned_of(events: list[TurnEvent]) -> list[OptionsLearned]:
    return [event for event in events if isinstance(event, OptionsLearned)]


@BOTH
def test_every_refused_option_is_left_out_and_learned(api: ModelAPI) -> None:
    is_chat = api == ModelAPI.CHAT_COMPLETIONS
    names = (
        ("max_tokens", "stream_options", "temperature", "seed", "response_format")
        if is_chat
        else ("store", "temperature", "max_output_tokens", "text")
    )
    with run_choosy_server(refuse_fields(*names)) as server:
        events = ask(server, api, temperature=0.2, seed=7, output=OutputSpec("json"))

    assert len(server.bodies) == len(names) + 1
    assert not set(names) & server.bodies[-1].keys()
    # What was refused is learned once the rest was taken, before the text.
    assert events == [
        OptionsLearned(
            refused=frozenset(
                {ModelOption.MAX_TOKENS, ModelOption.STREAM_OPTIONS, ModelOption.TEMPERATURE,
                 ModelOption.SEED, ModelOption.JSON_MODE}
                if is_chat
                else {ModelOption.STORE, ModelOption.TEMPERATURE, ModelOption.MAX_OUTPUT_TOKENS,
                      ModelOption.JSON_MODE}
            )
        ),
        TextDelta(TEXT),
        Finished(Usage(PROMPT_TOKENS, ANSWER_TOKENS), "stop"),
    ]  # fmt: skip
    if is_chat:
        assert server.bodies[-1]["max_completion_tokens"] == 9_000


@BOTH
def test_without_streaming_the_answer_comes_at_once(api: ModelAPI) -> None:
    message = "Your organization must be verified to stream this model."

    def refuse(_path: str, body: dict[str, Any]) -> tuple[int, Any] | None:
        error = {"message": message, "param": "stream", "code": "unsupported_value"}
        return (400, {"error": error}) if body["stream"] else None

    with run_choosy_server(refuse) as server:
        events = ask(server, api)

    assert [body["stream"] for body in server.bodies] == [True, False]
    assert "stream_options" not in server.bodies[-1]
    assert events == [
        OptionsLearned(refused=frozenset({ModelOption.STREAM})),
        TextDelta(TEXT),
        Finished(Usage(PROMPT_TOKENS, ANSWER_TOKENS), "stop"),
    ]


def test_what_is_known_is_not_sent_and_not_learned_again() -> None:
    omitted = frozenset({ModelOption.MAX_TOKENS, ModelOption.STREAM_OPTIONS})
    with run_choosy_server(refuse_fields("max_tokens", "stream_options")) as server:
        events = ask(server, spec={"omitted": omitted})

    assert len(server.bodies) == 1
    assert learned_of(events) == []


def test_a_smaller_limit_is_used_and_learned() -> None:
    def refuse(_path: str, body: dict[str, Any]) -> tuple[int, Any] | None:
        if body["max_tokens"] <= 4_096:
            return None
        return 400, {
            "error": {"message": "max_tokens must be less than or equal to 4096", "param": "max_tokens"}
        }

    with run_choosy_server(refuse) as server:
        events = ask(server)

    assert [body["max_tokens"] for body in server.bodies] == [9_000, 4_096]
    assert learned_of(events) == [OptionsLearned(output_limit=4_096)]


def test_an_error_inside_of_a_stream_that_began_well_is_read_too() -> None:
    def refuse(_path: str, body: dict[str, Any]) -> tuple[int, Any] | None:
        error = {"message": "Provider returned error: temperature is not supported", "code": 400}
        return (200, {"error": error}) if "temperature" in body else None

    with run_choosy_server(refuse) as server:
        events = ask(server, temperature=0.2)

    assert len(server.bodies) == 2
    assert isinstance(events[-1], Finished)


def test_nothing_is_learned_when_the_rest_is_refused_as_well() -> None:
    def refuse(_path: str, body: dict[str, Any]) -> tuple[int, Any] | None:
        if "temperature" in body:
            return 400, {"error": {"message": "Unsupported parameter: temperature"}}
        return 402, {"error": {"message": "Insufficient Balance"}}

    with run_choosy_server(refuse) as server:
        events = ask(server, temperature=0.2)

    assert len(server.bodies) == 2
    assert learned_of(events) == []
    assert isinstance(events[-1], Failed)
    assert events[-1].failure.code == FailureCode.NO_CREDIT


def test_functions_are_left_out_unless_the_turn_needs_them() -> None:
    refuse = refuse_fields("tools", message="choosy-1 does not support {name}")
    learned = [OptionsLearned(refused=frozenset({ModelOption.TOOLS}))]
    with run_choosy_server(refuse) as server:
        answered = ask(server, tools=(TOOL,))
        failed = ask(server, tools=(TOOL,), needs_tools=True)

    assert len(server.bodies) == 3
    assert (learned_of(answered), learned_of(failed)) == (learned, learned)
    assert isinstance(answered[-1], Finished)
    assert isinstance(failed[-1], Failed)
    assert failed[-1].failure.code == FailureCode.NO_TOOLS


def test_a_system_role_is_put_before_the_first_question() -> None:
    def refuse(_path: str, body: dict[str, Any]) -> tuple[int, Any] | None:
        if body["messages"][0]["role"] == "system":
            return 400, {"object": "error", "message": "System role not supported", "code": 400}
        return None

    with run_choosy_server(refuse) as server:
        events = ask(server, history=(PromptMessage("user", "Hi"), PromptMessage("assistant", "Hello!")))

    assert [message["role"] for message in server.bodies[-1]["messages"]] == ["user", "assistant", "user"]
    assert "Be brief." in server.bodies[-1]["messages"][0]["content"]
    assert learned_of(events) == [OptionsLearned(refused=frozenset({ModelOption.SYSTEM_ROLE}))]


def test_the_time_for_a_first_token_bounds_the_asking() -> None:
    with run_choosy_server(refuse_fields("temperature")) as server:
        events = ask(server, temperature=0.2, spec={"first_token_timeout": 0.0})

    assert len(server.bodies) <= 1
    assert isinstance(events[-1], Failed)


def test_the_failure_has_the_servers_words_without_the_key_and_the_prompt() -> None:
    def refuse(_path: str, body: dict[str, Any]) -> tuple[int, Any] | None:
        return 400, {
            "error": {"message": f"Odd: {body['messages'][-1]['content']} for {KEY}", "code": "odd_input"}
        }

    with run_choosy_server(refuse) as server:
        [failed] = ask(server, text="Where does my neighbour Ola Nordmann live?")

    assert isinstance(failed, Failed)
    assert failed.failure.code == FailureCode.REQUEST_REFUSED
    assert failed.failure.error is not None
    assert (failed.failure.error.status, failed.failure.error.message) == (400, "Odd: … for …")
    assert "Nordmann" not in f"{failed!r} {failed.failure.__context__!r} {failed.failure.__cause__!r}"


@pytest.mark.parametrize(("counted", "is_cut"), [(2_048, True), (9_000, False)])
def test_a_count_far_below_what_was_sent_is_noticed(counted: int, is_cut: bool) -> None:
    question = "The tide comes in over the flats twice a day, and nobody should walk then. " * 600
    with run_choosy_server(lambda *_: None, prompt_tokens=counted) as server:
        events = ask(server, text=question)

    cuts = [event.input_cut for event in learned_of(events)]
    assert cuts == ([InputCut(sent=12_545, counted=counted)] if is_cut else [])
    assert events[-1] == Finished(Usage(counted, ANSWER_TOKENS), "stop")


def test_a_certificate_that_is_not_valid_has_a_failure_of_its_own(tmp_path: Path) -> None:
    context = create_server_context("models.test", tmp_path)

    with run_choosy_server(lambda *_: None, tls=context) as server:
        [failed] = ask(server)

    assert isinstance(failed, Failed)
    assert failed.failure.code == FailureCode.TLS_FAILED
    assert server.bodies == []

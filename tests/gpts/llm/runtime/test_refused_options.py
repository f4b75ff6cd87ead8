"""Which option an error refuses, in the words of many servers; and that nothing is dropped without reason."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from core.outbound_purposes import Purpose
from gpts.llm.runtime.provider_errors import translate_response
from gpts.llm.runtime.refused_options import MAX_REPEATS, OtherForm, RequestForms, find_other_form
from gpts.llm.runtime.request_bodies import build_chat_body, build_responses_body
from gpts.llm.runtime.types import (
    ModelAPI,
    ModelOption,
    ModelRequest,
    ModelSpec,
    OutputSpec,
    PromptMessage,
    ToolProposed,
    ToolSpec,
)

Option = ModelOption
SCHEMA: dict[str, Any] = {"type": "object", "properties": {"a": {"type": "string"}}}
REQUEST = ModelRequest(
    spec=ModelSpec(
        "doubao-seed-tools-1.6",
        ModelAPI.CHAT_COMPLETIONS,
        context_window=200_000,
        purpose=Purpose.INSTANCE_PROVIDER,
    ),
    messages=(
        PromptMessage("system", "Be brief."),
        PromptMessage("user", "Hello"),
        PromptMessage("assistant", "", tool_calls=(ToolProposed("c1", "look", "{}"),)),
        PromptMessage("tool", "Seen.", call_id="c1"),
    ),
    max_output_tokens=100_000,
    temperature=0.2,
    seed=7,
    tools=(ToolSpec("look", "Looks", {"type": "object"}),),
    parallel_tool_calls=False,
    may_call_tools=False,
    output=OutputSpec("json_schema", SCHEMA),
)
# Beside each refusal: what is left out, or the new limit of the answer in tokens.
REFUSALS = [
    json.loads(line)
    for line in Path(__file__).with_name("refusals.jsonl").read_text(encoding="utf-8").splitlines()
]


def find(row: dict[str, Any], request: ModelRequest = REQUEST) -> OtherForm | None:
    build = build_responses_body if row.get("api") == "responses" else build_chat_body
    if omitted := row.get("without"):
        spec = replace(request.spec, omitted=frozenset(map(Option, omitted)))
        request = replace(request, spec=spec)
    failure = translate_response(row["status"], json.dumps(row["body"]).encode(), {})
    return find_other_form(failure, request, build(request).sent)


@pytest.mark.parametrize("row", REFUSALS, ids=[row["name"] for row in REFUSALS])
def test_what_is_left_out_after_a_refusal(row: dict[str, Any]) -> None:
    form = find(row)

    if not row.get("omit") and not row.get("limit"):
        assert form is None
        return
    assert form is not None
    assert sorted(form.omit) == sorted(row.get("omit", []))
    assert form.output_limit == row.get("limit")
    assert form.context_window == row.get("window")
    assert form.is_lasting is row.get("is_lasting", True)


def test_every_option_that_is_sent_can_be_left_out() -> None:
    chat, responses = (
        build_chat_body(REQUEST),
        build_responses_body(replace(REQUEST, provider_tools=("code",))),
    )
    everything = frozenset(Option)
    bare = replace(REQUEST, spec=replace(REQUEST.spec, omitted=everything), provider_tools=("code",))

    assert chat.sent | responses.sent | {Option.MAX_COMPLETION_TOKENS, Option.JSON_MODE} == everything
    assert build_chat_body(bare).fields.keys() == {"model", "messages", "stream"}
    assert build_responses_body(bare).fields.keys() == {"model", "input", "stream"}
    assert [body.fields["messages"][-2]["content"] for body in (chat, build_chat_body(bare))] == [None, ""]


def test_without_a_schema_mode_the_schema_is_in_the_instructions() -> None:
    spec = replace(REQUEST.spec, omitted=frozenset({Option.JSON_SCHEMA}))

    body = build_chat_body(replace(REQUEST, spec=spec))

    assert body.fields["response_format"] == {"type": "json_object"}
    assert json.dumps(SCHEMA) in body.fields["messages"][0]["content"]
    assert json.dumps(SCHEMA) not in build_chat_body(REQUEST).fields["messages"][0]["content"]


@pytest.mark.parametrize("build", [build_chat_body, build_responses_body])
def test_without_a_system_role_the_instructions_stand_before_the_first_question(build: Any) -> None:
    spec = replace(REQUEST.spec, omitted=frozenset({Option.SYSTEM_ROLE}))
    messages = (
        PromptMessage("system", "Be brief."),
        PromptMessage("assistant", "Hello."),
        PromptMessage("user", "First"),
        PromptMessage("user", "Second"),
    )

    fields = build(replace(REQUEST, spec=spec, messages=messages, output=None, tools=())).fields

    assert "instructions" not in fields
    assert fields.get("messages", fields.get("input")) == [
        {"role": "assistant", "content": "Hello."},
        {"role": "user", "content": "Be brief.\n\nFirst\n\nSecond"},
    ]


def test_a_server_that_refuses_everything_is_asked_a_few_times_only() -> None:
    forms = RequestForms(REQUEST)
    asked = 0

    while True:
        sent = build_chat_body(forms.request).sent
        names = ", ".join(sorted(sent))
        failure = translate_response(
            400, json.dumps({"error": {"message": f"Unknown parameters: {names}"}}).encode(), {}
        )
        if not forms.change(failure, sent):
            break
        asked += 1

    assert asked <= MAX_REPEATS


def test_an_option_is_dropped_once_and_a_limit_lowered_once() -> None:
    forms = RequestForms(REQUEST)
    sent = build_chat_body(REQUEST).sent
    too_large = translate_response(400, b'{"error": {"message": "max_tokens must be at most 8192"}}', {})
    lower_still = translate_response(400, b'{"error": {"message": "max_tokens must be at most 4096"}}', {})

    assert forms.change(too_large, sent)
    assert not forms.change(lower_still, sent)
    learned = forms.get_learned()
    assert learned is not None
    assert (learned.output_limit, learned.refused) == (8192, frozenset())
    assert forms.request.max_output_tokens == 8192


def test_max_tokens_comes_back_where_its_successor_is_refused() -> None:
    request = replace(REQUEST, spec=replace(REQUEST.spec, omitted=frozenset({Option.MAX_TOKENS})))
    forms = RequestForms(request)
    entry = {"loc": ["body", "max_completion_tokens"], "msg": "Not permitted", "type": "extra_forbidden"}
    failure = translate_response(422, json.dumps({"detail": [entry]}).encode(), {})

    assert forms.change(failure, build_chat_body(request).sent)

    learned = forms.get_learned()
    assert learned is not None
    assert learned.refused == {Option.MAX_COMPLETION_TOKENS}
    assert learned.accepted == {Option.MAX_TOKENS}
    assert build_chat_body(forms.request).fields["max_tokens"] == 100_000


def test_both_names_of_the_limit_may_be_refused() -> None:
    forms = RequestForms(REQUEST)
    for name in ("max_tokens", "max_completion_tokens"):
        failure = translate_response(
            400,
            json.dumps({"error": {"message": f"Unknown parameter: '{name}'.", "param": name}}).encode(),
            {},
        )
        assert forms.change(failure, build_chat_body(forms.request).sent)

    assert not {"max_tokens", "max_completion_tokens"} & build_chat_body(forms.request).fields.keys()

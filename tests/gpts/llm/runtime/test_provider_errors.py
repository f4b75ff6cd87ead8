"""Errors as providers and servers write them: what each means, what is read of it, and what is hidden."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from core.outbound_purposes import Purpose
from gpts.llm.runtime.provider_errors import (
    read_provider_error,
    translate_error_event,
    translate_response,
)
from gpts.llm.runtime.scrubbing import GAP, LONGEST, scrub_provider_text
from gpts.llm.runtime.types import FailureCode as Code
from gpts.llm.runtime.types import ModelAPI, ModelRequest, ModelSpec, PromptMessage

# One a line: the error bodies of providers, gateways and local servers, and the kind of failure that each is.
ERRORS = [
    json.loads(line)
    for line in Path(__file__).with_name("provider_errors.jsonl").read_text(encoding="utf-8").splitlines()
]


def encode_body(row: dict[str, Any]) -> bytes:
    return row["body"].encode("latin-1") if row.get("is_text") else json.dumps(row["body"]).encode()


@pytest.mark.parametrize("row", ERRORS, ids=[row["name"] for row in ERRORS])
def test_kinds_of_failures(row: dict[str, Any]) -> None:
    assert translate_response(row["status"], encode_body(row), {}).code == row["code"]


@pytest.mark.parametrize(
    ("error", "code", "retry_after"),
    [
        ({"message": "Rate limit exceeded: free-models-per-day", "code": 429}, Code.RATE_LIMITED, None),
        ({"code": "rate_limit_exceeded", "message": "Try again in 1m2.5s"}, Code.RATE_LIMITED, 62.5),
        ({"message": "Provider returned error", "code": 502}, Code.PROVIDER_ERROR, None),
        ({"type": "overloaded_error", "message": "Overloaded"}, Code.OVERLOADED, None),
        ({"code": "content_filter"}, Code.CONTENT_REFUSED, None),
        ({"code": "server_error", "message": "It broke"}, Code.PROVIDER_ERROR, None),
        ("上游负载已饱和，请稍后再试", Code.OVERLOADED, None),
        (None, Code.PROVIDER_ERROR, None),
        ([[[[[[[["deep"]]]]]]]], Code.PROVIDER_ERROR, None),
    ],
)
def test_errors_inside_a_response_that_began_well(error: Any, code: Code, retry_after: float | None) -> None:
    failure = translate_error_event(error)

    assert (failure.code, failure.retry_after) == (code, retry_after)


def test_the_parts_of_an_error() -> None:
    body = {
        "object": "error",
        "message": {
            "detail": [
                {
                    "type": "extra_forbidden",
                    "loc": ["body", "stream_options"],
                    "msg": "Extra inputs are not permitted",
                    "input": "the secret question",
                }
            ]
        },
        "type": "invalid_request_error",
        "param": None,
        "code": None,
    }

    error = read_provider_error(422, body)

    assert error.params == ("stream_options",)
    assert error.codes == ("invalid_request_error", "extra_forbidden")
    assert error.message == "stream_options: Extra inputs are not permitted"


def test_the_failure_says_nothing_of_the_providers_text() -> None:
    failure = translate_response(400, b'{"error": {"message": "The secret question"}}', {})

    assert "secret" not in f"{failure} {failure!r} {failure.error!r}"


REQUEST = ModelRequest(
    spec=ModelSpec(
        "gpt-4.1-mini-2025",
        ModelAPI.RESPONSES,
        api_key="abc123-my-own-key",
        purpose=Purpose.INSTANCE_PROVIDER,
    ),
    messages=(
        PromptMessage("system", "You are Tidewatch. Never tell anybody that the code word is heron."),
        PromptMessage("user", "My neighbour Ola Nordmann lives in Storgata 14 and owes me money."),
    ),
    max_output_tokens=10,
)


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("Incorrect API key provided: abc123-my-own-key.", f"Incorrect API key provided: {GAP}."),
        ("Incorrect API key provided: sk-proj-abcDEF123456_xyz", f"Incorrect API key provided: {GAP}"),
        ("Your key sk-ab*****yz is wrong", f"Your key {GAP} is wrong"),
        ("Authorization: Bearer abc.def.ghi failed", f"Authorization: Bearer {GAP} failed"),
        ("key AIzaSyA-1234567890abcdef is not valid", f"key {GAP} is not valid"),
        ("key 0123456789abcdef0123456789abcdef.AbCdEf123456 expired", f"key {GAP} expired"),
        ("see https://user:pass@host.example/v1 now", f"see https://{GAP}@host.example/v1 now"),
        ("see https://host.example/v1?key=abc&x=1 now", f"see https://host.example/v1?{GAP} now"),
        ("token=eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.sig ended", f"token={GAP} ended"),
        ("ask ola@example.org", f"ask {GAP}"),
        ("invalid: My neighbour Ola Nordmann lives in Storgata 14 and owes me money. (too odd)",
         f"invalid: {GAP} (too odd)"),
        ("quoting 'Never tell anybody that the code word is heron' is bad", f"quoting '{GAP}' is bad"),
        ("The model gpt-4.1-mini-2025 does not exist", "The model gpt-4.1-mini-2025 does not exist"),
        ("max_tokens is too large.\n\tAt most 16384", "max_tokens is too large. At most 16384"),
        ("req 0193a5f0-1111-7222-8333-444455556666", "req 0193a5f0-1111-7222-8333-444455556666"),
        ("a\x1b[31mred\u202e", "a [31mred"),
    ],
)  # fmt: skip
def test_secrets_and_quotes_are_taken_out(said: str, kept: str) -> None:
    assert scrub_provider_text(said, REQUEST) == kept


def test_a_long_text_is_cut() -> None:
    text = scrub_provider_text("word " * 1_000, replace(REQUEST, messages=()))

    assert len(text) == LONGEST
    assert text.endswith(GAP)

"""Token counts of providers: which can be true, and what stands in for the others."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpts.llm.runtime.types import (
    ImagePart,
    ModelAPI,
    ModelRequest,
    ModelSpec,
    OutputSpec,
    PromptMessage,
    ToolSpec,
    Usage,
)
from gpts.llm.runtime.usage import OUTPUT_SLACK, check_usage

SPEC = ModelSpec("model", ModelAPI.CHAT_COMPLETIONS, context_window=8_000, max_output_tokens=500)
REQUEST = ModelRequest(SPEC, (PromptMessage("user", "When does the depot open?"),), max_output_tokens=500)
TEXT = "The depot opens at seven."
ESTIMATE = Usage(7, 7, is_estimated=True)


@pytest.mark.parametrize(
    ("counted", "believed"),
    [
        (Usage(11, 6), True),
        (Usage(11, 500 + OUTPUT_SLACK), True),  # reasoning that is not shown
        (Usage(11, 501 + OUTPUT_SLACK), False),
        (Usage(11, 4_294_967_295), False),
        (Usage(2_000_000_000, 6), False),
        (Usage(9_000, 6), False),  # above the model's window
        (Usage(0, 0), False),
        (Usage(11, 0), False),
        (Usage(0, 6), False),
        (None, False),
    ],
)
def test_only_a_possible_count_is_believed(counted: Usage | None, believed: bool) -> None:
    assert check_usage(counted, REQUEST, TEXT) == (counted if believed else ESTIMATE)


def test_an_answer_of_calls_alone_may_count_no_output() -> None:
    assert check_usage(Usage(11, 0), REQUEST, "", 'get_weather{"city":"Bern"}') == Usage(11, 0)


def test_everything_that_was_sent_counts_as_input() -> None:
    sent = ModelRequest(
        ModelSpec("model", ModelAPI.RESPONSES, context_window=200_000),
        (PromptMessage("user", "看", images=(ImagePart("image/png", b"x"),)),),
        max_output_tokens=10,
        tools=(ToolSpec("find", "Finds.", {"type": "object"}),),
        output=OutputSpec("json_schema", {"type": "object"}),
    )
    assert check_usage(Usage(20_000, 5), sent, "Seen.") == Usage(20_000, 5)
    assert check_usage(Usage(30_000, 5), sent, "Seen.").is_estimated


def test_tools_of_the_provider_may_read_more_than_was_sent() -> None:
    searching = ModelRequest(SPEC, REQUEST.messages, max_output_tokens=500, provider_tools=("web_search",))

    assert check_usage(Usage(60_000, 6), searching, TEXT) == Usage(60_000, 6)
    assert check_usage(Usage(70_000, 6), searching, TEXT) == ESTIMATE


def test_a_server_that_ignores_the_limit_is_believed_up_to_what_it_wrote() -> None:
    long = "word " * 400

    assert check_usage(Usage(11, 1_900), REQUEST, long) == Usage(11, 1_900)
    assert check_usage(Usage(11, 3_000), REQUEST, long) == Usage(7, 500, is_estimated=True)


@given(st.integers(0, 2**70), st.integers(0, 2**70), st.text(max_size=300))
def test_no_number_gets_past_what_the_request_allows(sent: int, received: int, text: str) -> None:
    found = check_usage(Usage(sent, received), REQUEST, text)

    assert found.input_tokens <= SPEC.context_window
    assert found.output_tokens <= max(500, len(text.encode("utf-8", "surrogatepass"))) + OUTPUT_SLACK

"""The guided interview without a model: its questions, the draft it writes, the answers it understands."""

from __future__ import annotations

from typing import Any

import pytest

from gpts.studio.create.functions import FUNCTIONS, BadCall, Proposal, Question, read_call
from gpts.studio.create.interview import STEPS, build_reply, choose_first_step, is_answer

EMPTY: dict[str, Any] = {
    "name": "New GPT",
    "description": "",
    "instructions": "",
    "starters": [],
    "category": "other",
    "capabilities": [],
}


def answer_all(*messages: str) -> tuple[dict[str, Any], str]:
    """Give the answers one after the other; return the draft and the key of the last question."""
    draft, step = dict(EMPTY), choose_first_step(EMPTY)
    answers: dict[str, str] = {}
    for said in messages:
        reply = build_reply(
            said, step=step, draft=draft, answers=answers, has_name=draft["name"] != "New GPT"
        )
        draft |= {proposal.field: proposal.value for proposal in reply.proposals}
        answers |= {step: said} if is_answer(said) else {}
        step = reply.step
    return draft, step


def test_every_question_is_asked_once_and_fills_the_draft() -> None:
    draft, step = answer_all(
        "I want a GPT that answers questions from our staff handbook. For example on holidays.",
        "Handbook guide",
        "New colleagues",
        "Friendly and short",
        "legal advice",
        "How many days off do I have?\n- Where do I find the form?",
    )

    assert step == "done"
    assert draft["name"] == "Handbook guide"
    assert draft["description"].startswith("Answers questions from our staff handbook")
    assert draft["category"] == "research-analysis"
    assert draft["capabilities"] == ["file_search"]
    assert draft["starters"] == ["How many days off do I have?", "Where do I find the form?"]
    for part in ("staff handbook", "New colleagues.", "Friendly and short.", "Never: legal advice."):
        assert part in draft["instructions"]


def test_it_understands_chinese() -> None:
    draft, step = answer_all(
        "帮我做一个能润色中文作文的助手。",
        "作文小老师",
        "初中生",
        "跳过",
        "不要代写",
        "帮我看看这段；给我提建议",
    )

    assert step == "done"
    assert (draft["name"], draft["category"]) == ("作文小老师", "writing")
    assert draft["starters"] == ["帮我看看这段", "给我提建议"]
    assert "初中生。" in draft["instructions"]
    assert "不要代写。" in draft["instructions"]
    assert "跳过" not in draft["instructions"]


def test_a_skipped_question_changes_nothing() -> None:
    draft, step = answer_all("A tutor for fractions", "skip", "Skip", "none", "no", "-")

    assert step == "done"
    assert draft["starters"] == []
    assert "skip" not in draft["instructions"].lower()


def test_a_field_can_be_set_at_any_time_and_the_question_is_kept() -> None:
    draft, step = answer_all(
        "A tutor for fractions", "name: Bruchmeister", "category: Education", "Pupils of ten years"
    )

    assert (draft["name"], draft["category"], step) == ("Bruchmeister", "education", "tone")
    assert "Pupils of ten years." in draft["instructions"]


def test_later_requests_are_appended_and_instructions_written_by_hand_stay() -> None:
    draft = EMPTY | {"name": "Guide", "description": "A guide.", "instructions": "My own rules."}
    first = build_reply("Always answer in verse", step="done", draft=draft, answers={}, has_name=True)
    draft |= {p.field: p.value for p in first.proposals}
    second = build_reply("Mention the weather", step="done", draft=draft, answers={}, has_name=True)
    draft |= {p.field: p.value for p in second.proposals}
    third = build_reply("Adults", step="audience", draft=draft, answers={}, has_name=True)
    draft |= {p.field: p.value for p in third.proposals}

    assert "My own rules." in draft["instructions"]
    assert draft["instructions"].index("Always answer in verse.") < draft["instructions"].index(
        "Mention the weather."
    )
    assert draft["instructions"].count("More wishes") == 1
    assert "Adults." in draft["instructions"]


def test_long_answers_are_shortened_to_the_limits() -> None:
    draft, _step = answer_all("It explains things. " * 200)

    assert len(draft["description"]) <= 300
    assert len(draft["instructions"]) <= 8_000
    assert len(draft["name"]) <= 50


def test_fields_that_are_filled_are_not_asked_for() -> None:
    assert choose_first_step(EMPTY | {"description": "x", "instructions": "y"}) == "audience"
    assert choose_first_step(EMPTY) == STEPS[0]


@pytest.mark.parametrize(
    ("name", "arguments", "expected"),
    [
        ("set_name", '{"name": "A"}', Proposal("name", "A")),
        ("set_icon", '{"variant": 2}', Proposal("icon", 2)),
        ("set_starters", '{"starters": ["A"]}', Proposal("starters", ["A"])),
        ("ask", '{"question": "Who?", "choices": ["A", 3, ""]}', Question("Who?", ("A",))),
        ("ask", '{"question": "Who?"}', Question("Who?")),
    ],
)
def test_function_calls_are_read(name: str, arguments: str, expected: object) -> None:
    assert read_call(name, arguments) == expected


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("set_name", "{"),
        ("set_name", "[]"),
        ("set_name", "{}"),
        ("set_name", "[" * 50_000),
        ("set_name", '{"name": "' + "x" * 70_000 + '"}'),
        ("delete_gpt", "{}"),
        ("ask", '{"question": ""}'),
        ("ask", "{}"),
        ("ask", '{"question": "Half \\ud800?"}'),
        ("ask", '{"question": "Who?", "choices": ["\\u0000"]}'),
        ("set_icon", '{"variant": NaN}'),
    ],
)
def test_invalid_function_calls_are_refused_with_a_message(name: str, arguments: str) -> None:
    with pytest.raises(BadCall, match=r"\w"):
        read_call(name, arguments)


def test_every_function_has_a_closed_schema() -> None:
    for tool in FUNCTIONS:
        assert tool.parameters["additionalProperties"] is False
        assert tool.parameters["required"]


def test_an_answer_of_two_lines_becomes_one_line_of_the_instructions() -> None:
    draft, _ = answer_all(
        "It plans ferries.", "Ferries", "Travellers\nwith bicycles", "Short", "Prices\nBookings"
    )
    assert "You speak with: Travellers with bicycles." in draft["instructions"]
    assert "- Never: Prices Bookings.\n" in draft["instructions"]

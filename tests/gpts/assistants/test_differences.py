"""Differences between two contents of a GPT, field by field; texts are in tests/core/test_text_diff.py."""

from __future__ import annotations

from typing import Any

from core.text_diff import Line, Segment
from gpts.assistants.content import BEHAVIOUR_FIELDS
from gpts.assistants.differences import LABELS, FieldDiff, compare_fields

CONTENT: dict[str, Any] = {
    "name": "Essay coach",
    "instructions": "Ask first.\nBe kind.",
    "starters": ["Read this"],
    "temperature": None,
    "output_schema": None,
    "knowledge": ["aa", "bb"],
}


def compare(**changes: Any) -> list[FieldDiff]:
    return compare_fields(CONTENT, CONTENT | changes)


def added(diff: FieldDiff) -> list[str]:
    return ["".join(segment.text for segment in line.segments) for line in diff.lines if line.kind == "add"]


def test_only_fields_that_differ_are_returned_in_the_order_of_the_labels() -> None:
    found = compare(temperature="0.50", name="Prose coach", instructions="Ask first.\nBe kind.")

    assert [(diff.field, str(diff.label)) for diff in found] == [
        ("name", "Name"),
        ("temperature", "Temperature"),
    ]
    assert compare() == []


def test_every_field_of_a_version_has_a_label() -> None:
    names = {"model" if field == "language_model" else field for field in BEHAVIOUR_FIELDS}

    assert set(LABELS) == names | {"knowledge"}


def test_lists_and_schemas_are_compared_line_by_line() -> None:
    starters, schema = compare(
        starters=["Read this", "Ask me"], output_schema={"type": "object", "title": "é"}
    )

    assert [line.kind for line in starters.lines] == ["same", "add"]
    assert added(schema) == ["{", '  "type": "object",', '  "title": "é"', "}"]


def test_knowledge_files_are_compared_by_their_names() -> None:
    [found] = compare_fields(
        CONTENT, CONTENT | {"knowledge": ["aa", "cc"]}, files={"aa": "a.txt", "cc": "c.txt"}
    )

    assert added(found) == ["c.txt"]
    # A file without a name stays its hash.
    assert [line.kind for line in found.lines] == ["same", "remove", "add"]


def test_values_are_formatted_by_the_callers_function() -> None:
    [found] = compare_fields(
        CONTENT, CONTENT | {"temperature": "1.00"}, format_value=lambda value, field: f"{field}: {value}"
    )

    assert added(found) == ["temperature: 1.00"]


def test_pairs_put_a_changed_line_beside_its_old_form() -> None:
    [found] = compare(instructions="Ask first.\nBe brief.\nBe fair.")

    kinds = [(left and left.kind, right and right.kind) for left, right in found.pairs]
    assert kinds == [("same", "same"), ("remove", "add"), (None, "add")]


def test_json_has_the_lines_with_their_segments() -> None:
    found = FieldDiff("name", "Name", (Line("gap", hidden=3), Line("add", (Segment("add", "New"),))))

    assert found.as_json() == {
        "field": "name",
        "lines": [
            {"kind": "gap", "segments": []},
            {"kind": "add", "segments": [{"kind": "add", "text": "New"}]},
        ],
    }

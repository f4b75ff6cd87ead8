"""Validation of JSON schemas and answers: problems with their path, within limits of time."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from gpts.llm.runtime.outputs import (
    MAX_PROBLEMS,
    SchemaProblem,
    check_output,
    check_schema,
    find_problems,
    is_strict,
    parse_schema,
)

PERSON: dict[str, Any] = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "pattern": "^[A-Z]"},
        "tags": {"type": "array", "items": {"$ref": "#/$defs/tag"}},
    },
    "required": ["name", "tags"],
    "additionalProperties": False,
    "$defs": {"tag": {"enum": ["red", "blue"]}},
}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"name": "Ada", "tags": ["red"]}', []),
        ('```json\n{"name": "Ada", "tags": []}\n```', []),
        ('{"name": "ada", "tags": []}', ["name: pattern ^[A-Z]"]),
        ('{"name": "Ada"}', ["The answer: required tags"]),
        ('{"name": "Ada", "tags": ["green"]}', ["tags[0]: enum red, blue"]),
        ('{"name": "Ada", "tags": [], "age": 3}', ["The answer: additionalProperties age"]),
        ('{"name": "Ada",', ["The answer: not_json 1:16"]),
        ("Here you are: {}", ["The answer: not_json 1:1"]),
        ('{"name": NaN}', ["The answer: not_json"]),
        ("[" * 100_000, ["The answer: too_deep 60"]),
    ],
)
def test_problems_have_their_path(text: str, expected: list[str]) -> None:
    assert check_output(text, PERSON) == expected


@pytest.mark.parametrize(
    ("schema", "code", "path"),
    [
        ([], "not_object", ""),
        ({"type": "nope"}, "invalid", "type"),
        ({"properties": {"a": {"minLength": -1}}}, "invalid", "properties.a.minLength"),
        ({"$ref": "https://example.org/schema"}, "reference", "$ref"),
        ({"items": {"$ref": "#/$defs/none"}}, "reference", "items.$ref"),
        ({"patternProperties": {"^a": {}}}, "keyword", "patternProperties"),
        ({"properties": {"a": {"$dynamicRef": "#x"}}}, "keyword", "properties.a.$dynamicRef"),
        ({"description": "x" * 20_001}, "too_big", ""),
        ({"enum": list(range(2_000))}, "too_many", ""),
        ({"properties": {"a": {"maximum": float("inf")}}}, "number", "properties.a.maximum"),
        ({"default": [float("nan")]}, "number", "default[0]"),
        ({"description": "\ud800"}, "characters", "description"),
        ({"description": "a\x00b"}, "characters", "description"),
        ({"properties": {"\ud800": {}}}, "characters", "properties"),
        ({"pattern": "(unclosed"}, "pattern", "pattern"),
        ({"pattern": "a" * 501}, "pattern", "pattern"),
    ],
)
def test_invalid_schemas_are_refused_with_their_path(schema: Any, code: str, path: str) -> None:
    with pytest.raises(SchemaProblem) as refused:
        check_schema(schema)

    assert (refused.value.code, refused.value.path) == (code, path)
    assert isinstance(refused.value, ValueError)


@pytest.mark.parametrize(
    ("text", "code", "path"),
    [
        ('{"type": "object",}', "not_json", "1:19"),
        ('{\n"type": object}', "not_json", "2:9"),
        ("[" * 15_000, "too_deep", ""),
        ("x" * 20_001, "too_big", ""),
        ('{"maximum": 1e999}', "number", "maximum"),
        ('{"default": NaN}', "number", "default"),
        ('{"maximum": ' + "9" * 5_000 + "}", "not_json", ""),
    ],
)
def test_typed_schemas_are_refused_with_line_and_column(text: str, code: str, path: str) -> None:
    with pytest.raises(SchemaProblem) as refused:
        parse_schema(text)

    assert (refused.value.code, refused.value.path) == (code, path)


def test_property_names_and_constants_are_not_keywords() -> None:
    check_schema({"properties": {"$ref": {"type": "string"}, "pattern": {"const": {"$ref": "x"}}}})


def test_catastrophic_backtracking_is_stopped() -> None:
    schema = {"type": "string", "pattern": "^(a|a|b?a)*$"}
    check_schema(schema)
    begun = time.process_time()

    check_output(json.dumps("a" * 200 + "!"), schema)

    assert time.process_time() - begun < 2


def test_multiplying_references_are_too_complex() -> None:
    parts = {f"d{n}": {"allOf": [{"$ref": f"#/$defs/d{n + 1}"}] * 2} for n in range(30)}
    schema = {"$ref": "#/$defs/d0", "$defs": parts | {"d30": {}}}
    check_schema(schema)

    assert [problem.code for problem in find_problems("1", schema)] == ["too_complex"]


@pytest.mark.parametrize(
    ("schema", "answer"),
    [
        (
            {"type": "array", "contains": {"enum": list(range(1_400))}, "maxContains": 1},
            list(range(20_000, 40_000)),
        ),
        ({"items": {"type": "string", "pattern": "^(a|a|b?a)*$"}}, ["a" * 200 + "!"] * 2_000),
        ({"anyOf": [{"$ref": "#"}, {"$ref": "#"}]}, 1),
    ],
)
def test_multiplying_checks_are_too_complex(schema: Any, answer: Any) -> None:
    check_schema(schema)
    begun = time.process_time()

    found = [problem.code for problem in find_problems(json.dumps(answer), schema)]

    assert found == ["too_complex"] and time.process_time() - begun < 5


@pytest.mark.parametrize(
    ("answer", "codes"),
    [
        ([{"a": n} for n in range(5_000)], []),
        ([{"a": [1, {"b": 2}], "c": 0}, {"c": 0, "a": [1, {"b": 2}]}], ["uniqueItems"]),
        ([1, 1.0], ["uniqueItems"]),
        ([1, True, "1", [1], None, 0, False], []),
    ],
)
def test_unique_items(answer: Any, codes: list[str]) -> None:
    found = find_problems(json.dumps(answer), {"uniqueItems": True})

    assert [problem.code for problem in found] == codes


def test_invalid_characters_in_names_are_replaced() -> None:
    answer = '{"\\ud800\\u0000": 1}'

    (extra,) = find_problems(answer, {"additionalProperties": False})
    (nested,) = find_problems(answer, {"additionalProperties": {"type": "string"}})

    assert (extra.detail, nested.path) == ("?\ufffd", "?\ufffd")


def test_a_schema_that_refers_to_itself_is_too_complex() -> None:
    assert [problem.code for problem in find_problems("1", {"$ref": "#"})] == ["too_complex"]


def test_the_number_of_problems_is_limited() -> None:
    schema = {"items": {"type": "string"}}

    assert len(find_problems(json.dumps(list(range(100))), schema)) == MAX_PROBLEMS


def test_strict_schemas_forbid_additional_and_require_all_properties() -> None:
    closed = {"type": "object", "properties": {"a": {}}, "required": ["a"], "additionalProperties": False}

    assert is_strict(closed)
    assert is_strict({**closed, "properties": {"a": closed}})
    assert not is_strict({**closed, "required": []})
    assert not is_strict({**closed, "properties": {"a": {"type": "object"}}})
    assert not is_strict({"type": "array"})


@pytest.mark.parametrize(
    ("schema", "code"),
    [
        ({"pattern": "(" * 9_000 + ")" * 9_000}, "pattern"),
        ({"pattern": "a{99999999999999999999}"}, "pattern"),
        ({"allOf": [{}], "$ref": "#/allOf/" + "9" * 5_000}, "reference"),
    ],
)
def test_schemas_that_overflow_a_parser_are_refused(schema: Any, code: str) -> None:
    with pytest.raises(SchemaProblem) as refusal:
        check_schema(schema)

    assert refusal.value.code == code


@pytest.mark.parametrize("step", [0.1, 1e308])
def test_integers_too_large_for_a_float_are_too_complex(step: float) -> None:
    found = find_problems("1" + "0" * 400, {"type": "number", "multipleOf": step})

    assert [problem.code for problem in found] == ["too_complex"]

"""Validates JSON schemas of GPTs, and JSON answers against them, within limits of time and memory.

Schemas come from creators and answers from models; neither may keep a process busy. References must stay
inside the schema, so nothing is fetched. Patterns have timeouts, each and together. The steps of a validation
are counted, because nested references and lists of choices multiply.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Iterator, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import regex
from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError, ValidationError
from jsonschema.validators import extend
from referencing import Registry
from referencing.exceptions import Unresolvable

MAX_SCHEMA_CHARACTERS = 20_000
MAX_SCHEMA_DEPTH = 12
MAX_SCHEMA_NODES = 1_500
MAX_PATTERN_CHARACTERS = 500
MAX_PROBLEMS = 10
# Steps of one validation: each keyword and choice of an enum is one, a reference several.
MAX_STEPS = 200_000
REFERENCE_STEPS = 10
MAX_OUTPUT_DEPTH = 60
# Timeouts for one text, and for all texts of an answer.
PATTERN_SECONDS = 0.05
PATTERNS_SECONDS = 0.25
VALUE_CHARACTERS = 80
# The library matches the first without a timeout; the others lead out of the schema.
UNSUPPORTED_KEYWORDS = ("patternProperties", "$dynamicRef", "$dynamicAnchor", "$vocabulary", "$recursiveRef")
MISSING = object()


@dataclass(frozen=True, slots=True)
class OutputProblem:
    """A problem of an answer. `code` is a JSON Schema keyword, or not_json, too_deep or too_complex.

    `path` is like "items[2].price"; `detail` is what the keyword requires, or where parsing failed.
    """

    code: str
    path: str
    detail: str

    def __str__(self) -> str:
        return f"{self.path or 'The answer'}: {self.code} {self.detail}".rstrip()


class SchemaProblem(ValueError):
    """A schema that cannot be used. `code`: not_json, not_object, too_big, too_deep, too_many, number,
    characters, reference, keyword, pattern or invalid; `path` is the place inside the schema."""

    def __init__(self, code: str, path: str = "", detail: str = "") -> None:
        super().__init__(f"{code} at {path or 'the top'}{f': {detail}' if detail else ''}")
        self.code, self.path, self.detail = code, path, detail


class _TooComplexError(Exception):
    """A validation exceeded its limit of steps or time."""


def parse_schema(text: str) -> dict[str, Any]:
    """Parse and validate a schema as its creator typed it. Raises SchemaProblem."""
    if len(text) > MAX_SCHEMA_CHARACTERS:
        raise SchemaProblem("too_big", detail=str(MAX_SCHEMA_CHARACTERS))
    try:
        schema = json.loads(text)
    except RecursionError:
        raise SchemaProblem("too_deep", detail=str(MAX_SCHEMA_DEPTH)) from None
    except ValueError as error:
        where = f"{error.lineno}:{error.colno}" if isinstance(error, json.JSONDecodeError) else ""
        raise SchemaProblem("not_json", where, getattr(error, "msg", "")) from None
    check_schema(schema)
    assert isinstance(schema, dict)
    return schema


def check_schema(schema: object) -> None:
    """Raise SchemaProblem, a ValueError, unless it is a JSON Schema (Draft 2020-12) within our limits."""
    if not isinstance(schema, dict):
        raise SchemaProblem("not_object")
    _check_size(schema)
    if len(json.dumps(schema, ensure_ascii=False)) > MAX_SCHEMA_CHARACTERS:
        raise SchemaProblem("too_big", detail=str(MAX_SCHEMA_CHARACTERS))
    check_values(schema)
    try:
        # Without the format checker, because it compiles patterns of any length.
        Draft202012Validator.check_schema(schema, format_checker=None)
    except SchemaError as error:
        raise SchemaProblem("invalid", format_path(error.absolute_path), _shorten(error.message)) from None
    for keyword, value, path in _iterate_keywords(schema, ""):
        _check_keyword(keyword, value, path, schema)


def find_problems(text: str, schema: Mapping[str, Any] | None) -> list[OutputProblem]:
    """Return at most ten problems of a JSON answer; without a schema only whether it is JSON."""
    value, problem = read_output(text)
    if problem is not None:
        return [problem]
    return [] if schema is None else list(_validate(value, schema))


def check_output(text: str, schema: Mapping[str, Any] | None) -> list[str]:
    """Return the problems as lines of text, for assertions and logs."""
    return [str(problem) for problem in find_problems(text, schema)]


def read_output(text: str) -> tuple[Any, OutputProblem | None]:
    """Return the JSON value of an answer, or the problem. A code fence around it is accepted."""
    body = text.strip()
    if body.startswith("```") and body.endswith("```") and "\n" in body:
        body = body[body.index("\n") + 1 : -3]
    try:
        value = json.loads(body, parse_constant=_refuse_constant)
    except RecursionError:
        return None, OutputProblem("too_deep", "", str(MAX_OUTPUT_DEPTH))
    except json.JSONDecodeError as error:
        return None, OutputProblem("not_json", "", f"{error.lineno}:{error.colno}")
    except ValueError:
        return None, OutputProblem("not_json", "", "")
    if _measure_depth(value, MAX_OUTPUT_DEPTH) > MAX_OUTPUT_DEPTH:
        return None, OutputProblem("too_deep", "", str(MAX_OUTPUT_DEPTH))
    return value, None


def is_strict(schema: Mapping[str, Any]) -> bool:
    """Whether providers can enforce it (OpenAI's strict mode): an object at the top, and each object forbids
    additional properties and requires all of its own."""
    return schema.get("type") == "object" and all(
        part.get("additionalProperties") is False
        and set(part.get("required", ())) == set(part.get("properties", {}))
        for part in _iterate_objects(schema)
        if part.get("type") == "object" or "properties" in part
    )


def format_path(parts: Any) -> str:
    """Return ["items", 2, "price"] as "items[2].price"."""
    text = ""
    for part in parts:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return make_storable(text[:200])


def _validate(value: Any, schema: Mapping[str, Any]) -> Iterator[OutputProblem]:
    # With an empty registry a reference to another document is an error, never a request.
    validator = _Validator(dict(schema), registry=Registry())
    _cost.set(_ValidationCost())
    try:
        for number, error in enumerate(validator.iter_errors(value)):
            if number == MAX_PROBLEMS:
                return
            yield OutputProblem(
                str(error.validator), format_path(error.absolute_path), _shorten(_get_detail(error))
            )
    except (_TooComplexError, RecursionError, ArithmeticError):
        # ArithmeticError: multipleOf with integers too large for a float.
        yield OutputProblem("too_complex", "", "")
    except Unresolvable as error:
        yield OutputProblem("$ref", "", _shorten(str(error)))


def _get_detail(error: ValidationError) -> str:
    if error.validator == "required" and isinstance(error.instance, dict):
        missing = [str(name) for name in error.validator_value if name not in error.instance]
        # The library reports each missing name as an error of its own; the message has the name.
        return next((name for name in missing if f"'{name}'" in error.message), "")
    if error.validator == "additionalProperties" and isinstance(error.instance, dict):
        known = error.schema.get("properties", {}) if isinstance(error.schema, dict) else {}
        return ", ".join(str(name) for name in error.instance if name not in known)
    value = error.validator_value
    if isinstance(value, list):
        return ", ".join(item if isinstance(item, str) else json.dumps(item) for item in value[:20])
    return value if isinstance(value, str) else json.dumps(value)


def _shorten(text: str) -> str:
    return make_storable(text if len(text) <= VALUE_CHARACTERS * 2 else text[: VALUE_CHARACTERS * 2] + "…")


def make_storable(text: str) -> str:
    """Return text without NUL and lone surrogates, which PostgreSQL cannot store as JSON."""
    return text.replace("\x00", "\ufffd").encode("utf-8", "replace").decode()


def _refuse_constant(name: str) -> Any:
    raise ValueError(name)


def _measure_depth(value: Any, limit: int) -> int:
    depth, level = 0, [value]
    while level and depth <= limit:
        depth += 1
        level = [
            child
            for item in level
            if isinstance(item, dict | list)
            for child in (item.values() if isinstance(item, dict) else item)
            if isinstance(child, dict | list)
        ]
    return depth


def _check_size(schema: dict[str, Any]) -> None:
    if _measure_depth(schema, MAX_SCHEMA_DEPTH * 2) > MAX_SCHEMA_DEPTH * 2:
        raise SchemaProblem("too_deep", detail=str(MAX_SCHEMA_DEPTH))
    nodes, waiting = 0, [schema]
    while waiting:
        item: Any = waiting.pop()
        nodes += 1
        if nodes > MAX_SCHEMA_NODES:
            raise SchemaProblem("too_many", detail=str(MAX_SCHEMA_NODES))
        if isinstance(item, dict | list):
            waiting += item.values() if isinstance(item, dict) else item


def check_values(value: Any, path: str = "") -> None:
    """Raise SchemaProblem for values that cannot be stored: infinity, NaN, lone surrogates, NUL."""
    if isinstance(value, float) and not math.isfinite(value):
        raise SchemaProblem("number", path)
    if isinstance(value, str) and make_storable(value) != value:
        raise SchemaProblem("characters", path)
    if isinstance(value, dict):
        for name, child in value.items():
            if make_storable(name) != name:
                raise SchemaProblem("characters", path)
            check_values(child, f"{path}.{name}" if path else name)
    elif isinstance(value, list):
        for index, child in enumerate(value):
            check_values(child, f"{path}[{index}]")


def _iterate_keywords(part: Any, path: str) -> Iterator[tuple[str, Any, str]]:
    """Yield each keyword of a schema and its subschemas with value and path; data such as enum is skipped."""
    if isinstance(part, list):
        for index, item in enumerate(part):
            yield from _iterate_keywords(item, f"{path}[{index}]")
        return
    if not isinstance(part, dict):
        return
    for keyword, value in part.items():
        place = f"{path}.{keyword}" if path else keyword
        yield keyword, value, place
        if keyword in ("properties", "$defs", "definitions", "dependentSchemas"):
            for name, child in value.items() if isinstance(value, dict) else ():
                yield from _iterate_keywords(child, f"{place}.{name}")
        elif keyword not in ("enum", "const", "default", "examples", "required", "dependentRequired"):
            yield from _iterate_keywords(value, place)


def _iterate_objects(schema: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield schema
    for _keyword, value, _path in _iterate_keywords(dict(schema), ""):
        if isinstance(value, dict):
            yield from (item for item in (value, *value.values()) if isinstance(item, dict))
        elif isinstance(value, list):
            yield from (item for item in value if isinstance(item, dict))


def _check_keyword(keyword: str, value: Any, path: str, root: dict[str, Any]) -> None:
    if keyword in UNSUPPORTED_KEYWORDS or (keyword in ("$id", "$anchor") and path != "$id"):
        raise SchemaProblem("keyword", path, keyword)
    if keyword == "$ref" and _resolve(root, value) is MISSING:
        raise SchemaProblem("reference", path, _shorten(str(value)))
    if keyword == "pattern":
        try:
            if not isinstance(value, str) or len(value) > MAX_PATTERN_CHARACTERS:
                raise SchemaProblem("pattern", path, _shorten(str(value)))
            regex.compile(value)
        except (regex.error, RecursionError, OverflowError, ValueError):
            raise SchemaProblem("pattern", path, _shorten(str(value))) from None


def _resolve(root: Any, reference: object) -> Any:
    """Return the target of a reference inside the schema, MISSING if there is none or it is outside."""
    if not isinstance(reference, str) or not reference.startswith("#"):
        return MISSING
    if reference == "#":
        return root
    if not reference.startswith("#/"):
        return MISSING
    found = root
    for part in reference[2:].split("/"):
        name = part.replace("~1", "/").replace("~0", "~")
        if isinstance(found, dict) and name in found:
            found = found[name]
        elif isinstance(found, list) and name in map(str, range(len(found))):
            found = found[int(name)]
        else:
            return MISSING
    return found if isinstance(found, dict | bool) else MISSING


class _ValidationCost:
    """The steps and time that the running validation has used."""

    __slots__ = ("pattern_seconds", "steps")

    def __init__(self) -> None:
        self.steps = 0
        self.pattern_seconds = 0.0

    def spend(self, steps: int) -> None:
        self.steps += steps
        if self.steps > MAX_STEPS:
            raise _TooComplexError


_cost: ContextVar[_ValidationCost] = ContextVar("validation_cost")

_Check = Callable[[Any, Any, Any, Any], Any]


def _pattern(_validator: Any, pattern: str, instance: Any, _schema: Any) -> Iterator[ValidationError]:
    if not isinstance(instance, str):
        return
    cost, started = _cost.get(), time.monotonic()
    left = min(PATTERN_SECONDS, PATTERNS_SECONDS - cost.pattern_seconds)
    if left <= 0:
        raise _TooComplexError
    try:
        is_match = regex.search(pattern, instance, timeout=left) is not None
    except TimeoutError:
        raise _TooComplexError from None
    cost.pattern_seconds += time.monotonic() - started
    if not is_match:
        yield ValidationError("does not match")


def _unique_items(_validator: Any, is_wanted: bool, instance: Any, _schema: Any) -> Iterator[ValidationError]:
    """Compare items by hash, because the library compares each with each."""
    if is_wanted and isinstance(instance, list):
        _cost.get().spend(len(instance))
        if len({_make_hashable(item) for item in instance}) < len(instance):
            yield ValidationError("has items twice")


def _make_hashable(value: Any) -> Any:
    """Return a JSON value as a hashable one: 1 and 1.0 are equal, 1 and true are not."""
    if isinstance(value, dict):
        return ("object", frozenset((name, _make_hashable(child)) for name, child in value.items()))
    if isinstance(value, list):
        return ("array", tuple(_make_hashable(child) for child in value))
    return (type(value), value) if isinstance(value, bool) else value


def _count_steps(keyword: str, check: _Check) -> _Check:
    def check_and_count(validator: Any, value: Any, instance: Any, schema: Any) -> Iterator[ValidationError]:
        choices = len(value) if keyword == "enum" else 0
        _cost.get().spend(1 + choices + (REFERENCE_STEPS if keyword == "$ref" else 0))
        yield from check(validator, value, instance, schema) or ()

    return check_and_count


_OWN_CHECKS: dict[str, _Check] = {"pattern": _pattern, "uniqueItems": _unique_items}
_Validator = extend(
    Draft202012Validator,
    {
        keyword: _count_steps(keyword, check)
        for keyword, check in (Draft202012Validator.VALIDATORS | _OWN_CHECKS).items()
    },
)

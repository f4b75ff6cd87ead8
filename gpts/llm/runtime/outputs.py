"""JSON answers: is a schema one that we accept, and does an answer follow it. Bounded in time and memory.

Schemas come from makers and answers from models: neither may keep a process busy. References stay inside
the schema, so that nothing is ever fetched; patterns run with a time limit, each and together; every step
of a validation is counted, as nested references and lists of choices multiply.
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
# Steps of one validation: a keyword looked at, a choice compared, a reference followed (those weigh more).
MAX_STEPS = 200_000
REFERENCE_STEPS = 10
MAX_OUTPUT_DEPTH = 60
# For one text, and for all texts of an answer.
PATTERN_SECONDS = 0.05
PATTERNS_SECONDS = 0.25
VALUE_CHARACTERS = 80
# The first is matched by the library itself, without a time limit; the others lead out of the schema.
UNSUPPORTED_KEYWORDS = ("patternProperties", "$dynamicRef", "$dynamicAnchor", "$vocabulary", "$recursiveRef")
MISSING = object()


@dataclass(frozen=True, slots=True)
class OutputProblem:
    """`code` is a JSON Schema keyword, or not_json, too_deep or too_complex; `path` like "items[2].price";
    `detail` what the keyword asks for or where reading failed."""

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
    """Validation would take longer than an answer is worth."""


def parse_schema(text: str) -> dict[str, Any]:
    """Read and check a schema as its maker typed it. Raises SchemaProblem."""
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
    """Raise SchemaProblem, a ValueError, for what is not a usable JSON Schema of Draft 2020-12."""
    if not isinstance(schema, dict):
        raise SchemaProblem("not_object")
    _check_size(schema)
    if len(json.dumps(schema, ensure_ascii=False)) > MAX_SCHEMA_CHARACTERS:
        raise SchemaProblem("too_big", detail=str(MAX_SCHEMA_CHARACTERS))
    check_values(schema)
    try:
        # Without formats: the library would compile patterns by itself, of any length.
        Draft202012Validator.check_schema(schema, format_checker=None)
    except SchemaError as error:
        raise SchemaProblem("invalid", format_path(error.absolute_path), _short(error.message)) from None
    for keyword, value, path in _keywords(schema, ""):
        _check_keyword(keyword, value, path, schema)


def find_problems(text: str, schema: Mapping[str, Any] | None) -> list[OutputProblem]:
    """What is wrong with a JSON answer, at most ten things; without a schema only whether it is JSON."""
    value, problem = read_output(text)
    if problem is not None:
        return [problem]
    return [] if schema is None else list(_violations(value, schema))


def check_output(text: str, schema: Mapping[str, Any] | None) -> list[str]:
    """find_problems as plain English lines, for assertions and logs."""
    return [str(problem) for problem in find_problems(text, schema)]


def read_output(text: str) -> tuple[Any, OutputProblem | None]:
    """The JSON value of an answer, or why there is none. One code fence around it is forgiven."""
    body = text.strip()
    if body.startswith("```") and body.endswith("```") and "\n" in body:
        body = body[body.index("\n") + 1 : -3]
    try:
        value = json.loads(body, parse_constant=_no_constant)
    except RecursionError:
        return None, OutputProblem("too_deep", "", str(MAX_OUTPUT_DEPTH))
    except json.JSONDecodeError as error:
        return None, OutputProblem("not_json", "", f"{error.lineno}:{error.colno}")
    except ValueError:
        return None, OutputProblem("not_json", "", "")
    if _depth(value, MAX_OUTPUT_DEPTH) > MAX_OUTPUT_DEPTH:
        return None, OutputProblem("too_deep", "", str(MAX_OUTPUT_DEPTH))
    return value, None


def is_strict(schema: Mapping[str, Any]) -> bool:
    """Whether providers can hold a model to it: an object at the top, every object closed and complete."""
    return schema.get("type") == "object" and all(
        part.get("additionalProperties") is False
        and set(part.get("required", ())) == set(part.get("properties", {}))
        for part in _objects(schema)
        if part.get("type") == "object" or "properties" in part
    )


def format_path(parts: Any) -> str:
    """["items", 2, "price"] as "items[2].price"."""
    text = ""
    for part in parts:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return make_storable(text[:200])


def _violations(value: Any, schema: Mapping[str, Any]) -> Iterator[OutputProblem]:
    # With an empty registry a reference to elsewhere is an error, never a request.
    validator = _Validator(dict(schema), registry=Registry())
    _work.set(_Work())
    try:
        for number, error in enumerate(validator.iter_errors(value)):
            if number == MAX_PROBLEMS:
                return
            yield OutputProblem(
                str(error.validator), format_path(error.absolute_path), _short(_detail(error))
            )
    except (_TooComplexError, RecursionError, ArithmeticError):
        # Arithmetic: whole numbers beyond what a fraction can be compared with (multipleOf).
        yield OutputProblem("too_complex", "", "")
    except Unresolvable as error:
        yield OutputProblem("$ref", "", _short(str(error)))


def _detail(error: ValidationError) -> str:
    if error.validator == "required" and isinstance(error.instance, dict):
        missing = [str(name) for name in error.validator_value if name not in error.instance]
        # One error a missing name, in their order; the message names which.
        return next((name for name in missing if f"'{name}'" in error.message), "")
    if error.validator == "additionalProperties" and isinstance(error.instance, dict):
        known = error.schema.get("properties", {}) if isinstance(error.schema, dict) else {}
        return ", ".join(str(name) for name in error.instance if name not in known)
    value = error.validator_value
    if isinstance(value, list):
        return ", ".join(item if isinstance(item, str) else json.dumps(item) for item in value[:20])
    return value if isinstance(value, str) else json.dumps(value)


def _short(text: str) -> str:
    return make_storable(text if len(text) <= VALUE_CHARACTERS * 2 else text[: VALUE_CHARACTERS * 2] + "…")


def make_storable(text: str) -> str:
    """What models write, as text that a page and the database's JSON take."""
    return text.replace("\x00", "\ufffd").encode("utf-8", "replace").decode()


def _no_constant(name: str) -> Any:
    raise ValueError(name)


def _depth(value: Any, limit: int) -> int:
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
    if _depth(schema, MAX_SCHEMA_DEPTH * 2) > MAX_SCHEMA_DEPTH * 2:
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
    """Refuse what JSON cannot say or the database cannot keep: endless numbers, half characters, NUL."""
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


def _keywords(part: Any, path: str) -> Iterator[tuple[str, Any, str]]:
    """Every keyword of a schema and its subschemas, with its place; data inside enum or const is skipped."""
    if isinstance(part, list):
        for index, item in enumerate(part):
            yield from _keywords(item, f"{path}[{index}]")
        return
    if not isinstance(part, dict):
        return
    for keyword, value in part.items():
        place = f"{path}.{keyword}" if path else keyword
        yield keyword, value, place
        if keyword in ("properties", "$defs", "definitions", "dependentSchemas"):
            for name, child in value.items() if isinstance(value, dict) else ():
                yield from _keywords(child, f"{place}.{name}")
        elif keyword not in ("enum", "const", "default", "examples", "required", "dependentRequired"):
            yield from _keywords(value, place)


def _objects(schema: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield schema
    for _keyword, value, _path in _keywords(dict(schema), ""):
        if isinstance(value, dict):
            yield from (item for item in (value, *value.values()) if isinstance(item, dict))
        elif isinstance(value, list):
            yield from (item for item in value if isinstance(item, dict))


def _check_keyword(keyword: str, value: Any, path: str, root: dict[str, Any]) -> None:
    if keyword in UNSUPPORTED_KEYWORDS or (keyword in ("$id", "$anchor") and path != "$id"):
        raise SchemaProblem("keyword", path, keyword)
    if keyword == "$ref" and _resolve(root, value) is MISSING:
        raise SchemaProblem("reference", path, _short(str(value)))
    if keyword == "pattern":
        try:
            if not isinstance(value, str) or len(value) > MAX_PATTERN_CHARACTERS:
                raise SchemaProblem("pattern", path, _short(str(value)))
            regex.compile(value)
        except (regex.error, RecursionError, OverflowError, ValueError):
            raise SchemaProblem("pattern", path, _short(str(value))) from None


def _resolve(root: Any, reference: object) -> Any:
    """What a reference inside the schema points to, MISSING when it points nowhere or outside."""
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


class _Work:
    """What the running validation has cost so far."""

    __slots__ = ("pattern_seconds", "steps")

    def __init__(self) -> None:
        self.steps = 0
        self.pattern_seconds = 0.0

    def spend(self, steps: int) -> None:
        self.steps += steps
        if self.steps > MAX_STEPS:
            raise _TooComplexError


_work: ContextVar[_Work] = ContextVar("work")

_Check = Callable[[Any, Any, Any, Any], Any]


def _pattern(_validator: Any, pattern: str, instance: Any, _schema: Any) -> Iterator[ValidationError]:
    if not isinstance(instance, str):
        return
    work, begun = _work.get(), time.monotonic()
    left = min(PATTERN_SECONDS, PATTERNS_SECONDS - work.pattern_seconds)
    if left <= 0:
        raise _TooComplexError
    try:
        is_match = regex.search(pattern, instance, timeout=left) is not None
    except TimeoutError:
        raise _TooComplexError from None
    work.pattern_seconds += time.monotonic() - begun
    if not is_match:
        yield ValidationError("does not match")


def _unique_items(_validator: Any, is_wanted: bool, instance: Any, _schema: Any) -> Iterator[ValidationError]:
    """By hashes: the library compares every item with every other one."""
    if is_wanted and isinstance(instance, list):
        _work.get().spend(len(instance))
        if len({_frozen(item) for item in instance}) < len(instance):
            yield ValidationError("has items twice")


def _frozen(value: Any) -> Any:
    """A JSON value as something to hash: 1 and 1.0 are the same, 1 and true are not."""
    if isinstance(value, dict):
        return ("object", frozenset((name, _frozen(child)) for name, child in value.items()))
    if isinstance(value, list):
        return ("array", tuple(_frozen(child) for child in value))
    return (type(value), value) if isinstance(value, bool) else value


def _counted(keyword: str, check: _Check) -> _Check:
    def look(validator: Any, value: Any, instance: Any, schema: Any) -> Iterator[ValidationError]:
        choices = len(value) if keyword == "enum" else 0
        _work.get().spend(1 + choices + (REFERENCE_STEPS if keyword == "$ref" else 0))
        yield from check(validator, value, instance, schema) or ()

    return look


_OWN_CHECKS: dict[str, _Check] = {"pattern": _pattern, "uniqueItems": _unique_items}
_Validator = extend(
    Draft202012Validator,
    {
        keyword: _counted(keyword, check)
        for keyword, check in (Draft202012Validator.VALIDATORS | _OWN_CHECKS).items()
    },
)

"""Bodies, fields, queries and ids that no page sends: an error of ours, never a status of 500."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qsl

import pytest
from django.urls import NoReverseMatch

from tests.isolation.matrix import (
    PARTS,
    ROUTES,
    list_parts_with_unsafe_rows,
    list_unsafe_rows,
    pick_allowed_actor,
)
from tests.isolation.read_names import record_read_names
from tests.isolation.requests import (
    build_absent_ids,
    build_client,
    build_headers,
    build_path,
    read_body,
    send,
    send_as_allowed,
)
from tests.isolation.rows.row import Row
from tests.isolation.world import World
from tests.support.grouping import Cases
from workspaces.api.parsers import BoundedJSONParser

pytestmark = pytest.mark.django_db

BODIES = {
    "null": "null",
    "list": "[]",
    "text": '""',
    "number": "1e999",
    "cut off": '{"name": ',
    "not utf-8": '{"name": "\udcff"}',
    "deep list": "[" * 100_000,
    "deep object": '{"a":' * 5_000 + "1" + "}" * 5_000,
    "deep value": '{"name":' + "[" * 500 + "]" * 500 + "}",
    "surrogate": '{"name": "\\ud800", "text": "\\ud800", "reason": "\\ud800", "request_key": "\\ud800"}',
    "huge": json.dumps({"name": "x" * 1_200_000, "text": "x" * 1_200_000, "request_key": "x" * 1_200_000}),
}
# Bodies that are no JSON object at all.
NOT_OBJECTS = {"null", "list", "text", "number", "cut off", "deep list"}
VALUES: dict[str, Any] = {
    "null": None, "object": {"a": 1}, "list": [[]], "number": 10**30, "negative": -1, "true": True,
    "nul": "a\x00b", "long": "x" * 70_000, "not a number": "1e5", "infinite": float("inf"),
}  # fmt: skip
NAMES = """
    name text request_key key reason revision scopes starters capabilities temperature
    language_model category token claim_token row_version version outcome policies queue workspace
    expires_at role theme language time_zone stars gpt explanation format bank_reference digest
    lines currency first_month note release_notes attested title confirmation payout account act
    event email display_name cursor iban country legal_name method minimum audience bio website
    handle accent next stream draft
"""
FIELDS = NAMES.split()


@pytest.mark.parametrize("part", list_parts_with_unsafe_rows(is_api=True))
def test_invalid_bodies_of_the_api(part: str, world: World) -> None:
    """The parser of REST views gets every body through one route of each part; other views get all."""
    cases = Cases()
    for number, (row, method) in enumerate(list_unsafe_rows(part, is_api=True)):
        with cases.run(f"{row.name} x {method}"):
            is_other = BoundedJSONParser not in get_parsers(row)
            for name in BODIES if number == 0 or is_other else ("list", "deep value", "huge"):
                body = BODIES[name]
                text = body.encode(errors="surrogateescape") if name == "not utf-8" else body
                answer = send_as_allowed(
                    world, row, method, text if isinstance(text, str) else text.decode("latin-1")
                )
                assert answer.status_code < 500, f"{name}: {answer.status_code}"
                if name in NOT_OBJECTS and answer.status_code >= 400:
                    assert set(answer.json()) - {"scimType"} == get_error_keys(row), name
    cases.check()


def get_error_keys(row: Row) -> set[str]:
    """Return the keys of an error's body: ours, or those of SCIM (RFC 7644, section 3.12)."""
    return {"schemas", "detail", "status"} if row.name.startswith("scim:") else {"error"}


def get_parsers(row: Row) -> Any:
    return getattr(getattr(ROUTES[row.name].view, "cls", None), "parser_classes", ())


@pytest.mark.parametrize("part", list_parts_with_unsafe_rows(is_api=True))
def test_wrongly_typed_fields_of_the_api(part: str, world: World) -> None:
    cases = Cases()
    for row, method in list_unsafe_rows(part, is_api=True):
        with cases.run(f"{row.name} x {method}"), record_read_names() as read:
            valid = dict(row.data(world))
            for name, value in VALUES.items():
                if name == "null" or not read.isdisjoint(FIELDS):
                    answer = send_as_allowed(world, row, method, dict.fromkeys(FIELDS, value))
                    assert answer.status_code < 500, f"{name}: {answer.status_code}"
                if read.isdisjoint({*FIELDS, *valid}):
                    break  # no value of these can make a difference
                for field in valid if name in ("null", "object", "nul", "number") else ():
                    answer = send_as_allowed(world, row, method, valid | {field: value})
                    assert answer.status_code < 500, f"{field}, {name}: {answer.status_code}"
    cases.check()


@pytest.mark.parametrize("part", list_parts_with_unsafe_rows(is_api=False))
def test_invalid_fields_of_forms(part: str, world: World) -> None:
    cases = Cases()
    for row, method in list_unsafe_rows(part, is_api=False):
        if method != "POST" or ":" not in row.name:  # allauth tests its own forms
            continue
        with cases.run(f"{row.name} x {method}"), record_read_names() as read:
            valid = dict(row.data(world))
            for value in ("", "a\x00b", "x" * 40_000, "9" * 40, "\u202e{{7*7}}<script>"):
                fields = dict.fromkeys(FIELDS, value)
                # Once is enough where the view reads none of the names that have the value.
                for body in (fields, fields | valid):
                    if value and read.isdisjoint(FIELDS if body is fields else {*FIELDS} - {*valid}):
                        continue
                    # Asynchronous views commit to the world's database, so no message may be valid there.
                    body = body | {"text": ""} if ROUTES[row.name].is_async else body
                    answer = send_as_allowed(world, row, method, body)
                    assert answer.status_code < 500, f"{value[:20]!r}: {answer.status_code}"
                if read.isdisjoint({*FIELDS, *valid}):
                    break
    cases.check()


# The first sorts and filters: every view gets it. The others only concern views that read one of their names.
QUERIES = (
    "ordering=owner__password&fields=instructions,key_hash&user__password__startswith=p&id__in=1,2&owner.email=x",
    "cursor=%00&q=%00",
    "cursor=zzzz",
    "cursor=eyJhIjoxfQ",
    "cursor=" + "A" * 4000 + "&q=" + "x" * 5000,
    "q=%F0%9F%92%A9%27%29%3B--&page=-1&from=draft&to=999999999999&year=%D9%A3&month=2026-13&account=x&outcome=x"
    "&queue=x&show=x&category=x&action=x&format=exe&mail=../../x&limit=999999999&size=-5&sort=x&next=//evil.test",
    "from=%5B%5D&to=%0a1&month=%F0%9F%92%A9&year=0&accent=%22onload%3D&queue=%27&category=%27",
)
QUERY_NAMES = {name for query in QUERIES for name, _ in parse_qsl(query)}


@pytest.mark.parametrize("part", PARTS)
def test_invalid_query_strings(part: str, world: World) -> None:
    cases = Cases()
    for row in PARTS[part]:
        if "GET" not in row.methods or ":" not in row.name:
            continue
        with cases.run(row.name), record_read_names() as read:
            separator = "&" if row.query else "?"
            is_api = ROUTES[row.name].is_api
            plain = send_as_allowed(world, row, "GET", {}) if is_api else None
            for query in QUERIES:
                if query is not QUERIES[0] and read.isdisjoint(QUERY_NAMES):
                    break
                answer = send_as_allowed(world, row, "GET", {}, separator + query)
                assert answer.status_code < 500, f"{query[:60]}: {answer.status_code}"
                if query is QUERIES[0] and is_api:
                    assert answer.status_code == 400 or read_body(answer) == read_body(plain), (
                        "filtered or sorted by a column of another object"
                    )
    cases.check()


@pytest.mark.parametrize("part", [part for part in PARTS if any(row.ids for row in PARTS[part])])
def test_extreme_ids(part: str, world: World) -> None:
    """Numbers beyond the range of a column and malformed names do not exist."""
    cases = Cases()
    for row in PARTS[part]:
        if not row.ids:
            continue
        with cases.run(f"{row.name} x {row.methods}"):
            check_extreme_ids(row, world)
    cases.check()


def check_extreme_ids(row: Row, world: World) -> None:
    for extreme in (0, 2**31, 2**63 - 1, 2**63, 10**30, "\x00", "%00", "\u202e", "a" * 900):
        absent = build_absent_ids(row)
        ids = {
            name: extreme if type(value) is type(extreme) and name in row.ids else value
            for name, value in absent.items()
        }
        if ids == absent and extreme:
            continue
        try:
            path = build_path(row, ids)
        except NoReverseMatch:  # no route matches such a path
            continue
        route, actor = ROUTES[row.name], pick_allowed_actor(row)
        answer = send(
            build_client(route, world, actor), row.methods[0], path, row.data(world),
            build_headers(route, world, row, actor), is_json=row.is_json,
        )  # fmt: skip
        # A directory's token is of one workspace: for every other it is no token at all.
        allowed = (302, 400, 403, 404, *((401,) if row.name.startswith("scim:") else ()))
        assert answer.status_code in allowed, f"{str(extreme)[:20]!r}: {answer.status_code}"

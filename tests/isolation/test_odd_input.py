"""A04, A05: bodies, fields and queries that no form sends: an error of ours, never 500."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.urls import NoReverseMatch

from tests.isolation.asking import (
    absent_ids,
    body_of,
    client_of,
    get_case_name,
    get_permitted_person,
    headers_of,
    list_unsafe_rows,
    own_ids,
    path_of,
    send,
)
from tests.isolation.matrix import ROUTES, ROWS
from tests.isolation.rows.row import Row
from tests.isolation.world import World

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


def knock(world: World, row: Row, method: str, body: Any, query: str = "") -> Any:
    route, actor = ROUTES[row.name], get_permitted_person(row)
    path = path_of(row, own_ids(row, world)) + query
    headers = headers_of(route, world, row, actor)
    return send(client_of(route, world, actor), method, path, body, headers, is_json=row.is_json)


@pytest.mark.parametrize("target", list_unsafe_rows(is_api=True), ids=get_case_name)
def test_odd_bodies_of_the_api(target: tuple[Row, str], world: World) -> None:
    row, method = target
    for name, body in BODIES.items():
        text = body.encode(errors="surrogateescape") if name == "not utf-8" else body
        answer = knock(world, row, method, text if isinstance(text, str) else text.decode("latin-1"))
        assert answer.status_code < 500, name
        if name in ("null", "list", "text", "number", "cut off", "deep list") and answer.status_code >= 400:
            assert set(answer.json()) == {"error"}, name


@pytest.mark.parametrize("target", list_unsafe_rows(is_api=True), ids=get_case_name)
def test_wrongly_typed_fields_of_the_api(target: tuple[Row, str], world: World) -> None:
    row, method = target
    right = dict(row.data(world))
    for name, value in VALUES.items():
        assert knock(world, row, method, dict.fromkeys(FIELDS, value)).status_code < 500, name
        for field in right if name in ("null", "object", "nul", "number") else ():
            wrong = right | {field: value}
            assert knock(world, row, method, wrong).status_code < 500, (field, name)


@pytest.mark.parametrize("target", list_unsafe_rows(is_api=False), ids=get_case_name)
def test_odd_fields_of_forms(target: tuple[Row, str], world: World) -> None:
    row, method = target
    if method != "POST" or ":" not in row.name:  # allauth's own forms are tested where they come from
        return
    right = dict(row.data(world))
    for value in ("", "a\x00b", "x" * 40_000, "9" * 40, "\u202e{{7*7}}<script>"):
        sent = dict.fromkeys(FIELDS, value)
        for body in (sent, sent | right):
            # What would be done for good in the world's own database is left to the flows.
            body = body | {"text": ""} if ROUTES[row.name].is_async else body
            assert knock(world, row, method, body).status_code < 500, value[:20]


QUERIES = (
    "cursor=%00&q=%00",
    "cursor=zzzz",
    "cursor=eyJhIjoxfQ",
    "cursor=" + "A" * 4000 + "&q=" + "x" * 5000,
    "q=%F0%9F%92%A9%27%29%3B--&page=-1&from=draft&to=999999999999&year=%D9%A3&month=2026-13&account=x&outcome=x"
    "&queue=x&show=x&category=x&action=x&format=exe&mail=../../x&limit=999999999&size=-5&sort=x&next=//evil.test",
    "from=%5B%5D&to=%0a1&month=%F0%9F%92%A9&year=0&accent=%22onload%3D&queue=%27&category=%27",
    "ordering=owner__password&fields=instructions,key_hash&user__password__startswith=p&id__in=1,2&owner.email=x",
)


@pytest.mark.parametrize(
    "row", [row for row in ROWS if "GET" in row.methods and ":" in row.name], ids=lambda row: row.name
)
def test_odd_queries(row: Row, world: World) -> None:
    joint = "&" if row.query else "?"
    plain = knock(world, row, "GET", {})
    for query in QUERIES:
        answer = knock(world, row, "GET", {}, joint + query)
        assert answer.status_code < 500, query
        if query.startswith("ordering") and ROUTES[row.name].is_api:
            assert answer.status_code == 400 or body_of(answer) == body_of(plain), (
                "it chose by a foreign column"
            )


@pytest.mark.parametrize("row", [row for row in ROWS if row.ids], ids=lambda row: f"{row.name} {row.methods}")
def test_ids_at_the_edge(row: Row, world: World) -> None:
    """Numbers beyond what a column holds and names that are no names are simply not there."""
    for edge in (0, 2**31, 2**63 - 1, 2**63, 10**30, "\x00", "%00", "\u202e", "a" * 900):
        ids = absent_ids(row)
        odd = {
            name: edge if type(value) is type(edge) and name in row.ids else value
            for name, value in ids.items()
        }
        if odd == ids and edge:
            continue
        try:
            path_of(row, odd)
        except NoReverseMatch:  # the address itself does not exist
            continue
        route, actor = ROUTES[row.name], get_permitted_person(row)
        answer = send(
            client_of(route, world, actor), row.methods[0], path_of(row, odd), row.data(world),
            headers_of(route, world, row, actor), is_json=row.is_json,
        )  # fmt: skip
        assert answer.status_code in (302, 400, 403, 404), edge

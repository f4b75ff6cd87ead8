"""Dates that no calendar of ours holds, in every place where one could stand: an error of the caller."""

from __future__ import annotations

from itertools import chain
from typing import Any
from urllib.parse import urlencode

import pytest
from django.urls import NoReverseMatch

from core.dates import FIRST_YEAR, LAST_YEAR
from core.errors import InvalidInput
from core.periods import Period
from gpts.knowledge.models import KnowledgeFile
from gpts.llm.models import LanguageModel
from tests.isolation.matrix import (
    PARTS,
    ROUTES,
    list_parts_with_unsafe_rows,
    list_unsafe_rows,
    pick_allowed_actor,
)
from tests.isolation.read_names import record_read_names
from tests.isolation.requests import (
    build_client,
    build_headers,
    build_path,
    get_own_ids,
    send,
    send_as_allowed,
)
from tests.isolation.rows.row import Row
from tests.isolation.world import World
from tests.support.grouping import Cases
from workspaces.models import ApiKey

pytestmark = pytest.mark.django_db

ABSURD = [
    "0", "99999", "0000-01", "9999-12", "10000-01", "2026-13", "0001-01-01", "9999-12-31", "10000-01-01",
    "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00",
]  # fmt: skip
MONTHS = [
    *ABSURD,
    "0000-00",
    "0001-01",
    "1999-12",
    "2201-01",
    "2026-00",
    "-1",
    "２０２６-03",
    "2026-03x",
    "1e9",
]
QUERY = (
    "month year day date period from to start end since until before after first_month last_month week on at"
)
FIELDS = "first_month month year day period from to expires_at retired_at review_on starts_on at"


@pytest.mark.parametrize("part", PARTS)
def test_in_the_query_string(part: str, world: World) -> None:
    cases = Cases()
    for row in PARTS[part]:
        if "GET" not in row.methods or ":" not in row.name:
            continue
        with cases.run(row.name), record_read_names() as read:
            for value in ABSURD:
                query = urlencode(dict.fromkeys(QUERY.split(), value))
                answer = send_as_allowed(world, row, "GET", {}, ("&" if row.query else "?") + query)
                assert answer.status_code < 500, f"{value}: {answer.status_code}"
                if read.isdisjoint(QUERY.split()):
                    break  # no value of these can make a difference
    cases.check()


@pytest.mark.parametrize("is_api", [True, False])
def test_in_the_body(is_api: bool, world: World) -> None:
    cases = Cases()
    for part in list_parts_with_unsafe_rows(is_api=is_api):
        for row, method in list_unsafe_rows(part, is_api=is_api):
            if ROUTES[row.name].is_async or ":" not in row.name:
                continue
            with cases.run(f"{row.name} x {method}"), record_read_names() as read:
                valid = dict(row.data(world))
                for value in chain(ABSURD, [-1, 10**30] if is_api else []):
                    fields: dict[str, Any] = dict.fromkeys(FIELDS.split(), value)
                    answer = send_as_allowed(world, row, method, valid | fields)
                    assert answer.status_code < 500, f"{value}: {answer.status_code}"
                    if read.isdisjoint(FIELDS.split()):
                        break
    cases.check()


def list_rows_with_a_month() -> list[Row]:
    return [row for rows in PARTS.values() for row in rows if "month" in get_parameters(row)]


def get_parameters(row: Row) -> set[str]:
    return {*row.ids, *row.fixed}


def test_in_the_path(world: World) -> None:
    cases = Cases()
    rows = list_rows_with_a_month()
    assert len(rows) >= 8
    for row in rows:
        with cases.run(row.name):
            for value in MONTHS:
                ids = get_own_ids(row, world) | {"month": value}
                try:
                    path = build_path(row, ids)
                except NoReverseMatch:
                    continue
                route, actor = ROUTES[row.name], pick_allowed_actor(row)
                answer = send(
                    build_client(route, world, actor), row.methods[0], path, row.data(world),
                    build_headers(route, world, row, actor), is_json=row.is_json,
                )  # fmt: skip
                assert answer.status_code in (302, 400, 404), f"{value}: {answer.status_code}"
    cases.check()


@pytest.mark.parametrize("text", MONTHS)
def test_no_absurd_month_is_a_period(text: str) -> None:
    with pytest.raises(InvalidInput):
        Period.parse(text)


def test_the_first_and_last_month_have_neighbours() -> None:
    first, last = Period.parse(f"{FIRST_YEAR}-01"), Period.parse(f"{LAST_YEAR}-12")

    assert (str(first.previous()), str(last.next())) == ("1999-12", "2201-01")
    assert last.end > last.start > first.end > first.start


FOREVER = ["9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z", "2201-01-01T00:00:00Z", "1999-12-31T00:00:00Z"]
DATES = {
    "gpts_api:knowledge-detail": ("PATCH", "review_on"),
    "workspaces_api:api-key-list": ("POST", "expires_at"),
    "gpts_api:catalogue-model-retirement": ("PUT", "retired_at"),
}


@pytest.mark.parametrize("value", FOREVER)
def test_an_absurd_date_is_refused_and_changes_nothing(value: str, world: World) -> None:
    """A key or a model that expires in the year 9999 would break every page that shows it in local time."""
    before = read_rows()
    for name, (method, field) in DATES.items():
        (row,) = (
            row for rows in PARTS.values() for row in rows if row.name == name and method in row.methods
        )
        text = value[:10] if field == "review_on" else value

        answer = send_as_allowed(world, row, method, dict(row.data(world)) | {field: text})

        assert (answer.status_code, answer.json()["error"]["field"]) == (400, field), name
    assert read_rows() == before


def read_rows() -> list[list[tuple[Any, ...]]]:
    return [
        list(kind.objects.order_by("pk").values_list("pk", field))
        for kind, field in (
            (ApiKey, "expires_at"),
            (KnowledgeFile, "review_on"),
            (LanguageModel, "retired_at"),
        )
    ]

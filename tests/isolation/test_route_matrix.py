"""T01, T02: every route, every method, everybody. A cell that fails names route x actor x method."""

from __future__ import annotations

from typing import Any

import pytest
from django.core import mail
from django.db import connection
from django.test import Client

from tests.isolation.asking import absent_ids, ask, outcome_of, own_ids, path_of, send, shape_of
from tests.isolation.fingerprint import Unchanged, content
from tests.isolation.matrix import Cell, cells, side_door_cells, unsaid
from tests.isolation.world import World

pytestmark = pytest.mark.django_db

UNSAFE = {"POST", "PUT", "PATCH", "DELETE"}
unchanged = Unchanged()


def test_every_route_and_method_has_a_row() -> None:
    """T02"""
    without_row, without_route = unsaid()
    assert without_row == set(), "say in tests/isolation/rows who may"
    assert without_route == set(), "these rows name nothing that exists"


@pytest.fixture
def untouched(world: World) -> Unchanged:
    mail.outbox.clear()
    unchanged.start()
    return unchanged


@pytest.mark.parametrize("cell", cells(), ids=str)
def test_cell(cell: Cell, world: World, untouched: Unchanged) -> None:
    row, wanted = cell.row, cell.row.outcome(cell.actor)
    before = content() if cell.route.is_async and cell.method in UNSAFE else {}

    response = ask(world, row, cell.actor, cell.method, own_ids(row, world))

    assert outcome_of(response) == wanted
    if wanted == "in":
        return
    _assert_nothing_happened(untouched, before)
    if wanted != "forbidden" and not row.is_public:
        seen = shape_of(response, path_of(row, own_ids(row, world)))
        assert seen == _absent(cell, world), "it can be told from what is not there"


def _absent(cell: Cell, world: World) -> Any:
    """The answer for ids that nothing has; for a route without ids that of an address that does not exist."""
    row = cell.row
    if row.ids:
        ids = absent_ids(row)
        return shape_of(ask(world, row, cell.actor, cell.method, ids), path_of(row, ids))
    if row.outcome(cell.actor) != "missing" or cell.route.is_api:
        return shape_of(ask(world, row, cell.actor, cell.method, row.fixed), path_of(row, row.fixed))
    client = Client()
    if cell.actor in world.sessions:
        client.cookies["loggia_session"] = world.sessions[cell.actor]
    path = "/no/such/address/at/all"
    return shape_of(send(client, cell.method, path, {}, {}, is_json=False), path)


def _assert_nothing_happened(untouched: Unchanged, before: dict[str, str]) -> None:
    assert untouched.changed() == []
    assert connection.run_on_commit == [], "work was put in the queue"
    assert mail.outbox == []
    if before:
        assert content() == before


@pytest.mark.parametrize("cell", side_door_cells(), ids=str)
def test_side_doors_of_the_api(cell: Cell, world: World, untouched: Unchanged) -> None:
    """T28: no cookie, no other header, no query, no narrower or dead key opens what the right one opens."""
    row, ids = cell.row, own_ids(cell.row, world)
    actor = next((name for name in ("owner", *sorted(row.who)) if name in row.who), "owner")
    key = world.keys[row.key if actor == "owner" else actor]
    client, path, headers, wanted = Client(), path_of(row, ids), {}, 401
    if cell.actor == "session":
        client.cookies["loggia_session"] = world.sessions[actor]
    elif cell.actor == "other header":
        headers = {
            "X-API-Key": key,
            "X-Authorization": f"Bearer {key}",
            "Proxy-Authorization": f"Bearer {key}",
        }
    elif cell.actor == "query":
        path += ("&" if "?" in path else "?") + f"api_key={key}&access_token={key}&key={key}"
    elif cell.actor == "dead key":
        headers = {"Authorization": f"Bearer {key[:-1]}{'a' if key[-1] != 'a' else 'b'}"}
    else:
        narrow = "only store:read" if row.scope != "store:read" else "only usage:read"
        headers, wanted = {"Authorization": f"Bearer {world.keys[narrow]}"}, 403

    response = send(client, cell.method, path, row.data(world), headers, is_json=True)

    assert response.status_code == wanted
    assert set(response.json()) == {"error"}
    _assert_nothing_happened(untouched, {})

"""Every route with every method, requested by everybody: outcome, private texts, headers, changes.

A failure names route, person and method.
"""

from __future__ import annotations

import pytest
from django.core import mail
from django.db import connection
from django.test import Client

from tests.isolation.absent import is_like_absent
from tests.isolation.database_state import ChangeDetector, digest_tables
from tests.isolation.matrix import (
    PARTS,
    UNSAFE,
    Cell,
    find_missing_rows,
    list_cells,
    list_credential_cells,
    pick_allowed_actor,
)
from tests.isolation.private_texts import find_leaks
from tests.isolation.requests import (
    ask,
    build_path,
    classify_outcome,
    get_own_ids,
    normalise,
    read_body,
    send,
)
from tests.isolation.response_headers import check_headers
from tests.isolation.world import ACTORS, World
from tests.support.grouping import Cases

pytestmark = pytest.mark.django_db

changes = ChangeDetector()


def test_every_route_and_method_has_a_row() -> None:
    without_row, without_route = find_missing_rows()
    assert without_row == set(), "say in tests/isolation/rows who may use these"
    assert without_route == set(), "these rows have no route"


@pytest.mark.parametrize("actor", ACTORS)
@pytest.mark.parametrize("part", PARTS)
def test_access(part: str, actor: str, world: World) -> None:
    """Each person gets the row's outcome and no private text of others; a refusal changes nothing."""
    cases = Cases()
    for cell in list_cells(part, actor):
        with cases.run(cell):
            check_cell(cell, world)
    cases.check()


def check_cell(cell: Cell, world: World) -> None:
    row, expected = cell.row, cell.row.outcome(cell.actor)
    changes.start()
    # Asynchronous views write through connections of their own, whose writes are not counted.
    before = digest_tables() if cell.route.is_async and cell.method in UNSAFE else {}

    response = ask(world, row, cell.actor, cell.method, get_own_ids(row, world))

    outcome = classify_outcome(response)
    assert outcome == expected, f"expected {expected}, got {outcome}"
    body = read_body(response)
    if cell.method == "GET":
        check_headers(response, body, row.name, cell.actor)
    assert find_leaks(body, cell.actor) == set(), "others' private texts are in the response"
    if expected == "in":
        return
    assert_nothing_happened(before)
    if expected != "forbidden" and not row.is_public:
        seen = normalise(response, build_path(row, get_own_ids(row, world)), body)
        assert is_like_absent(seen, cell, world), "differs from the response for an absent object"


def assert_nothing_happened(before: dict[str, str]) -> None:
    assert changes.list_changed() == [], "a refused request wrote to these tables"
    assert connection.run_on_commit == [], "a refused request enqueued a job"
    assert mail.outbox == [], "a refused request sent mail"
    if before:
        assert digest_tables() == before, "a refused request wrote to the database"


@pytest.mark.parametrize("part", [part for part in PARTS if list_credential_cells(part)])
def test_other_credentials_do_not_open_the_api(part: str, world: World) -> None:
    """Sessions, keys in other places, keys without the scope and invalid keys are refused."""
    cases = Cases()
    for cell in list_credential_cells(part):
        with cases.run(cell):
            check_other_credential(cell, world)
    cases.check()


def check_other_credential(cell: Cell, world: World) -> None:
    row, ids = cell.row, get_own_ids(cell.row, world)
    actor = pick_allowed_actor(row)
    key = world.keys[row.key if actor == "owner" else actor]
    client, path, headers, expected = Client(), build_path(row, ids), {}, 401
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
        headers, expected = {"Authorization": f"Bearer {world.keys[narrow]}"}, 403
    changes.start()

    response = send(client, cell.method, path, row.data(world), headers, is_json=True)

    assert response.status_code == expected, f"expected {expected}, got {response.status_code}"
    assert set(response.json()) == {"error"}
    assert_nothing_happened({})

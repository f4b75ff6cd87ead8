"""Staff without a second factor can do nothing that needs their role, on any page and by any API route."""

from __future__ import annotations

from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.core import mail
from django.db import connection

from tests.isolation.database_state import ChangeDetector
from tests.isolation.matrix import ROUTES, ROWS, UNSAFE, Cell
from tests.isolation.passkey import passkey_data
from tests.isolation.requests import ask, get_own_ids
from tests.isolation.world import World
from tests.support.grouping import Cases

pytestmark = pytest.mark.django_db
STAFF = frozenset({"moderator", "finance", "operator"})
CELLS = [
    Cell(ROUTES[row.name], row, actor, method)
    for row in ROWS
    if row.name in ROUTES and (row.who or row.forbidden) and row.who | row.forbidden <= STAFF
    for actor in sorted(row.who | row.forbidden)
    for method in row.methods
]
changes = ChangeDetector()


def test_the_generated_list_covers_all_kinds_of_staff() -> None:
    assert {cell.actor for cell in CELLS} == STAFF
    assert {cell.route.is_api for cell in CELLS} == {True, False}
    assert len(CELLS) > 40


def test_without_a_second_factor_every_staff_route_is_closed(world: World, settings: Any) -> None:
    """Pages lead to where a factor is set up; the API says what is missing; neither changes anything."""
    settings.STAFF_SECOND_FACTOR = True
    cases = Cases()
    for cell in CELLS:
        with cases.run(cell):
            changes.start()
            response = ask(world, cell.row, cell.actor, cell.method, get_own_ids(cell.row, world))
            if cell.route.is_api:
                assert response.status_code == 403
                assert response.json()["error"]["code"] == "second_factor_missing"
            else:
                assert (response.status_code, response.headers["Location"]) == (302, "/settings/security/")
            assert changes.list_changed() == []
            assert connection.run_on_commit == [] and mail.outbox == []
    cases.check()


@pytest.mark.parametrize("kind", ["totp", "webauthn"])
def test_with_a_second_factor_the_same_routes_open(kind: str, world: World, settings: Any) -> None:
    settings.STAFF_SECOND_FACTOR = True
    for name in STAFF:
        data = {"name": "Laptop", "credential": passkey_data()} if kind == "webauthn" else {"secret": "x"}
        Authenticator.objects.create(user=world.people[name], type=kind, data=data)
    cases = Cases()
    for cell in CELLS:
        if cell.method in UNSAFE or cell.actor not in cell.row.who:
            continue
        with cases.run(cell):
            response = ask(world, cell.row, cell.actor, cell.method, get_own_ids(cell.row, world))
            assert response.status_code in (200, 302)  # /finance/ leads to its first page
            assert response.headers.get("Location") != "/settings/security/"
    cases.check()


def test_recovery_codes_alone_are_no_second_factor(world: World, settings: Any) -> None:
    settings.STAFF_SECOND_FACTOR = True
    Authenticator.objects.create(user=world.people["moderator"], type="recovery_codes", data={})
    (cell,) = [cell for cell in CELLS if cell.row.name == "reviews:queue-list"]
    assert ask(world, cell.row, "moderator", "GET", {}).status_code == 302

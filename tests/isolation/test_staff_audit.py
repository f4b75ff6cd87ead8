"""M17: what staff do leaves exactly one event with their name; what is refused leaves none."""

from __future__ import annotations

import pytest

from core.models import AuditEvent
from tests.isolation.asking import UNSAFE_METHODS, ask, own_ids
from tests.isolation.fingerprint import Unchanged
from tests.isolation.matrix import ROWS
from tests.isolation.rows.row import FINANCE, MODERATOR, Row
from tests.isolation.world import World

pytestmark = pytest.mark.django_db
unchanged = Unchanged()
ACTS = [
    (row, method)
    for row in ROWS
    if row.who and row.who <= MODERATOR | FINANCE
    for method in row.methods
    if method in UNSAFE_METHODS
]


@pytest.mark.parametrize("act", ACTS, ids=lambda act: f"{act[0].name} {act[1]}")
def test_one_act_one_event(act: tuple[Row, str], world: World) -> None:
    row, method = act
    (actor,) = row.who
    unchanged.start()
    before = set(AuditEvent.objects.values_list("pk", flat=True))

    answer = ask(world, row, actor, method, own_ids(row, world))

    written = AuditEvent.objects.exclude(pk__in=before)
    if not unchanged.changed():
        assert not written.exists()
        return
    assert answer.status_code < 400
    # One event of the act itself; what follows from it on lower floors has events of its own.
    floor = row.name.partition(":")[0].removesuffix("_api")
    assert len([event for event in written if event.action.startswith(f"{floor}.")]) == 1
    assert {event.actor_id for event in written} == {world.people[actor].pk}

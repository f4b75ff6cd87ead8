"""Each action of staff writes exactly one audit event with their name; a refused one writes none."""

from __future__ import annotations

import pytest

from core.models import AuditEvent
from tests.isolation.database_state import ChangeDetector
from tests.isolation.matrix import ROWS, UNSAFE
from tests.isolation.requests import ask, get_own_ids
from tests.isolation.rows.row import FINANCE, MODERATOR, OPERATOR, Row
from tests.isolation.world import World

pytestmark = pytest.mark.django_db
changes = ChangeDetector()
ACTIONS = [
    (row, method)
    for row in ROWS
    if row.who and row.who <= MODERATOR | FINANCE | OPERATOR
    for method in row.methods
    if method in UNSAFE
]


@pytest.mark.parametrize("action", ACTIONS, ids=lambda action: f"{action[0].name} {action[1]}")
def test_each_action_writes_one_event(action: tuple[Row, str], world: World) -> None:
    row, method = action
    (actor,) = row.who
    changes.start()
    before = set(AuditEvent.objects.values_list("pk", flat=True))

    answer = ask(world, row, actor, method, get_own_ids(row, world))

    written = AuditEvent.objects.exclude(pk__in=before)
    if not changes.list_changed():
        assert not written.exists()
        return
    assert answer.status_code < 400
    # One event of the action itself; its consequences in lower apps have events of their own.
    app = row.name.partition(":")[0].removesuffix("_api") if ":" in row.name else "workspaces"
    assert len([event for event in written if event.action.startswith(f"{app}.")]) == 1
    assert {event.actor_id for event in written} == {world.people[actor].pk}

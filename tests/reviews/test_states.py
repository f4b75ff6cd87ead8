"""Every state machine of moderation: each state with each action; an illegal transition writes nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from core.errors import IllegalTransition
from core.models import AuditEvent
from reviews import states
from reviews.services.cases import advance_case
from tests.support.factories.workspaces import UserFactory
from tests.support.reviews import AT, make_gpt, make_queued_case

MACHINES: list[tuple[str, Callable[..., Any], Mapping[tuple[str, str], Any], Any, Any]] = [
    (
        "submission",
        states.move_submission,
        states.SUBMISSION_MOVES,
        states.SubmissionState,
        states.SubmissionAction,
    ),
    ("case", states.move_case, states.CASE_MOVES, states.CaseState, states.CaseAction),
    (
        "enforcement",
        states.move_enforcement,
        states.ENFORCEMENT_MOVES,
        states.EnforcementState,
        states.EnforcementAction,
    ),
    ("report", states.move_report, states.REPORT_MOVES, states.ReportState, states.ReportAction),
    ("appeal", states.move_appeal, states.APPEAL_MOVES, states.AppealState, states.AppealAction),
    ("builder", states.move_builder, states.BUILDER_MOVES, states.BuilderState, states.BuilderAction),
]
# The number of transitions of each machine, so that an accidental change of a table fails.
TRANSITIONS = {
    "submission": 18,
    "case": 19,
    "enforcement": 10,
    "report": 4,
    "appeal": 3,
    "builder": 10,
}


@pytest.mark.parametrize(("name", "move", "moves", "all_states", "all_actions"), MACHINES)
def test_every_pair_moves_or_is_refused(
    name: str,
    move: Callable[..., Any],
    moves: Mapping[tuple[str, str], Any],
    all_states: Any,
    all_actions: Any,
) -> None:
    for state in all_states:
        for action in all_actions:
            if (state, action) in moves:
                assert move(state, action) in all_states
                continue
            with pytest.raises(IllegalTransition) as caught:
                move(state, action)
            assert caught.value.data == {"state": state.value, "action": action.value}
    assert len(moves) == TRANSITIONS[name]


@pytest.mark.parametrize(("name", "move", "moves", "all_states", "all_actions"), MACHINES)
def test_every_state_but_the_first_can_be_reached(
    name: str, move: Any, moves: Mapping[tuple[str, str], Any], all_states: Any, all_actions: Any
) -> None:
    first = next(iter(all_states))
    assert set(moves.values()) | {first} == set(all_states)


@pytest.mark.django_db
def test_an_illegal_transition_writes_nothing() -> None:
    case = make_queued_case(make_gpt(UserFactory.create(display_name="Ann")))
    events = AuditEvent.objects.count()
    with pytest.raises(IllegalTransition):
        advance_case(case, states.CaseAction.CLOSE, at=AT)
    case.refresh_from_db()
    assert (case.state, case.closed_at, AuditEvent.objects.count()) == ("queued", None, events)

"""A team never loses its last owner, whatever its owners do at the same instant, on real connections."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.utils import timezone

from tests.support.at_once import run_at_once
from tests.support.companies import create_company
from tests.support.factories.workspaces import MemberFactory, UserFactory
from workspaces.models import Member, User, Workspace
from workspaces.services.leaving import delete_account
from workspaces.services.members import accept_invitation, change_role, invite_member, remove_member
from workspaces.services.workspaces import create_workspace

ROUNDS = 12
Act = Callable[[User, Workspace], object]


def delete(user: User, _team: Workspace) -> None:
    delete_account(user=user, confirmation=user.email, by=user, at=timezone.now())


def leave(user: User, team: Workspace) -> None:
    remove_member(member=Member.objects.get(user=user, workspace=team), by=user, at=timezone.now())


def step_down(user: User, team: Workspace) -> None:
    member = Member.objects.get(user=user, workspace=team)
    change_role(member=member, role="member", by=user, at=timezone.now())


def create_shared_team(first: User, second: User) -> Workspace:
    team = create_company(first)
    MemberFactory.create(workspace=team, user=second, role="owner", by=first)
    return team


def count_owners(team: Workspace) -> int:
    return Member.objects.filter(workspace=team, role="owner", user__is_active=True).count()


@pytest.mark.parametrize(
    ("first", "second"),
    [(delete, delete), (delete, leave), (delete, step_down), (leave, leave), (leave, step_down)],
)
def test_two_owners_who_go_at_once_leave_one(transactional_db: None, first: Act, second: Act) -> None:
    outcomes = []
    for _round in range(ROUNDS):
        ada, ben = UserFactory.create(display_name="Ada"), UserFactory.create(display_name="Ben")
        team = create_shared_team(ada, ben)
        results = run_at_once(lambda: first(ada, team), lambda: second(ben, team))  # noqa: B023 - joined in this round
        outcomes.append((sorted(results), count_owners(team)))
    assert outcomes == [(["", "last_owner"], 1)] * ROUNDS


def test_two_owners_of_the_same_two_teams_do_not_lock_each_other_out(transactional_db: None) -> None:
    """Locks are taken in one order, also of several teams."""
    for _round in range(ROUNDS):
        ada, ben = UserFactory.create(display_name="Ada"), UserFactory.create(display_name="Ben")
        teams = [create_shared_team(ada, ben), create_shared_team(ben, ada)]
        results = run_at_once(lambda: delete(ada, teams[0]), lambda: delete(ben, teams[0]))  # noqa: B023 - joined in this round
        assert sorted(results) == ["", "last_owner"]
        assert [count_owners(team) for team in teams] == [1, 1]


def test_who_deletes_an_account_is_not_given_a_workspace_meanwhile(transactional_db: None) -> None:
    """Neither by making one nor by an invitation; either comes first, and the other is refused."""
    for _round in range(ROUNDS):
        ada, ben = UserFactory.create(display_name="Ada"), UserFactory.create(display_name="Ben")
        team = create_company(ben)
        invitation, _token = invite_member(
            workspace=team, email=ada.email, role="owner", by=ben, at=timezone.now()
        )

        def make(ada: User = ada) -> None:
            create_workspace(name="Mine", by=ada, at=timezone.now())

        def accept(ada: User = ada, invitation: object = invitation) -> None:
            accept_invitation(invitation=invitation, by=ada, at=timezone.now())  # type: ignore[arg-type]  # bound above

        def close(ada: User = ada, team: Workspace = team) -> None:
            delete(ada, team)

        results = run_at_once(close, make, accept)

        ownerless = [found for found in Workspace.objects.filter(kind="team") if not count_owners(found)]
        assert ownerless == [], results
        assert set(results) <= {"", "last_owner", "account_closed", "invitation_used"}, results

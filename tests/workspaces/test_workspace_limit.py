"""How many teams a person may make: without it every limit of a workspace could be had again and again."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone

from core.errors import Conflict
from tests.support.at_once import run_at_once
from tests.support.companies import create_company
from tests.support.factories.workspaces import UserFactory
from tests.support.pages import sign_in
from workspaces.models import Member, User, Workspace
from workspaces.services.members import change_role, remove_member
from workspaces.services.workspaces import create_workspace


def make(user: User) -> Workspace:
    return create_workspace(name="Team", by=user, at=timezone.now())


@pytest.mark.django_db
def test_a_person_makes_as_many_workspaces_as_the_operator_allows(settings: Any) -> None:
    settings.WORKSPACES_PER_PERSON = 2
    ada = UserFactory.create(display_name="Ada")
    made = [make(ada), make(ada)]
    with pytest.raises(Conflict) as refused:
        make(ada)
    assert (refused.value.code, refused.value.data) == ("too_many_workspaces", {"limit": 2})

    page = sign_in(ada).post("/w/new", {"name": "Third"})
    assert (page.status_code, "2 workspaces" in page.content.decode()) == (400, True)
    assert list(Workspace.objects.filter(kind="team").order_by("pk")) == made

    settings.WORKSPACES_PER_PERSON = 3
    make(ada)


@pytest.mark.django_db
def test_giving_a_workspace_away_makes_no_room_and_owning_anothers_counts(settings: Any) -> None:
    settings.WORKSPACES_PER_PERSON = 1
    ada, ben = UserFactory.create(display_name="Ada"), UserFactory.create(display_name="Ben")
    team = create_company(ada, member=ben)
    seat = Member.objects.select_related("workspace", "user")
    change_role(member=seat.get(workspace=team, user=ben), role="owner", by=ada, at=timezone.now())
    remove_member(member=seat.get(workspace=team, user=ada), by=ada, at=timezone.now())
    for user in (ada, ben):
        with pytest.raises(Conflict, match="too_many_workspaces"):
            make(user)


def test_requests_at_once_do_not_exceed_the_limit(transactional_db: None, settings: Any) -> None:
    settings.WORKSPACES_PER_PERSON = 2
    ada = UserFactory.create(display_name="Ada")
    results = run_at_once(*[lambda: make(ada)] * 6)
    assert sorted(results) == ["", "", *["too_many_workspaces"] * 4]
    assert Workspace.objects.filter(kind="team").count() == 2

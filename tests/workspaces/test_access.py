"""Access to rows of a workspace: what outsiders and deactivated people get."""

from __future__ import annotations

import pytest

from core.errors import NotFound
from core.scope import NOBODY
from tests.support.companies import create_company
from tests.support.factories.workspaces import UserFactory
from workspaces.access import access_own_membership, scope_for
from workspaces.models import Member

pytestmark = pytest.mark.django_db


def test_an_outsider_has_no_membership() -> None:
    owner, stranger = UserFactory.create(display_name="Olga"), UserFactory.create(display_name="Sam")
    company = create_company(owner)

    assert access_own_membership(company, owner) == Member.objects.get(workspace=company, user=owner)
    with pytest.raises(NotFound):
        access_own_membership(company, stranger)


def test_a_deactivated_person_has_the_scope_of_nobody() -> None:
    person = UserFactory.create(display_name="Ada")
    assert scope_for(person).user_id == person.pk

    person.is_active = False

    assert scope_for(person) == NOBODY

"""Access to rows of a workspace: what outsiders and deactivated people get."""

from __future__ import annotations

from uuid import uuid4

import pytest
from django.contrib.auth.models import AnonymousUser
from django.utils import timezone

from core.errors import Forbidden, NotFound
from core.scope import NOBODY
from tests.support.companies import create_company
from tests.support.factories.workspaces import UserFactory
from workspaces.access import (
    KEY_START,
    access_api_key,
    access_connection,
    access_erasure,
    access_guest,
    access_invite_link,
    access_notification,
    access_own_membership,
    access_scim_token,
    access_staff_member,
    find_api_key,
    renew_scope,
    scope_for,
)
from workspaces.models import Member, SharingPolicy
from workspaces.services.api_keys import create_api_key, revoke_api_key

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


def test_work_that_goes_on_ends_with_the_account_or_the_key() -> None:
    person = UserFactory.create(display_name="Ada")
    at = timezone.now()
    key, _plain = create_api_key(
        user=person, workspace=person.personal_workspace, name="k", scopes=["store:read"], by=person, at=at
    )
    assert renew_scope(user_id=person.pk, api_key_id=key.pk, at=at)[0] == person
    assert renew_scope(user_id=person.pk, api_key_id=None, at=at)[0] == person

    revoke_api_key(key=key, by=person, at=at)
    for identifier in (key.pk, 2**40):
        with pytest.raises(Forbidden) as caught:
            renew_scope(user_id=person.pk, api_key_id=identifier, at=at)
        assert caught.value.code == "access_ended"

    with pytest.raises(Forbidden):
        renew_scope(user_id=2**40, api_key_id=None, at=at)


def test_unknown_ids_are_not_found() -> None:
    person = UserFactory.create(display_name="Ada")
    company = create_company(person)
    for access in (
        lambda: access_erasure(uuid4()),
        lambda: access_notification(person, uuid4()),
        lambda: access_api_key(person, 2**40),
        lambda: access_invite_link(company, 2**40),
        lambda: access_guest(person, company, 2**40),
        lambda: access_connection(company, "oidc"),
        lambda: access_scim_token(company, 2**40),
        lambda: access_staff_member(2**70),
    ):
        with pytest.raises(NotFound):
            access()


def test_a_key_opens_nothing_while_the_policy_cannot_be_read() -> None:
    owner, at = UserFactory.create(), timezone.now()
    company = create_company(owner)
    key, plain = create_api_key(
        user=owner, workspace=company, name="k", scopes=["store:read"], by=owner, at=at
    )
    assert find_api_key(plain, at=at) == key
    SharingPolicy.objects.filter(workspace=company).delete()
    assert find_api_key(plain, at=at) is None


def test_visitors_have_no_scope_and_unknown_keys_no_person() -> None:
    assert scope_for(AnonymousUser()) == NOBODY
    assert find_api_key(f"{KEY_START}_unknown_secret", at=timezone.now()) is None

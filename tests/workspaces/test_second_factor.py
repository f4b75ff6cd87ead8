"""The second factor of staff: roles that wait for it, keys, commands and the notes on pages."""

from __future__ import annotations

from io import StringIO
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.core.management import call_command
from django.test import Client

from core.errors import Forbidden
from core.models import AuditEvent
from tests.support.factories.workspaces import FinanceUserFactory, UserFactory
from tests.support.times import AT
from workspaces.access import find_api_key, personal_workspace, scope_for, scope_for_api_key
from workspaces.models import ApiKey
from workspaces.queries import get_user_roles
from workspaces.services.api_keys import create_api_key

pytestmark = pytest.mark.django_db


@pytest.fixture
def required(settings: Any) -> None:
    settings.STAFF_SECOND_FACTOR = True


def run(*arguments: str) -> str:
    out = StringIO()
    call_command(*arguments, stdout=out)
    return out.getvalue()


def test_a_role_counts_only_with_a_factor(required: None) -> None:
    fina = FinanceUserFactory.create()
    roles = get_user_roles(fina)
    assert (sorted(roles.staff), sorted(roles.waiting_staff)) == ([], ["finance"])
    assert scope_for(fina).staff == frozenset()

    factor = Authenticator.objects.create(user=fina, type="totp", data={"secret": "x"})
    roles = get_user_roles(fina)
    assert (sorted(roles.staff), sorted(roles.waiting_staff)) == (["finance"], [])

    factor.delete()  # taking the factor away takes the role away with the next request
    assert get_user_roles(fina).staff == frozenset()


def test_an_existing_key_with_a_staff_scope_loses_its_scope_in_the_database(settings: Any) -> None:
    fina = FinanceUserFactory.create()
    _key, plain = create_api_key(
        user=fina, workspace=personal_workspace(fina), name="k", scopes=["finance:work"], by=fina, at=AT
    )
    settings.STAFF_SECOND_FACTOR = True
    found = find_api_key(plain, at=AT)
    assert found is not None
    assert scope_for_api_key(found).staff == frozenset()


def test_no_key_with_a_staff_scope_without_a_factor(required: None) -> None:
    fina = FinanceUserFactory.create()
    with pytest.raises(Forbidden) as caught:
        create_api_key(
            user=fina, workspace=personal_workspace(fina), name="k", scopes=["finance:work"], by=fina, at=AT
        )
    assert caught.value.code == "staff_scope"
    assert not ApiKey.objects.exists()


def test_make_staff_says_what_is_missing(required: None) -> None:
    ada = UserFactory.create()
    said = run("make_staff", ada.email, "--role", "moderator")
    assert "is now moderator" in said and "/settings/security/" in said
    Authenticator.objects.create(user=ada, type="webauthn", data={})
    assert "/settings/security/" not in run("make_staff", ada.email, "--role", "finance")


def test_an_operator_resets_a_lost_factor(required: None) -> None:
    fina = FinanceUserFactory.create()
    for kind in ("totp", "recovery_codes"):
        Authenticator.objects.create(user=fina, type=kind, data={})

    said = run("reset_second_factor", fina.email, "--reason", "Phone lost; called back.")

    assert "2 removed" in said and "/settings/security/" in said
    assert not Authenticator.objects.filter(user=fina).exists()
    assert get_user_roles(fina).staff == frozenset()
    event = AuditEvent.objects.get(action="workspaces.second_factor_reset")
    assert (event.reason, event.data, event.subject_id) == (
        "Phone lost; called back.",
        {"removed": 2},
        str(fina.pk),
    )


def test_the_security_page_names_the_waiting_role(client: Client, required: None) -> None:
    fina = FinanceUserFactory.create()
    client.force_login(fina)
    assert "Your staff role needs two-factor sign-in" in client.get("/settings/security/").content.decode()


def test_where_none_is_required_staff_pages_say_so(client: Client) -> None:
    fina = FinanceUserFactory.create()
    client.force_login(fina)
    note = "These pages are open without two-factor sign-in"
    assert note in client.get("/finance/periods").content.decode()
    Authenticator.objects.create(user=fina, type="totp", data={})
    assert note not in client.get("/finance/periods").content.decode()

"""Operators give and take staff roles, on the page and by API."""

from __future__ import annotations

import pytest

from core.models import AuditEvent
from tests.support.api_client import ApiClient
from tests.support.factories.workspaces import UserFactory
from tests.support.pages import sign_in
from tests.support.times import AT
from workspaces.models import StaffRole, User
from workspaces.services.staff import grant_staff_role

pytestmark = pytest.mark.django_db


def make_operator(name: str = "Opal") -> User:
    user = UserFactory.create(display_name=name)
    grant_staff_role(user=user, role="operator", by=None, at=AT)
    return user


def list_roles() -> list[tuple[str, str]]:
    return sorted(StaffRole.objects.values_list("user__display_name", "role"))


def test_giving_and_taking_roles_by_api() -> None:
    opal, bob = make_operator(), UserFactory.create(display_name="Bob")
    api = ApiClient(opal, scopes=["operator:work"])

    made = api.post("operator/staff", {"email": bob.email, "role": "moderator"})
    assert made.status_code == 201
    assert {"user_id": bob.pk, "email": bob.email, "name": "Bob", "roles": ["moderator"],
            "has_second_factor": False} in made.json()  # fmt: skip
    assert api("DELETE", f"operator/staff/{bob.pk}/moderator").status_code == 204
    assert list_roles() == [("Opal", "operator")]
    actions = AuditEvent.objects.filter(actor=opal).values_list("action", flat=True)
    assert [action for action in actions if "staff_role" in action] == [
        "workspaces.staff_role_granted",
        "workspaces.staff_role_revoked",
    ]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"email": "nobody@else.test", "role": "moderator"}, "account_unknown"),
        ({"email": "", "role": "moderator"}, "invalid_input"),
        ({"email": "BOB", "role": "child_safety"}, "staff_role_needs_moderator"),
    ],
)
def test_refusals_change_nothing(body: dict[str, str], code: str) -> None:
    opal, bob = make_operator(), UserFactory.create(display_name="Bob")
    api = ApiClient(opal, scopes=["operator:work"])
    answer = api.post("operator/staff", body | ({"email": bob.email} if body["email"] == "BOB" else {}))
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, code)
    assert list_roles() == [("Opal", "operator")]


def test_the_last_operator_cannot_go() -> None:
    opal = make_operator()
    api = ApiClient(opal, scopes=["operator:work"])
    answer = api("DELETE", f"operator/staff/{opal.pk}/operator")
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "last_operator")
    make_operator("Otto")
    assert api("DELETE", f"operator/staff/{opal.pk}/operator").status_code == 204


def test_the_page_asks_for_the_password_first() -> None:
    """Whoever finds an open session cannot make themselves staff."""
    opal = make_operator()
    answer = sign_in(opal).post("/operator/staff", {"email": opal.email, "role": "finance"})
    assert answer.status_code == 302 and "reauthenticate" in answer.headers["Location"]
    assert list_roles() == [("Opal", "operator")]

"""Operators find accounts, suspend and restore them, end sessions, on the page and by API."""

from __future__ import annotations

import threading
from contextlib import suppress
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.core import mail
from django.db import DatabaseError, connection
from django.test import Client

from core.errors import Conflict
from core.models import AuditEvent
from core.scope import system_scope
from tests.support.api_client import ApiClient
from tests.support.factories.workspaces import (
    PASSWORD,
    MemberFactory,
    OperatorUserFactory,
    UserFactory,
    WorkspaceFactory,
)
from tests.support.jobs import run_enqueued_jobs, take_jobs
from tests.support.pages import sign_in
from tests.support.reauthentication import confirm_identity
from tests.support.times import AT, NOW
from workspaces.models import User
from workspaces.services.api_keys import create_api_key
from workspaces.services.leaving import deactivate_user
from workspaces.services.people import suspend_person
from workspaces.services.staff import grant_staff_role
from workspaces.services.suspension import suspend_publishing

pytestmark = pytest.mark.django_db
# What making the people of a test records.
MADE = ("workspaces.user_created", "workspaces.api_key_created")


def list_names(client: Client, query: str) -> list[str]:
    page = client.get(f"/operator/people?{query}")
    assert page.status_code == 200
    return [account.display_name for account in page.context["page"].items]


def list_acts(by: User) -> list[tuple[str, str]]:
    events = AuditEvent.objects.filter(actor=by, action__startswith="workspaces.").order_by("pk")
    return [(event.action, event.reason) for event in events if event.action not in MADE]


def test_the_list_finds_people_by_name_address_id_and_state() -> None:
    otto = OperatorUserFactory.create()
    bea = UserFactory.create(display_name="Bea Ünal", email="bea@firm.test")
    suspended = UserFactory.create(display_name="Sus")
    deactivate_user(user=suspended, by=None, at=AT)
    unconfirmed = UserFactory.create(display_name="Una", is_email_verified=False)
    builder = UserFactory.create(display_name="Bob")
    suspend_publishing(user_id=builder.pk, by=None, at=AT)
    client = sign_in(otto)

    assert list_names(client, "") == ["Bob", "Una", "Sus", "Bea Ünal", "Otto"]
    for query, names in (
        ("q=ünal", ["Bea Ünal"]),
        ("q=FIRM.test", ["Bea Ünal"]),
        ("q=nobody", []),
        ("q=%25", []),
        ("q=99999999999999999999", []),
        ("state=suspended", ["Sus"]),
        ("state=unconfirmed", ["Una"]),
        ("state=publishing", ["Bob"]),
        ("state=staff", ["Otto"]),
        ("state=else", ["Bob", "Una", "Sus", "Bea Ünal", "Otto"]),
    ):
        assert list_names(client, query) == names, query
    assert "Bea Ünal" in list_names(client, f"q={bea.pk}")
    rows = ApiClient(otto, scopes=["operator:work"]).get("operator/people?state=unconfirmed").json()["items"]
    assert [(row["id"], row["is_confirmed"], row["is_staff"]) for row in rows] == [
        (unconfirmed.pk, False, False)
    ]


def test_the_list_has_the_same_number_of_queries_for_every_length(
    django_assert_num_queries: Any,
) -> None:
    client = sign_in(OperatorUserFactory.create())
    for _ in range(3):
        with django_assert_num_queries(8):
            client.get("/operator/people")
        UserFactory.create()


def test_one_persons_page_shows_where_they_work_and_nothing_they_say() -> None:
    otto, ada = OperatorUserFactory.create(), UserFactory.create(display_name="Ada")
    acme = WorkspaceFactory.create(name="Acme")
    MemberFactory.create(user=ada, workspace=acme, role="builder", by=acme.created_by)
    grant_staff_role(user=ada, role="finance", by=None, at=AT)
    create_api_key(user=ada, workspace=ada.personal_workspace, name="x", scopes=["chat"], by=ada, at=NOW)

    one = ApiClient(otto, scopes=["operator:work"]).get(f"operator/people/{ada.pk}").json()

    assert {key: one[key] for key in ("name", "is_active", "staff_roles", "api_keys", "workspaces")} == {
        "name": "Ada",
        "is_active": True,
        "staff_roles": ["Finance"],
        "api_keys": 1,
        "workspaces": [
            {
                "slug": ada.personal_workspace.slug,
                "name": "Ada",
                "kind": "personal",
                "role": "Owner",
                "is_suspended": False,
            },
            {"slug": acme.slug, "name": "Acme", "kind": "team", "role": "Builder", "is_suspended": False},
        ],
    }
    page = sign_in(otto).get(f"/operator/people/{ada.pk}").content.decode()
    assert "Acme" in page and "The account of" in page


def test_suspending_ends_sessions_and_keys_at_once_and_restoring_brings_them_back(
    django_capture_on_commit_callbacks: Any,
) -> None:
    otto, ada = OperatorUserFactory.create(), UserFactory.create(display_name="Ada")
    browser, program = sign_in(ada), ApiClient(ada, scopes=["account"])
    operator = confirm_identity(sign_in(otto), otto)
    assert (browser.get("/settings/").status_code, program.get("me").status_code) == (200, 200)

    with django_capture_on_commit_callbacks(execute=True):
        operator.post(f"/operator/people/{ada.pk}/suspend", {"reason": "spam from this account"})

    assert (browser.get("/settings/").status_code, program.get("me").status_code) == (302, 401)
    run_enqueued_jobs()
    (message,) = mail.outbox
    assert message.to == [ada.email] and "spam from this account" in str(message.body)
    operator.post(f"/operator/people/{ada.pk}/restore", {"reason": "it was a mistake"})
    assert program.get("me").status_code == 200
    assert list_acts(otto) == [
        ("workspaces.user_deactivated", "spam from this account"),
        ("workspaces.user_restored", "it was a mistake"),
    ]


def test_a_session_of_a_suspended_person_asks_for_the_password_of_the_operator_first() -> None:
    otto, ada = OperatorUserFactory.create(), UserFactory.create()
    answer = sign_in(otto).post(f"/operator/people/{ada.pk}/suspend", {"reason": "x"})
    assert answer.status_code == 302 and "reauthenticate" in answer.headers["Location"]
    assert User.objects.get(pk=ada.pk).is_active


@pytest.mark.parametrize(
    ("case", "status", "code"),
    [
        ("oneself", 409, "own_account"),
        ("no reason", 400, "invalid_input"),
        ("no password", 403, "password_needed"),
        ("wrong password", 403, "password_wrong"),
    ],
)
def test_refusals_change_nothing(case: str, status: int, code: str) -> None:
    otto, ada = OperatorUserFactory.create(), UserFactory.create()
    api = ApiClient(otto, scopes=["operator:work"])
    target = otto if case == "oneself" else ada
    body = {"reason": "" if case == "no reason" else "because", "password": PASSWORD}
    if case == "no password":
        del body["password"]
    elif case == "wrong password":
        body["password"] = "something else entirely"

    answer = api.post(f"operator/people/{target.pk}/suspend", body)

    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
    assert not User.objects.filter(is_active=False).exists()
    assert list_acts(otto) == []


def test_two_operators_who_suspend_each_other_at_once(transactional_db: None) -> None:
    """Each waits before it closes the other's account, as far as the locks let both come there."""
    with system_scope("tests"):
        otto, olga = OperatorUserFactory.create(), OperatorUserFactory.create(display_name="Olga")
    both = threading.Barrier(2)
    outcomes: list[str] = []

    def wait_first(execute: Any, sql: str, *rest: Any) -> Any:
        if sql.startswith('UPDATE "workspaces_user"'):
            with suppress(threading.BrokenBarrierError):
                both.wait(timeout=1)
        return execute(sql, *rest)

    def suspend(user: User, by: User) -> None:
        try:
            with system_scope("tests"), connection.execute_wrapper(wait_first):
                suspend_person(user=user, reason="because", by=by, at=NOW)
            outcomes.append("suspended")
        except Conflict as refusal:
            outcomes.append(refusal.code)
        except DatabaseError as error:
            outcomes.append(type(error).__name__)
        finally:
            connection.close()

    threads = [threading.Thread(target=suspend, args=pair) for pair in ((otto, olga), (olga, otto))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["last_operator", "suspended"]
    take_jobs()


def test_the_last_operator_stays() -> None:
    """An operator whose own account was closed elsewhere meanwhile cannot close the other one's."""
    otto, olga = OperatorUserFactory.create(), OperatorUserFactory.create(display_name="Olga")
    api = ApiClient(otto, scopes=["operator:work"])
    body = {"reason": "because", "password": PASSWORD}
    assert api.post(f"operator/people/{olga.pk}/suspend", body).status_code == 200
    assert api.post(f"operator/people/{olga.pk}/restore", body).status_code == 200
    otto.staff_roles.all().delete()
    finn = UserFactory.create()
    grant_staff_role(user=finn, role="operator", by=None, at=AT)
    deactivate_user(user=finn, by=None, at=AT)

    with pytest.raises(Conflict) as refusal:
        suspend_person(user=olga, reason="because", by=otto, at=NOW)
    assert refusal.value.code == "last_operator"
    assert User.objects.get(pk=olga.pk).is_active


def test_a_lost_second_factor_is_reset_and_an_unconfirmed_person_reminded(
    django_capture_on_commit_callbacks: Any,
) -> None:
    otto = OperatorUserFactory.create()
    ada = UserFactory.create(display_name="Ada", is_email_verified=False)
    EmailAddress.objects.create(user=ada, email=ada.email, primary=True, verified=False)
    Authenticator.objects.create(user=ada, type=Authenticator.Type.TOTP, data={"secret": "x"})
    api = ApiClient(otto, scopes=["operator:work"])

    one = api.post(f"operator/people/{ada.pk}/reset-factor", {"reason": "lost", "password": PASSWORD}).json()
    assert one["has_authenticator_app"] is False
    with django_capture_on_commit_callbacks(execute=True):
        assert api.post(f"operator/people/{ada.pk}/remind").status_code == 200
    run_enqueued_jobs()
    assert [(message.to, message.subject) for message in mail.outbox] == [
        ([ada.email], "Confirm your e-mail address")
    ]
    EmailAddress.objects.filter(user=ada).update(verified=True)
    refused = api.post(f"operator/people/{ada.pk}/remind")
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "already_confirmed")
    assert [action for action, _reason in list_acts(otto)] == [
        "workspaces.second_factor_reset",
        "workspaces.confirmation_mailed",
    ]

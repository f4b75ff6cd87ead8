"""How many mails people may cause, also in parallel."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from core.errors import RateLimited
from core.scope import system_scope
from tests.support.factories.workspaces import UserFactory, WorkspaceFactory
from tests.support.jobs import take_jobs
from workspaces.models import Invitation, User
from workspaces.services.members import invite_member


def test_sixty_parallel_invitations_stop_at_the_limit(transactional_db: None, settings: Any) -> None:
    settings.INVITATIONS_PER_PERSON_HOUR = 10
    with system_scope("tests"):
        owner = UserFactory.create()
        acme = WorkspaceFactory.create(owner=owner)
    refused: list[RateLimited] = []

    def invite(number: int) -> None:
        try:
            for each in range(15):
                with system_scope("tests"):
                    invite_member(
                        workspace=acme, email=f"p{number}-{each}@example.test", role="member", by=owner,
                        at=timezone.now(),
                    )  # fmt: skip
        except RateLimited as error:
            refused.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=invite, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with system_scope("tests"):
        assert Invitation.objects.count() == 10
    assert len(refused) == 4
    assert all(0 < error.data["retry_after"] <= 3600 for error in refused)
    assert [name for name, _kwargs in take_jobs()].count("workspaces.send_queued_mail") == 10


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("name", "limit"),
    [("INVITATIONS_PER_PERSON_HOUR", 2), ("INVITATIONS_PER_WORKSPACE_DAY", 2), ("MAILS_PER_ADDRESS_HOUR", 2)],
)
def test_the_page_says_that_it_was_too_many(settings: Any, name: str, limit: int) -> None:
    setattr(settings, name, limit)
    owner = UserFactory.create()
    acme = WorkspaceFactory.create(owner=owner)
    client = Client()
    client.force_login(owner)
    answers = []
    for number in range(3):
        email = "one@example.test" if name == "MAILS_PER_ADDRESS_HOUR" else f"{number}@example.test"
        answers.append(client.post(f"/w/{acme.slug}/admin/members", {"email": email, "role": "member"}))
    assert [answer.status_code for answer in answers] == [302, 302, 400]
    assert "Too many invitations at once" in answers[-1].content.decode()
    assert Invitation.objects.count() == 2


@pytest.mark.django_db
@pytest.mark.parametrize("known", [True, False])
def test_reset_mails_are_limited_by_recipient_and_by_client(settings: Any, known: bool) -> None:
    settings.MAILS_PER_ADDRESS_HOUR = 2
    email = UserFactory.create().email if known else "nobody@example.test"
    answers = [
        Client(REMOTE_ADDR=f"203.0.113.{number}").post("/accounts/password/reset/", {"email": email})
        for number in range(3)
    ]
    assert [answer.status_code for answer in answers] == [302, 302, 429]
    assert 0 < int(answers[-1].headers["Retry-After"]) <= 3600
    settings.MAILS_PER_CLIENT_HOUR = 2
    answers = [
        Client(REMOTE_ADDR="198.51.100.1").post("/accounts/password/reset/", {"email": f"{n}@example.test"})
        for n in range(3)
    ]
    assert [answer.status_code for answer in answers] == [302, 302, 429]


@pytest.mark.django_db
def test_a_refused_sign_up_creates_nothing(settings: Any) -> None:
    settings.MAILS_PER_CLIENT_HOUR = 1
    for number in range(2):
        answer = Client().post(
            "/accounts/signup/",
            {"display_name": "Ada", "email": f"{number}@example.test", "password1": "another good phrase"},
        )
    assert answer.status_code == 429
    assert [user.email for user in User.objects.all()] == ["0@example.test"]

"""Removing a member: the GPTs go to a successor or stay, shares end, a refusal changes nothing."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from core.errors import Conflict, DomainError
from gpts.assistants.models import GPT, GPTShare
from gpts.assistants.queries.owned import count_owned_gpts
from gpts.assistants.services.leavers import remove_leaver
from tests.support.companies import create_company
from tests.support.factories.gpts import GPTFactory
from tests.support.factories.workspaces import UserFactory
from tests.support.jobs import run_enqueued_jobs
from tests.support.times import AT
from workspaces.models import Member, User, Workspace

pytestmark = pytest.mark.django_db


@pytest.fixture
def people() -> dict[str, User]:
    return {name: UserFactory.create(display_name=name) for name in ("owner", "builder", "member")}


@pytest.fixture
def company(people: dict[str, User]) -> Workspace:
    return create_company(people["owner"], builder=people["builder"], member=people["member"])


@pytest.fixture
def gpt(company: Workspace, people: dict[str, User]) -> GPT:
    return GPTFactory.create(owner=people["builder"], workspace=company)


def seat(company: Workspace, user: User) -> Member:
    return Member.objects.get(workspace=company, user=user)


def test_the_gpts_of_a_leaver_go_to_the_successor(
    client: Client,
    company: Workspace,
    people: dict[str, User],
    gpt: GPT,
    django_capture_on_commit_callbacks: Any,
) -> None:
    shared = GPTFactory.create(owner=people["owner"], workspace=company)
    GPTShare.objects.create(
        gpt=shared, workspace=company, user=people["builder"], right="chat", created_at=AT
    )
    client.force_login(people["owner"])
    base = f"/w/{company.slug}/admin/members"
    page = client.get(base).content.decode()
    assert ("They own 1 GPT here." in page, "Who gets them" in page) == (True, True)
    leaver = seat(company, people["builder"])
    with django_capture_on_commit_callbacks(execute=True):
        answer = client.post(f"{base}/{leaver.pk}/remove", {"successor": people["owner"].email})
    assert answer.status_code == 302
    run_enqueued_jobs()
    gpt.refresh_from_db()
    assert (gpt.owner, GPTShare.objects.count()) == (people["owner"], 0)
    assert count_owned_gpts(company, [user.pk for user in people.values()]) == {people["owner"].pk: 2}


@pytest.mark.parametrize("successor", ["member", "builder", "stranger"])
def test_a_successor_who_may_own_none_refuses_the_removal(
    company: Workspace, people: dict[str, User], gpt: GPT, successor: str
) -> None:
    leaver = seat(company, people["builder"])
    other = (
        UserFactory.create().memberships.get()
        if successor == "stranger"
        else seat(company, people[successor])
    )
    with pytest.raises(DomainError) as refusal:
        remove_leaver(member=leaver, successor=other, by=people["owner"], at=AT)
    assert refusal.value.code == "unknown_successor"
    gpt.refresh_from_db()
    assert (gpt.owner, Member.objects.filter(pk=leaver.pk).exists()) == (people["builder"], True)


def test_without_a_successor_the_gpts_stay_and_the_last_owner_cannot_leave(
    company: Workspace, people: dict[str, User], gpt: GPT
) -> None:
    remove_leaver(member=seat(company, people["builder"]), successor=None, by=people["owner"], at=AT)
    gpt.refresh_from_db()
    assert gpt.owner == people["builder"]
    with pytest.raises(Conflict) as refusal:
        remove_leaver(member=seat(company, people["owner"]), successor=None, by=people["owner"], at=AT)
    assert refusal.value.code == "last_owner"


def test_shares_end_whoever_removes_the_member(
    client: Client, company: Workspace, people: dict[str, User], gpt: GPT
) -> None:
    for name in ("member", "owner"):
        GPTShare.objects.create(gpt=gpt, workspace=company, user=people[name], right="chat", created_at=AT)
    client.force_login(people["owner"])
    member = seat(company, people["member"])
    path = f"/w/{company.slug}/admin/members/batch"
    assert client.post(path, {"act": "remove", "member": [member.pk, "²", "9" * 5_000]}).status_code == 302
    assert [share.user for share in GPTShare.objects.all()] == [people["owner"]]


def test_a_wrong_successor_is_no_address(client: Client, company: Workspace, people: dict[str, Any]) -> None:
    client.force_login(people["owner"])
    leaver = seat(company, people["builder"])
    for text in ("999999999", "x", "-1", "9" * 400, people["member"].email, people["builder"].email):
        answer = client.post(f"/w/{company.slug}/admin/members/{leaver.pk}/remove", {"successor": text})
        assert (answer.status_code, text[:40] in answer.content.decode()) == (400, True)
    assert Member.objects.filter(pk=leaver.pk).exists()

"""GPTs get another owner: one at once, all of somebody who leaves by a job."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.utils import timezone

from core.errors import Conflict, Forbidden, InvalidInput, NotFound
from core.models import AuditEvent
from core.scope import open_scope
from gpts.assistants.access import access_gpt
from gpts.assistants.models import GPT, GPTShare, GPTTransfer
from gpts.assistants.queries.gpts import get_payee_id
from gpts.assistants.rules import GPTAct
from gpts.assistants.services.quarantine import quarantine_gpt
from gpts.assistants.services.shares import set_share
from gpts.assistants.services.transfers import (
    request_transfer,
    resume_transfers,
    run_transfer,
    transfer_gpt,
    transfer_gpts,
)
from tests.support.companies import create_company
from tests.support.factories.gpts import GPTFactory
from tests.support.factories.workspaces import MemberFactory, UserFactory
from tests.support.jobs import run_enqueued_jobs, take_jobs
from tests.support.times import NOW
from workspaces.access import scope_for
from workspaces.models import Member, Notification, User, Workspace

pytestmark = pytest.mark.django_db


@pytest.fixture
def people() -> dict[str, User]:
    return {
        name: UserFactory.create(display_name=name.title())
        for name in ("boss", "maker", "heir", "member", "stranger")
    }


@pytest.fixture
def company(people: dict[str, User]) -> Workspace:
    company = create_company(people["boss"], builder=people["maker"], member=people["member"])
    MemberFactory.create(workspace=company, user=people["heir"], role="builder", by=people["boss"])
    return company


def list_moves() -> list[tuple[int | None, str, object]]:
    events = AuditEvent.objects.filter(action="gpts.gpt_transferred").order_by("pk")
    return [(event.actor_id, event.subject_id, event.data["changes"]) for event in events]


@pytest.mark.parametrize(("actor", "stays_editor"), [("maker", True), ("boss", False)])
def test_the_owner_or_an_admin_gives_a_gpt_to_a_builder(
    people: dict[str, User], company: Workspace, actor: str, stays_editor: bool
) -> None:
    gpt = GPTFactory.create(owner=people["maker"], workspace=company)
    by, heir = people[actor], people["heir"]
    set_share(gpt=gpt, right="view", user=heir, by=by, at=NOW)

    with open_scope(scope_for(by)):
        for _again in range(2):
            found = access_gpt(by, gpt.slug, to=GPTAct.MANAGE) if actor == "boss" else gpt
            assert transfer_gpt(gpt=found, to_user=heir, by=by, at=NOW).owner == heir

    gpt.refresh_from_db()
    assert gpt.owner == heir
    assert get_payee_id(gpt) == heir.pk
    expected = [(people["maker"].pk, "edit")] if stays_editor else []
    assert list(GPTShare.objects.values_list("user_id", "right")) == expected
    assert list_moves() == [(by.pk, str(gpt.pk), {"owner_id": [people["maker"].pk, heir.pk]})]
    with open_scope(scope_for(heir)):
        access_gpt(heir, gpt.slug, to=GPTAct.MANAGE)
        note = Notification.objects.get()
    assert (note.user, note.title) == (heir, f"1 GPT of {company.name} is yours now")
    assert note.url == f"/build/{gpt.slug}/share"
    with open_scope(scope_for(people["maker"])), pytest.raises((Forbidden, NotFound)):
        access_gpt(people["maker"], gpt.slug, to=GPTAct.MANAGE)


def test_refused_transfers_change_nothing(people: dict[str, User], company: Workspace) -> None:
    gpt = GPTFactory.create(owner=people["maker"], workspace=company)
    own = GPTFactory.create(owner=people["maker"])
    foreign = GPTFactory.create(owner=people["stranger"])
    held = GPTFactory.create(owner=people["maker"], workspace=company, name="Held")
    quarantine_gpt(gpt=held, at=NOW)
    maker, heir = people["maker"], people["heir"]
    for name in ("member", "stranger"):
        with pytest.raises(InvalidInput) as caught:
            transfer_gpt(gpt=gpt, to_user=people[name], by=maker, at=NOW)
        assert (caught.value.code, caught.value.field) == ("unknown_successor", "to")
        with pytest.raises(InvalidInput):
            transfer_gpts(workspace=company, from_user=maker, to_user=people[name], by=maker, at=NOW)
    with pytest.raises(InvalidInput):
        transfer_gpts(workspace=company, from_user=maker, to_user=maker, by=maker, at=NOW)
    with pytest.raises(Forbidden):
        transfer_gpt(gpt=own, to_user=heir, by=maker, at=NOW)
    with pytest.raises(Conflict):
        transfer_gpt(gpt=held, to_user=heir, by=people["boss"], at=NOW)
    for ids in ([gpt.pk, foreign.pk], [own.pk], [2**40]):
        with pytest.raises(NotFound):
            request_transfer(workspace=company, gpt_ids=ids, to_user=heir, by=people["boss"], at=NOW)

    assert set(GPT.objects.values_list("owner", flat=True)) == {maker.pk, people["stranger"].pk}
    assert not GPTTransfer.objects.exists()
    assert list_moves() == []


def test_all_gpts_of_a_leaver_go_to_one_successor(
    people: dict[str, User], company: Workspace, django_capture_on_commit_callbacks: Any
) -> None:
    run_on_commit = django_capture_on_commit_callbacks
    maker, heir, boss = people["maker"], people["heir"], people["boss"]
    gpts = [GPTFactory.create(owner=maker, workspace=company, name=f"G{number}") for number in range(3)]
    quarantine_gpt(gpt=gpts[1], at=NOW)
    personal = GPTFactory.create(owner=maker)
    others = GPTFactory.create(owner=boss, workspace=company, name="Boss's")
    take_jobs()
    with run_on_commit(execute=True), open_scope(scope_for(boss)):
        Member.objects.filter(workspace=company, user=maker).delete()
        transfer = transfer_gpts(workspace=company, from_user=maker, to_user=heir, by=boss, at=NOW)
    assert (transfer.done_count, len(transfer.gpt_ids), transfer.finished_at) == (0, 3, None)

    assert "gpts.transfer_gpts" in run_enqueued_jobs()
    assert not run_transfer(transfer_id=transfer.pk, clock=timezone.now)

    transfer.refresh_from_db()
    assert (transfer.moved_ids, transfer.skipped_ids) == ([gpts[0].pk, gpts[2].pk], [gpts[1].pk])
    assert transfer.finished_at is not None
    owners = dict(GPT.objects.values_list("pk", "owner_id"))
    assert owners == {
        gpts[0].pk: heir.pk,
        gpts[1].pk: maker.pk,
        gpts[2].pk: heir.pk,
        personal.pk: maker.pk,
        others.pk: boss.pk,
    }
    assert [(actor, subject) for actor, subject, _changes in list_moves()] == [
        (boss.pk, str(gpts[0].pk)),
        (boss.pk, str(gpts[2].pk)),
    ]
    with open_scope(scope_for(heir)):
        assert Notification.objects.get().body == "You own and edit from now on: G0, G2."


def test_a_transfer_whose_job_was_lost_goes_on_where_it_was(
    people: dict[str, User], company: Workspace, django_capture_on_commit_callbacks: Any
) -> None:
    maker, heir = people["maker"], people["heir"]
    first, second = (GPTFactory.create(owner=maker, workspace=company, name=name) for name in "AB")
    transfer = transfer_gpts(workspace=company, from_user=maker, to_user=heir, by=None, at=NOW)
    GPTTransfer.objects.filter(pk=transfer.pk).update(moved_ids=[first.pk])
    take_jobs()

    assert resume_transfers(at=NOW + timedelta(seconds=30)) == 0
    with django_capture_on_commit_callbacks(execute=True):
        assert resume_transfers(at=NOW + timedelta(minutes=3)) == 1
    [(name, arguments)] = take_jobs()
    assert (name, arguments) == ("gpts.transfer_gpts", {"transfer_id": str(transfer.pk)})
    assert run_transfer(transfer_id=UUID(arguments["transfer_id"]), clock=lambda: NOW)

    assert [subject for _by, subject, _changes in list_moves()] == [str(second.pk)]
    assert resume_transfers(at=NOW + timedelta(days=1)) == 0


def test_a_successor_who_left_meanwhile_gets_nothing(people: dict[str, User], company: Workspace) -> None:
    gpt = GPTFactory.create(owner=people["maker"], workspace=company)
    transfer = transfer_gpts(
        workspace=company, from_user=people["maker"], to_user=people["heir"], by=people["boss"], at=NOW
    )
    Member.objects.filter(workspace=company, user=people["heir"]).delete()

    assert run_transfer(transfer_id=transfer.pk, clock=lambda: NOW)

    gpt.refresh_from_db()
    assert gpt.owner == people["maker"]
    assert GPTTransfer.objects.get().skipped_ids == [gpt.pk]
    assert not Notification.objects.exists()


def test_a_leaver_without_gpts_needs_no_job(people: dict[str, User], company: Workspace) -> None:
    take_jobs()
    transfer = transfer_gpts(
        workspace=company, from_user=people["member"], to_user=people["heir"], by=people["boss"], at=NOW
    )
    assert transfer.finished_at == NOW
    assert take_jobs() == []


def test_admins_edit_a_gpt_whose_maker_left_until_it_has_an_owner(
    people: dict[str, User], company: Workspace
) -> None:
    gpt = GPTFactory.create(owner=people["maker"], workspace=company)
    boss = people["boss"]

    def may_boss_edit() -> bool:
        try:
            with open_scope(scope_for(boss)):
                access_gpt(boss, gpt.slug, to=GPTAct.EDIT)
        except Forbidden:
            return False
        return True

    assert not may_boss_edit()
    User.objects.filter(pk=people["maker"].pk).update(is_active=False)
    assert may_boss_edit()
    User.objects.filter(pk=people["maker"].pk).update(is_active=True)
    assert not may_boss_edit()
    Member.objects.filter(user=people["maker"], workspace=company).delete()
    assert may_boss_edit()
    with open_scope(scope_for(people["heir"])), pytest.raises(NotFound):
        access_gpt(people["heir"], gpt.slug, to=GPTAct.EDIT)
    transfer_gpt(gpt=gpt, to_user=people["heir"], by=boss, at=NOW)
    assert not may_boss_edit()


def test_a_gpt_with_a_newer_owner_is_skipped(people: dict[str, User], company: Workspace) -> None:
    maker, boss, heir = people["maker"], people["boss"], people["heir"]
    gpts = [GPTFactory.create(owner=maker, workspace=company, name=name) for name in "AB"]
    requests = (
        transfer_gpts(workspace=company, from_user=maker, to_user=heir, by=boss, at=NOW),
        request_transfer(workspace=company, gpt_ids=[gpt.pk for gpt in gpts], to_user=heir, by=boss, at=NOW),
    )
    transfer_gpt(gpt=gpts[0], to_user=boss, by=maker, at=NOW)

    for transfer in requests:
        assert run_transfer(transfer_id=transfer.pk, clock=lambda: NOW)
        transfer.refresh_from_db()
        assert (transfer.moved_ids, transfer.skipped_ids) == ([gpts[1].pk], [gpts[0].pk])

    assert dict(GPT.objects.values_list("pk", "owner_id")) == {gpts[0].pk: boss.pk, gpts[1].pk: heir.pk}

"""Ways into a workspace and out of it: links, guests, seats, files of invitations, last activity."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from core.errors import Conflict, DomainError, Forbidden, InvalidInput, NotFound
from core.models import AuditEvent
from core.scope import system_scope
from tests.support.api_client import create_key, get_bearer_header
from tests.support.companies import create_company
from tests.support.factories.workspaces import UserFactory
from tests.support.jobs import run_enqueued_jobs, take_jobs
from tests.support.times import AT
from workspaces.access import (
    access_invitation_by_token,
    access_invite_link_by_token,
    personal_workspace,
)
from workspaces.models import Guest, Invitation, InviteLink, Member, PolicyRule, ScimUser, User, Workspace
from workspaces.policy import Act
from workspaces.queries import is_active_guest
from workspaces.services import activity
from workspaces.services.guests import expire_guests, extend_guest, invite_guest, start_guest
from workspaces.services.invitation_import import import_invitations, mail_imported_invitations
from workspaces.services.invite_links import create_invite_link, join_by_link, revoke_invite_link
from workspaces.services.joining import join_workspace
from workspaces.services.members import (
    accept_invitation,
    add_member,
    invite_member,
    remove_member,
    revoke_invitation,
)
from workspaces.states import Role

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner() -> User:
    return UserFactory.create(display_name="Owner")


@pytest.fixture
def member() -> User:
    return UserFactory.create(display_name="Max")


@pytest.fixture
def bob() -> User:
    return UserFactory.create(display_name="Bob")


@pytest.fixture
def company(owner: User, member: User) -> Workspace:
    return create_company(owner, member=member)


def make_link(company: Workspace, by: User, **values: Any) -> tuple[InviteLink, str]:
    settings: dict[str, Any] = {"role": "builder", "days": 7, "max_uses": None} | values
    return create_invite_link(workspace=company, **settings, by=by, at=AT)


def seat(company: Workspace, user: User) -> Member:
    return Member.objects.get(workspace=company, user=user)


# Links -----------------------------------------------------------------------------------------------------


def test_a_link_gives_its_role_until_it_is_used_up(company: Workspace, owner: User, bob: User) -> None:
    link, token = make_link(company, owner, max_uses=1)
    assert token not in link.token_hash
    member = join_by_link(link=access_invite_link_by_token(token, at=AT), by=bob, at=AT)
    assert (member.role, InviteLink.objects.get().used_count) == (Role.BUILDER, 1)
    late = UserFactory.create(display_name="Late")
    for act in (
        lambda: access_invite_link_by_token(token, at=AT),
        lambda: join_by_link(link=link, by=late, at=AT),
    ):
        with pytest.raises(NotFound) as refusal:
            act()
        assert refusal.value.code == "link_used_up"
    assert not Member.objects.filter(workspace=company, user=late).exists()


def test_who_was_removed_comes_back_by_an_invitation_and_not_by_a_link(
    company: Workspace, owner: User, bob: User
) -> None:
    link, _token = make_link(company, owner)
    remove_member(member=join_by_link(link=link, by=bob, at=AT), by=bob, at=AT)
    member = join_by_link(link=link, by=bob, at=AT)  # who left may come back
    remove_member(member=member, by=owner, at=AT)
    with pytest.raises(Forbidden) as refusal:
        join_by_link(link=link, by=bob, at=AT)
    assert (refusal.value.code, InviteLink.objects.get().used_count) == ("removed_here", 2)
    later = AT + timedelta(hours=1)
    invitation, _token = invite_member(
        workspace=company, email=bob.email, role=Role.MEMBER, by=owner, at=later
    )
    back = accept_invitation(invitation=invitation, by=bob, at=later)
    assert back is not None
    remove_member(member=back, by=bob, at=later)
    join_by_link(link=link, by=bob, at=later)


def test_whom_the_identity_provider_deactivated_joins_by_no_link(
    company: Workspace, owner: User, bob: User
) -> None:
    link, _token = make_link(company, owner)
    ScimUser.objects.create(
        workspace=company, user=bob, user_name="bob", email=bob.email, is_active=False, created_at=AT,
        changed_at=AT,
    )  # fmt: skip
    with pytest.raises(Forbidden) as refusal:
        join_by_link(link=link, by=bob, at=AT)
    assert refusal.value.code == "removed_here"


def test_each_reason_why_a_link_lets_nobody_in_has_its_sentence(
    company: Workspace, owner: User, bob: User
) -> None:
    link, token = make_link(company, owner)
    with pytest.raises(Conflict) as twice:
        join_by_link(link=link, by=owner, at=AT)
    assert (twice.value.code, InviteLink.objects.get().used_count) == ("already_member", 0)
    seen = set()
    for code, at, change in (
        ("link_expired", AT + timedelta(days=7), lambda: None),
        ("link_revoked", AT, lambda: revoke_invite_link(link=link, by=owner, at=AT)),
        (
            "workspace_suspended",
            AT,
            lambda: Workspace.objects.filter(pk=company.pk).update(suspended_at=AT),
        ),
    ):
        change()
        with pytest.raises(NotFound) as refusal:
            access_invite_link_by_token(token, at=at)
        assert refusal.value.code == code
        seen.add(str(refusal.value.message))
    assert len(seen) == 3
    with pytest.raises(NotFound):
        access_invite_link_by_token("x" * 5_000, at=AT)
    assert not Member.objects.filter(workspace=company, user=bob).exists()


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"role": "admin"}, "role_by_link"),
        ({"role": "owner"}, "role_by_link"),
        ({"role": "king"}, "role_by_link"),
        ({"days": 0}, "days_invalid"),
        ({"days": 91}, "days_invalid"),
        ({"max_uses": 0}, "uses_invalid"),
        ({"max_uses": 10_001}, "uses_invalid"),
        ({"label": "n" * 10_000}, "too_long"),
    ],
)
def test_links_that_would_give_too_much_are_refused(
    company: Workspace, owner: User, values: dict[str, Any], code: str
) -> None:
    with pytest.raises(InvalidInput) as refusal:
        make_link(company, owner, **values)
    assert (refusal.value.code, InviteLink.objects.count()) == (code, 0)


def test_a_link_is_shown_once_and_its_page_joins(
    client: Client, company: Workspace, owner: User, bob: User
) -> None:
    client.force_login(owner)
    path = f"/w/{company.slug}/admin/links"
    page = client.post(path, {"role": "member", "days": "7", "label": "<b>"}).content.decode()
    start = page.index("/join/link/")
    address = page[start : start + len("/join/link/") + 43]
    assert ("&lt;b&gt;" in page, address in client.get(path).content.decode()) == (True, False)
    guest = Client()
    away = guest.get(address)
    assert away.headers["Location"] == f"/accounts/login/?next={address}"
    guest.force_login(bob)
    assert "another account" in guest.get(address).content.decode()
    assert guest.post(address).headers["Location"] == f"/w/{company.slug}/"
    assert seat(company, bob).role == Role.MEMBER
    assert "already" in guest.get(address).content.decode()
    assert guest.post(address).status_code == 409
    client.post(f"{path}/{InviteLink.objects.get().pk}/revoke")
    assert guest.get(address).status_code == 404


def test_who_is_removed_leaves_no_way_back(company: Workspace, owner: User, bob: User) -> None:
    admin = add_member(workspace=company, user=bob, role=Role.ADMIN, by=owner, at=AT)
    _link, token = make_link(company, bob)
    _own, kept = make_link(company, owner)
    Invitation.objects.create(
        workspace=company, email=bob.email, role="owner", token_hash="1" * 64, invited_by=owner,
        created_at=AT, expires_at=AT + timedelta(days=9),
    )  # fmt: skip
    remove_member(member=admin, by=owner, at=AT)
    with pytest.raises(NotFound):
        access_invite_link_by_token(token, at=AT)
    access_invite_link_by_token(kept, at=AT)
    assert Invitation.objects.filter(email=bob.email, revoked_at=None).count() == 0


# Invitations by mail ---------------------------------------------------------------------------------------


def test_each_reason_why_an_invitation_is_not_open_has_its_sentence(
    company: Workspace, owner: User, bob: User
) -> None:
    def invite() -> tuple[Invitation, str]:
        return invite_member(workspace=company, email=bob.email, role="member", by=owner, at=AT)

    def code(token: str, at: Any = AT) -> str:
        with pytest.raises(NotFound) as refusal:
            access_invitation_by_token(token, at=at)
        return refusal.value.code

    invitation, token = invite()
    assert code(token, AT + timedelta(days=15)) == "invitation_expired"
    revoke_invitation(invitation=invitation, by=owner, at=AT)
    assert code(token) == "invitation_revoked"
    invitation, token = invite()
    accept_invitation(invitation=invitation, by=bob, at=AT)
    assert code(token) == "invitation_used"
    Workspace.objects.filter(pk=company.pk).update(suspended_at=AT)
    assert code(token) == "workspace_suspended"


def test_an_invitation_opened_by_another_account_offers_to_change_it(
    client: Client, company: Workspace, owner: User, member: User, bob: User
) -> None:
    _invitation, token = invite_member(
        workspace=company, email=bob.email, role="member", by=owner, at=timezone.now()
    )
    client.force_login(member)
    page = client.get(f"/join/{token}").content.decode()
    assert (member.email in page, bob.email in page, "/accounts/logout/" in page) == (True, False, True)
    assert client.post(f"/join/{token}").status_code == 403
    assert Invitation.objects.get().accepted_at is None


# Seats -----------------------------------------------------------------------------------------------------


def test_no_way_in_passes_the_number_of_seats(company: Workspace, owner: User, bob: User) -> None:
    link, _token = make_link(company, owner)
    invitation, _mailed = invite_member(workspace=company, email=bob.email, role="member", by=owner, at=AT)
    Workspace.objects.filter(pk=company.pk).update(seats=2)
    ways: list[Callable[[], Any]] = [
        lambda: join_by_link(link=link, by=bob, at=AT),
        lambda: accept_invitation(invitation=invitation, by=bob, at=AT),
        lambda: add_member(workspace=company, user=bob, role="member", by=owner, at=AT),
        lambda: add_member(workspace=company, user=bob, role="member", by=None, at=AT),
    ]
    for way in ways:
        with pytest.raises(Conflict) as refusal:
            way()
        assert (refusal.value.code, refusal.value.data) == ("no_seat", {"seats": 2})
    invitation.refresh_from_db()
    assert (invitation.accepted_at, InviteLink.objects.get().used_count) == (None, 0)
    Workspace.objects.filter(pk=company.pk).update(seats=None)
    assert join_by_link(link=link, by=bob, at=AT).role == Role.BUILDER


# Guests ----------------------------------------------------------------------------------------------------


def test_a_guest_comes_stays_and_goes_without_being_a_member(
    company: Workspace, owner: User, bob: User
) -> None:
    Workspace.objects.filter(pk=company.pk).update(seats=2)  # a guest takes none
    _mailed, token = invite_guest(workspace=company, email=bob.email, days=30, by=owner, at=AT)
    assert accept_invitation(invitation=access_invitation_by_token(token, at=AT), by=bob, at=AT) is None
    guest = Guest.objects.get()
    assert (guest.user, guest.invited_by, guest.expires_at) == (bob, owner, AT + timedelta(days=30))
    assert not Member.objects.filter(workspace=company, user=bob).exists()
    end = AT + timedelta(days=30)
    assert [is_active_guest(bob.pk, company.pk, at=at) for at in (AT, end)] == [True, False]
    extend_guest(guest=guest, days=60, by=owner, at=AT)
    assert is_active_guest(bob.pk, company.pk, at=end)
    assert [expire_guests(at=end), expire_guests(at=AT + timedelta(days=60)), expire_guests(at=end)] == [
        0,
        1,
        0,
    ]
    with pytest.raises(Conflict) as gone:
        extend_guest(guest=guest, days=1, by=owner, at=AT)
    assert gone.value.code == "guest_ended"
    assert AuditEvent.objects.filter(action="workspaces.guest_ended").count() == 1


def test_a_guest_who_was_extended_meanwhile_stays(company: Workspace, owner: User, bob: User) -> None:
    until = AT + timedelta(days=9)
    guest = start_guest(workspace=company, user=bob, invited_by=owner, until=until, at=AT)

    def extend_first(execute: Any, sql: str, *rest: Any) -> Any:
        if sql.startswith('UPDATE "workspaces_guest" SET "ended_at"'):
            with connection.cursor() as cursor:
                cursor.cursor.execute(
                    "UPDATE workspaces_guest SET expires_at = %s WHERE id = %s",
                    [until + timedelta(days=9), guest.pk],
                )
        return execute(sql, *rest)

    with system_scope("tests"), connection.execute_wrapper(extend_first):
        assert expire_guests(at=until) == 0
    assert is_active_guest(bob.pk, company.pk, at=until)


@pytest.mark.parametrize("address", ["g@evil.example ", "g@EVIL.example", "g@b\u00fccher.example"])
def test_the_policy_is_asked_with_the_domain_of_the_cleaned_address(
    client: Client, company: Workspace, owner: User, address: str
) -> None:
    for host in ("evil.example", "xn--bcher-kva.example"):
        PolicyRule.objects.create(
            workspace=company, act=Act.INVITE_GUEST, subject_kind="everyone", target_kind="host",
            target_value=host, effect="deny",
        )  # fmt: skip
    key = create_key(owner, "account", workspace=company)
    answer = client.post(
        f"/api/v1/workspaces/{company.slug}/guests",
        {"email": address, "days": 9},
        content_type="application/json",
        headers=get_bearer_header(key),
    )
    client.force_login(owner)
    page = client.post(f"/w/{company.slug}/admin/guests", {"email": address, "days": "30"})
    assert (answer.status_code, page.status_code, Invitation.objects.count()) == (403, 403, 0)


def test_a_guest_is_made_no_admin_by_any_way_and_may_become_a_member(
    company: Workspace, owner: User, bob: User
) -> None:
    start_guest(workspace=company, user=bob, invited_by=owner, until=AT + timedelta(days=9), at=AT)
    for role in (Role.ADMIN, Role.OWNER):
        for by in (owner, None):
            with pytest.raises(Conflict) as refusal:
                add_member(workspace=company, user=bob, role=role, by=by, at=AT)
            assert refusal.value.code == "guest_not_admin"
    assert is_active_guest(bob.pk, company.pk, at=AT)
    add_member(workspace=company, user=bob, role=Role.MEMBER, by=owner, at=AT)
    assert not is_active_guest(bob.pk, company.pk, at=AT)


@pytest.mark.parametrize("days", [0, 366, -5])
def test_guests_stay_for_a_limited_time(company: Workspace, owner: User, days: int) -> None:
    with pytest.raises(InvalidInput) as refusal:
        invite_guest(workspace=company, email="g@else.example", days=days, by=owner, at=AT)
    assert (refusal.value.code, Invitation.objects.count(), len(mail.outbox)) == ("days_invalid", 0, 0)


def test_members_see_and_end_the_guests_that_they_invited(
    client: Client, company: Workspace, owner: User, member: User, bob: User
) -> None:
    until = timezone.now() + timedelta(days=9)
    own = start_guest(workspace=company, user=bob, invited_by=member, until=until, at=AT)
    other = start_guest(
        workspace=company,
        user=UserFactory.create(display_name="Other"),
        invited_by=owner,
        until=until,
        at=AT,
    )
    client.force_login(member)
    base = f"/w/{company.slug}/admin/guests"
    page = client.get(base).content.decode()
    assert ("Bob" in page, "Other" in page) == (True, False)
    assert client.post(base, {"email": "new@else.example", "days": "7"}).status_code == 302
    assert client.post(f"{base}/{other.pk}/end").status_code == 403
    assert client.post(f"{base}/{own.pk}/extend", {"days": "365"}).status_code == 302
    assert client.post(f"{base}/{own.pk}/end").status_code == 302
    own.refresh_from_db()
    assert own.expires_at > until
    assert own.ended_at is not None
    # The guest sees nothing of the workspace.
    client.force_login(bob)
    assert [client.get(path).status_code for path in (base, f"/w/{company.slug}/")] == [404, 404]


# Many at once ----------------------------------------------------------------------------------------------


def test_a_file_invites_its_good_rows_and_names_the_others(
    company: Workspace, owner: User, django_capture_on_commit_callbacks: Any
) -> None:
    content = (
        "\ufeffName;EMail;Role\n"
        "Ann;Ann@New.example;builder\n"
        ";;\n"
        "Ben;ben@new.example;\n"
        "Twice;ann@new.example;admin\n"
        "King;king@new.example;owner\n"
        "Bad;nobody;member\n"
        "Short\n"
        f"Max;{owner.email};member\n"
    ).encode()
    with django_capture_on_commit_callbacks(execute=True):
        result = import_invitations(workspace=company, content=content, by=owner, at=AT)
    rows = Invitation.objects.order_by("email").values_list("email", "role", "mailed_at")
    assert list(rows) == [("ann@new.example", "builder", None), ("ben@new.example", "member", None)]
    assert (result.invited, [(row.line, row.code) for row in result.refused]) == (
        2,
        [
            (5, "repeated"),
            (6, "role_unknown"),
            (7, "email_invalid"),
            (8, "email_invalid"),
            (9, "already_member"),
        ],
    )
    assert [name for name, _arguments in take_jobs()] == ["workspaces.send_imported_invitations"]
    with django_capture_on_commit_callbacks(execute=True), system_scope("tests"):
        assert [mail_imported_invitations(at=AT), mail_imported_invitations(at=AT)] == [2, 0]
    run_enqueued_jobs()
    assert sorted(message.to[0] for message in mail.outbox) == ["ann@new.example", "ben@new.example"]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "file_invalid"),
        (b"\xff\xfe\x00", "file_invalid"),
        (b"name,role\nAnn,member\n", "file_invalid"),
        (b"email\n" + b"a@b.example\n" * 20_001, "too_many_rows"),
        (b"email\n" + b"x" * (4 * 1024 * 1024), "too_many_rows"),
        (b"email\n" + b"x" * 200_000 + b"\n", "file_invalid"),
        (b"email\n" + b"x" * 20_000 + b"\n", "file_invalid"),
    ],
)
def test_files_that_are_none_invite_nobody(
    company: Workspace, owner: User, content: bytes, code: str
) -> None:
    with pytest.raises(DomainError) as refusal:
        import_invitations(workspace=company, content=content, by=owner, at=AT)
    assert (refusal.value.code, refusal.value.field, Invitation.objects.count()) == (code, "file", 0)


def test_a_file_keeps_to_the_limits_of_mails(company: Workspace, owner: User, settings: Any) -> None:
    settings.MAILS_PER_ADDRESS_HOUR, settings.INVITATIONS_PER_WORKSPACE_DAY = 1, 3
    invite_member(workspace=company, email="ann@new.example", role="member", by=owner, at=AT)
    content = b"email\nann@new.example\nben@new.example\ncleo@new.example\ndan@new.example\n"
    result = import_invitations(workspace=company, content=content, by=owner, at=AT)
    assert [(row.line, row.email, row.code) for row in result.refused] == [
        (2, "ann@new.example", "address_limit")
    ]
    waiting = Invitation.objects.filter(mailed_at__isnull=True)
    with system_scope("tests"):
        assert [mail_imported_invitations(at=AT), mail_imported_invitations(at=AT)] == [2, 0]
        assert [row.email for row in waiting] == ["dan@new.example"]
        settings.INVITATIONS_PER_WORKSPACE_DAY = 100
        other = create_company(owner)
        invite_member(workspace=other, email="dan@new.example", role="member", by=owner, at=AT)
        assert mail_imported_invitations(at=AT) == 0
        assert mail_imported_invitations(at=AT + timedelta(days=1)) == 1
    take_jobs()


def test_a_personal_workspace_takes_no_file_and_no_member(owner: User, bob: User) -> None:
    own = personal_workspace(owner)
    for act in (
        lambda: import_invitations(workspace=own, content=b"email\na@new.example\n", by=owner, at=AT),
        lambda: join_workspace(workspace=own, user=bob, role=Role.MEMBER, by=owner, at=AT),
    ):
        with pytest.raises(Conflict) as refusal:
            act()
        assert refusal.value.code == "workspace_personal"
    assert (Invitation.objects.count(), own.members.count()) == (0, 1)


def test_twenty_thousand_rows_are_one_short_transaction(company: Workspace, owner: User) -> None:
    content = b"email\n" + b"".join(b"p%d@many.example\n" % number for number in range(20_000))
    with CaptureQueriesContext(connection) as queries:
        result = import_invitations(workspace=company, content=content, by=owner, at=AT)
    assert (result.invited, result.refused) == (20_000, [])
    assert len(queries) <= 40
    take_jobs()


def test_members_are_changed_and_removed_together_or_not_at_all(
    client: Client, company: Workspace, owner: User, member: User, bob: User
) -> None:
    bobs = add_member(workspace=company, user=bob, role=Role.MEMBER, by=owner, at=AT)
    maxs = seat(company, member)
    client.force_login(owner)
    base = f"/w/{company.slug}/admin/members"
    stranger = UserFactory.create(display_name="Stranger").memberships.get()

    def send(act: str, *members: Member) -> int:
        return client.post(f"{base}/batch", {"act": act, "member": [one.pk for one in members]}).status_code

    assert send("builder", bobs, maxs, stranger) == 409
    assert send("king", bobs, maxs) == 400
    assert send("builder") == 400
    assert set(Member.objects.filter(pk__in=[bobs.pk, maxs.pk]).values_list("role", flat=True)) == {"member"}
    assert send("builder", bobs, maxs) == 302
    assert set(Member.objects.filter(pk__in=[bobs.pk, maxs.pk]).values_list("role", flat=True)) == {"builder"}
    client.post("/accounts/reauthenticate/", {"password": "correct horse battery"})
    assert send("remove", bobs, seat(company, owner)) == 400
    assert Member.objects.filter(workspace=company).count() == 3
    assert send("remove", bobs, maxs) == 302
    assert Member.objects.filter(workspace=company).count() == 1


def test_the_list_is_searched_filtered_and_downloaded(
    client: Client, company: Workspace, owner: User, member: User
) -> None:
    evil = UserFactory.create(display_name="=1+1", email="evil@acme.example")
    add_member(workspace=company, user=evil, role=Role.BUILDER, by=owner, at=AT)
    client.force_login(owner)
    base = f"/w/{company.slug}/admin/members"

    def names(query: str) -> set[str]:
        text = client.get(f"{base}/export?{query}").content.decode("utf-8-sig")
        return {line.split(",")[0] for line in text.splitlines()[1:]}

    assert names("") == {"Owner", "Max", "'=1+1"}
    assert names("q=ACME.example") == {"'=1+1"}
    assert names("role=member") == {"Max"}
    assert names("role=nonsense&group=abc") == {"Owner", "Max", "'=1+1"}
    page = client.get(f"{base}?q=max").content.decode()
    assert ("<bdi>Max</bdi>" in page, "<bdi>Owner</bdi>" in page) == (True, False)
    upload = SimpleUploadedFile("people.csv", b"email,role\nnew@acme.example,builder\nbad,x\n")
    report = client.post(f"{base}/import", {"file": upload}).content.decode()
    assert ("1 person is invited" in report, "No complete e-mail address." in report) == (True, True)


# Last activity ---------------------------------------------------------------------------------------------


def test_the_last_activity_is_written_by_a_job_once_an_hour(
    client: Client, company: Workspace, member: User, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.ACTIVITY_SECONDS = 3600
    monkeypatch.setattr(activity, "_noted", {})
    headers = get_bearer_header(create_key(member, "account", workspace=company))
    client.force_login(member)
    take_jobs()
    for _twice in range(2):
        client.get(f"/w/{company.slug}/")
        client.get("/api/v1/workspaces", headers=headers)
        client.get("/settings/")
    assert [name for name, _arguments in take_jobs()] == ["workspaces.record_activity"]
    for at, written in ((AT, True), (AT, False), (AT - timedelta(days=1), False)):
        assert activity.record_activity(user_id=member.pk, workspace_id=company.pk, at=at) is written
    assert seat(company, member).last_active_at == AT


# API and constraints ---------------------------------------------------------------------------------------


def test_the_api_of_links_invitations_and_guests(company: Workspace, owner: User, bob: User) -> None:
    headers = get_bearer_header(create_key(owner, "account", workspace=company))
    base = f"/api/v1/workspaces/{company.slug}"

    def call(method: str, path: str, body: Any = None) -> Any:
        return Client().generic(
            method,
            f"{base}/{path}",
            b"" if body is None else json.dumps(body),
            content_type="application/json",
            headers=headers,
        )

    made = call("POST", "invite-links", {"role": "builder", "max_uses": 3}).json()
    listed = call("GET", "invite-links").json()["items"]
    assert listed == [{name: value for name, value in made.items() if name != "url"}]
    assert (made["role"], made["max_uses"], made["used_count"]) == ("builder", 3, 0)
    assert "/join/link/" in made["url"]
    assert call("POST", "invite-links", {"role": "admin"}).status_code == 400
    assert call("DELETE", f"invite-links/{made['id']}").status_code == 204
    assert call("GET", "invite-links").json()["items"] == []
    invited = call("POST", "invitations", {"email": "x@else.example", "role": "builder"}).json()
    assert call("GET", "invitations").json()["items"] == [invited]
    assert call("POST", "invitations", {"email": "x@else.example", "role": "owner"}).status_code == 400
    assert call("DELETE", f"invitations/{invited['id']}").status_code == 204
    now = timezone.now()
    start_guest(workspace=company, user=bob, invited_by=owner, until=now + timedelta(days=9), at=now)
    guest = call("GET", "guests").json()["items"][0]
    assert (guest["user"]["email"], guest["invited_by"]["id"]) == (bob.email, owner.pk)
    assert call("PATCH", f"guests/{guest['id']}", {"days": 1_000}).status_code == 400
    assert call("PATCH", f"guests/{guest['id']}", {"days": 30}).json()["expires_at"] > guest["expires_at"]
    assert call("DELETE", f"guests/{guest['id']}").status_code == 204
    assert call("GET", "guests").json()["items"] == []


def test_constraints_of_links_guests_and_invitations(company: Workspace, owner: User, bob: User) -> None:
    link: dict[str, Any] = {
        "workspace": company, "created_by": owner, "created_at": AT, "expires_at": AT, "token_hash": "2" * 64,
    }  # fmt: skip
    invitation: dict[str, Any] = {
        "workspace": company, "email": "a@b.example", "invited_by": owner, "created_at": AT, "expires_at": AT,
        "token_hash": "3" * 64,
    }  # fmt: skip
    guest: dict[str, Any] = {"workspace": company, "user": bob, "created_at": AT, "expires_at": AT}
    Guest.objects.create(**guest)
    wrong: list[Callable[[], Any]] = [
        lambda: InviteLink.objects.create(**link, role="admin"),
        lambda: InviteLink.objects.create(**link, role="member", max_uses=1, used_count=2),
        lambda: InviteLink.objects.create(**link, role="member", max_uses=0),
        lambda: Invitation.objects.create(**invitation, role=""),
        lambda: Invitation.objects.create(**invitation, role="member", guest_until=AT),
        lambda: Guest.objects.create(**guest),
    ]
    for create in wrong:
        with pytest.raises(IntegrityError), transaction.atomic():
            create()

"""Groups: by hand, by rule and from the identity provider; who manages them and who may share with them."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from core.errors import Conflict, DomainError, Forbidden, InvalidInput
from core.models import AuditEvent
from tests.support.api_client import create_key, get_bearer_header
from tests.support.companies import create_company
from tests.support.factories.workspaces import UserFactory
from tests.support.times import AT
from workspaces.email_domains import clean_domain, is_public_mail_host
from workspaces.models import Group, GroupMember, Member, PolicyRule, User, Workspace
from workspaces.queries import list_groups_to_share_with, may_share_with_group
from workspaces.services.groups import (
    MembershipChange,
    add_group_members,
    apply_all_group_rules,
    create_group,
    delete_group,
    remove_group_member,
    rename_group,
    set_group_members,
    update_group,
)
from workspaces.services.members import add_member, remove_member
from workspaces.states import GroupSharing, GroupSource, MemberSource, Role

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner() -> User:
    return UserFactory.create(display_name="Owner")


@pytest.fixture
def member() -> User:
    return UserFactory.create(display_name="Max")


@pytest.fixture
def company(owner: User, member: User) -> Workspace:
    return create_company(owner, member=member)


@pytest.fixture
def sales(company: Workspace, owner: User) -> Group:
    return create_group(workspace=company, name="Sales", by=owner, at=AT)


def seat(company: Workspace, user: User) -> Member:
    return Member.objects.get(workspace=company, user=user)


def people_of(group: Group) -> dict[str, str]:
    rows = GroupMember.objects.filter(group=group).values_list("member__user__display_name", "source")
    return dict(rows)


def set_rule(group: Group, domain: str, by: User) -> Group:
    return update_group(
        group=group, name=group.name, description="", email_domain=domain, sharing="everybody", by=by, at=AT
    )


@pytest.mark.parametrize(
    ("name", "error", "code"),
    [
        ("", InvalidInput, "required"),
        ("\u202e\u200b", InvalidInput, "required"),
        ("n" * 10_000, InvalidInput, "too_long"),
        ("a\x07b", InvalidInput, "control_characters"),
        ("Sаles", InvalidInput, "name_mixed"),  # a Cyrillic а
        ("Sales", Conflict, "group_name_taken"),
        ("sa1es", Conflict, "group_name_taken"),
        ("Sales ", Conflict, "group_name_taken"),
    ],
)
def test_names_that_are_taken_or_deceive_are_refused(
    sales: Group, owner: User, name: str, error: type[DomainError], code: str
) -> None:
    other = create_group(workspace=sales.workspace, name="Legal", by=owner, at=AT)
    acts: list[Callable[[], Any]] = [
        lambda: create_group(workspace=sales.workspace, name=name, by=owner, at=AT),
        lambda: rename_group(group=other, name=name, by=owner, at=AT),
    ]
    for act in acts:
        with pytest.raises(error) as refusal:
            act()
        assert (refusal.value.code, refusal.value.field) == (code, "name")
    assert list(Group.objects.order_by("pk").values_list("name", flat=True)) == ["Sales", "Legal"]


def test_direction_overrides_are_taken_out_of_names_and_chinese_stays(
    company: Workspace, owner: User
) -> None:
    names = [
        create_group(workspace=company, name=name, by=owner, at=AT).name
        for name in ("\u202eevil\u202c  team", "法务部", "فريق المبيعات")
    ]
    assert names == ["evil team", "法务部", "فريق المبيعات"]


def test_members_are_added_all_or_none_and_removed(sales: Group, owner: User, member: User) -> None:
    stranger = UserFactory.create(display_name="Stranger").memberships.get()
    max_seat = seat(sales.workspace, member)
    with pytest.raises(Conflict) as refusal:
        add_group_members(group=sales, member_ids=[max_seat.pk, stranger.pk], by=owner, at=AT)
    assert (refusal.value.code, people_of(sales)) == ("not_a_member", {})
    for added in (1, 0):
        change = add_group_members(group=sales, member_ids=[max_seat.pk], by=owner, at=AT)
        assert change == MembershipChange(added, 0)
    assert people_of(sales) == {"Max": "hand"}
    for _twice in range(2):
        remove_group_member(group=sales, member_id=max_seat.pk, by=owner, at=AT)
    assert people_of(sales) == {}
    actions = AuditEvent.objects.filter(subject_type="workspaces.group").order_by("sequence")
    assert list(actions.values_list("action", flat=True)) == [
        "workspaces.group_created",
        "workspaces.group_members_changed",
        "workspaces.group_member_removed",
    ]


def test_a_rule_follows_verified_addresses_joiners_and_its_own_change(
    company: Workspace, sales: Group, owner: User
) -> None:
    def join(name: str, email: str, *, is_verified: bool = True) -> User:
        user = UserFactory.create(display_name=name, email=email, is_email_verified=is_verified)
        add_member(workspace=company, user=user, role=Role.MEMBER, by=owner, at=AT)
        return user

    join("Ann", "ann@acme.example")
    join("Sub", "sub@mail.acme.example")
    join("Like", "like@notacme.example")
    join("Unverified", "u@acme.example", is_verified=False)
    set_rule(sales, "@ACME.example", owner)
    assert people_of(sales) == {"Ann": "rule"}
    bob = join("Bob", "bob@acme.example")
    assert people_of(sales) == {"Ann": "rule", "Bob": "rule"}
    with pytest.raises(Forbidden) as refusal:
        remove_group_member(group=sales, member_id=seat(company, bob).pk, by=owner, at=AT)
    assert refusal.value.code == "member_by_rule"
    EmailAddress.objects.filter(user=bob).update(verified=False)
    EmailAddress.objects.create(user=owner, email="boss@acme.example", verified=True)
    assert [apply_all_group_rules(at=AT), apply_all_group_rules(at=AT)] == [2, 0]
    assert people_of(sales) == {"Ann": "rule", "Owner": "rule"}
    fresh = Group.objects.get(pk=sales.pk)
    set_rule(fresh, "", owner)
    assert people_of(sales) == {}


def test_a_hand_row_that_the_rule_names_too_becomes_the_rules(sales: Group, owner: User) -> None:
    ann = UserFactory.create(display_name="Ann", email="ann@acme.example")
    row = add_member(workspace=sales.workspace, user=ann, role=Role.MEMBER, by=owner, at=AT)
    add_group_members(group=sales, member_ids=[row.pk], by=owner, at=AT)
    fresh = set_rule(sales, "acme.example", owner)
    assert people_of(fresh) == {"Ann": "hand"}
    remove_group_member(group=fresh, member_id=row.pk, by=owner, at=AT)
    assert people_of(fresh) == {"Ann": "rule"}


def test_the_identity_provider_sets_members_and_people_cannot(
    company: Workspace, owner: User, member: User
) -> None:
    group = create_group(workspace=company, name="Directory", by=None, at=AT, source=GroupSource.SCIM)
    outside = UserFactory.create(display_name="Out")
    assert set_group_members(group=group, user_ids=[owner.pk, member.pk], by=None, at=AT) == MembershipChange(
        2, 0
    )
    with pytest.raises(Conflict) as conflict:
        set_group_members(group=group, user_ids=[outside.pk], by=None, at=AT)
    assert (conflict.value.code, conflict.value.data) == ("not_a_member", {"user_ids": [outside.pk]})
    acts: list[Callable[[], Any]] = [
        lambda: add_group_members(group=group, member_ids=[seat(company, owner).pk], by=owner, at=AT),
        lambda: remove_group_member(group=group, member_id=seat(company, owner).pk, by=owner, at=AT),
        lambda: delete_group(group=group, by=owner, at=AT, is_by_hand=True),
        lambda: update_group(
            group=group, name="Mine", description="", email_domain="", sharing="admins", by=owner, at=AT
        ),
    ]
    for act in acts:
        with pytest.raises(Forbidden) as refusal:
            act()
        assert refusal.value.code == "group_from_scim"
    assert people_of(group) == {"Owner": "scim", "Max": "scim"}
    assert set_group_members(group=group, user_ids=[owner.pk], by=None, at=AT) == MembershipChange(0, 1)
    # Names that only look alike are two groups of a directory.
    create_group(workspace=company, name="D1rectory", by=None, at=AT, source=GroupSource.SCIM)
    delete_group(group=group, by=None, at=AT)
    assert list(Group.objects.values_list("name", flat=True)) == ["D1rectory"]


def test_five_thousand_members_are_set_in_a_few_queries(company: Workspace) -> None:
    users = User.objects.bulk_create(
        User(email=f"p{number}@many.example", display_name=f"P{number}") for number in range(5_000)
    )
    Member.objects.bulk_create(
        Member(workspace=company, user=user, role="member", joined_at=AT) for user in users
    )
    group = create_group(workspace=company, name="All", by=None, at=AT, source=GroupSource.SCIM)
    ids = [user.pk for user in users]
    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert set_group_members(group=group, user_ids=ids, by=None, at=AT) == MembershipChange(5_000, 0)
    assert len(queries) <= 20


@pytest.mark.parametrize(
    ("sharing", "may"),
    [
        (GroupSharing.EVERYBODY, {"Owner", "Max", "Inside", "Maker"}),
        (GroupSharing.MEMBERS, {"Owner", "Inside", "Maker"}),
        (GroupSharing.ADMINS, {"Owner", "Maker"}),
    ],
)
def test_who_may_share_with_a_group(
    company: Workspace, owner: User, member: User, sharing: str, may: set[str]
) -> None:
    inside, maker = (UserFactory.create(display_name=name) for name in ("Inside", "Maker"))
    for user in (inside, maker):
        add_member(workspace=company, user=user, role=Role.MEMBER, by=owner, at=AT)
    group = create_group(workspace=company, name="Sales", by=maker, at=AT, is_owned=True)
    add_group_members(group=group, member_ids=[seat(company, inside).pk], by=maker, at=AT)
    Group.objects.filter(pk=group.pk).update(sharing=sharing)
    stranger = UserFactory.create(display_name="Stranger")
    everybody = (owner, member, inside, maker, stranger)
    assert {str(user) for user in everybody if may_share_with_group(user, group)} == may
    assert group not in list_groups_to_share_with(stranger, company)


def test_the_groups_of_a_leaver_are_left_to_the_admins(company: Workspace, owner: User, member: User) -> None:
    group = create_group(workspace=company, name="Walkers", by=member, at=AT, is_owned=True)
    add_group_members(group=group, member_ids=[seat(company, member).pk], by=member, at=AT)
    remove_member(member=seat(company, member), by=member, at=AT + timedelta(days=1))
    group.refresh_from_db()
    assert (group.owner, people_of(group)) == (None, {})


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("gmail.com", "domain_public"),
        ("mail.qq.com", "domain_public"),
        ("localhost", "domain_invalid"),
        ("a b.example", "domain_invalid"),
        ("-a.example", "domain_invalid"),
        ("10.0.0.1", "domain_invalid"),
        ("acme..example", "domain_invalid"),
        ("someone@acme.example", "domain_invalid"),
        ("x" * 300 + ".example", "too_long"),
    ],
)
def test_domains_that_are_none_or_everybodys(typed: str, code: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        clean_domain(typed, field="domain")
    assert refusal.value.code == code


def test_domains_are_compared_in_one_form() -> None:
    assert [clean_domain(text, field="d") for text in ("@Acme.Example.", "bücher.example")] == [
        "acme.example",
        "xn--bcher-kva.example",
    ]
    assert (is_public_mail_host("notgmail.com"), is_public_mail_host("googlemail.com")) == (False, True)


def test_constraints_of_groups(sales: Group, owner: User) -> None:
    row = seat(sales.workspace, owner)
    creations: list[Callable[[], Any]] = [
        lambda: GroupMember.objects.create(group=sales, member=row, source="magic"),
        lambda: Group.objects.create(workspace=sales.workspace, name="Sales", created_at=AT),
    ]
    for create in creations:
        with pytest.raises(IntegrityError), transaction.atomic():
            create()
    GroupMember.objects.create(group=sales, member=row, source=MemberSource.HAND)


# Pages and API ---------------------------------------------------------------------------------------------


def test_an_admin_makes_fills_and_deletes_a_group_by_its_pages(
    client: Client, company: Workspace, owner: User, member: User
) -> None:
    client.force_login(owner)
    base = f"/w/{company.slug}/admin/groups"
    answer = client.post(base, {"name": "Sales <b>", "description": "Sells"})
    group = Group.objects.get()
    assert (answer.status_code, answer.headers["Location"]) == (302, f"{base}/{group.pk}")
    max_seat = seat(company, member)
    page = client.get(f"{base}/{group.pk}?find=max").content.decode()
    assert ("Sales &lt;b&gt;" in page, f"people/{max_seat.pk}/add" in page) == (True, True)
    client.post(f"{base}/{group.pk}/people/{max_seat.pk}/add")
    assert people_of(group) == {"Max": "hand"}
    refused = client.post(f"{base}/{group.pk}/people", {"emails": f"{owner.email}, nobody@else.example"})
    assert (refused.status_code, "nobody@else.example" in refused.content.decode()) == (400, True)
    assert people_of(group) == {"Max": "hand"}
    client.post(f"{base}/{group.pk}/people", {"emails": f"{owner.email.upper()}\n{member.email}"})
    assert people_of(group) == {"Max": "hand", "Owner": "hand"}
    client.post(f"{base}/{group.pk}/people/{max_seat.pk}/remove")
    wrong = client.post(
        f"{base}/{group.pk}",
        {"name": "Sales", "description": "", "email_domain": "gmail.com", "sharing": "admins"},
    )
    assert wrong.status_code == 400
    client.post(
        f"{base}/{group.pk}",
        {"name": "Sales", "description": "", "email_domain": "", "sharing": "admins"},
    )
    group.refresh_from_db()
    assert (group.name, group.email_domain, group.sharing) == ("Sales", "", "admins")
    assert client.post(f"{base}/{group.pk}/delete", {"confirmation": "sales"}).status_code == 400
    assert client.post(f"{base}/{group.pk}/delete", {"confirmation": "Sales"}).status_code == 302
    assert not Group.objects.exists()
    log = client.get(f"/w/{company.slug}/admin/audit").content.decode()
    assert "a deleted group" in log


def test_a_member_manages_the_group_that_they_made_and_no_other(
    client: Client, company: Workspace, sales: Group, member: User
) -> None:
    client.force_login(member)
    base = f"/w/{company.slug}"
    answer = client.post(f"{base}/groups", {"name": "Readers"})
    own = Group.objects.get(name="Readers")
    assert answer.headers["Location"] == f"{base}/admin/groups/{own.pk}"
    assert own.owner == member
    assert client.get(f"{base}/admin/groups/{own.pk}").status_code == 200
    client.post(f"{base}/admin/groups/{own.pk}/people", {"emails": member.email})
    assert people_of(own) == {"Max": "hand"}
    page = client.get(f"{base}/groups").content.decode()
    assert ("Readers" in page, "Sales" in page) == (True, False)
    for path in (f"groups/{sales.pk}", "groups"):
        assert client.get(f"{base}/admin/{path}").status_code == 403


def test_the_lists_ask_the_same_number_of_queries_for_one_and_three(
    client: Client, company: Workspace, sales: Group, owner: User
) -> None:
    client.force_login(owner)
    paths = [f"/w/{company.slug}/admin/groups", f"/w/{company.slug}/admin/groups/{sales.pk}"]

    def count(path: str) -> int:
        with CaptureQueriesContext(connection) as queries:
            assert client.get(path).status_code == 200
        return len(queries)

    add_group_members(group=sales, member_ids=[seat(company, owner).pk], by=owner, at=AT)
    before = [count(path) for path in paths]
    for name in ("B", "C"):
        create_group(workspace=company, name=name, by=owner, at=AT)
        user = UserFactory.create(display_name=name)
        row = add_member(workspace=company, user=user, role=Role.MEMBER, by=owner, at=AT)
        add_group_members(group=sales, member_ids=[row.pk], by=owner, at=AT)
    assert [count(path) for path in paths] == before


def make_caller(user: User, workspace: Workspace) -> Callable[..., Any]:
    """Return a function that calls the API below /api/v1/ with a key of the workspace."""
    headers = get_bearer_header(create_key(user, "account", workspace=workspace))

    def call(method: str, path: str, body: Any = None) -> Any:
        data = b"" if body is None else json.dumps(body)
        return Client().generic(
            method, f"/api/v1/{path}", data, content_type="application/json", headers=headers
        )

    return call


@pytest.mark.parametrize("is_target", [False, True])
def test_a_group_that_the_policy_names_is_changed_by_admins_only(
    client: Client, company: Workspace, owner: User, member: User, is_target: bool
) -> None:
    group = create_group(workspace=company, name="Readers", is_owned=True, by=member, at=AT)
    own_seat = seat(company, member).pk
    add_group_members(group=group, member_ids=[own_seat], by=member, at=AT)
    target = {"target_kind": "group", "target_value": str(group.pk), "subject_kind": "everyone"}
    subject = {"target_kind": "any", "subject_kind": "group", "group": group}
    PolicyRule.objects.create(
        workspace=company, act="share_with_group" if is_target else "build", effect="deny",
        **(target if is_target else subject),
    )  # fmt: skip

    def list_acts(by: User) -> list[Callable[[], Any]]:
        return [
            lambda: add_group_members(group=group, member_ids=[seat(company, owner).pk], by=by, at=AT),
            lambda: set_rule(group, "acme.example", by),
            lambda: remove_group_member(group=group, member_id=own_seat, by=by, at=AT),
            lambda: delete_group(group=group, by=by, at=AT, is_by_hand=True),
        ]

    for act in list_acts(member):
        with pytest.raises(Forbidden) as refusal:
            act()
        assert refusal.value.code == "group_in_policy"
    call = make_caller(member, company)
    path = f"workspaces/{company.slug}/groups/{group.pk}"
    assert call("DELETE", path).status_code == 403
    assert call("PATCH", path, {"description": "For all who read"}).status_code == 200
    client.force_login(member)
    page = client.post(f"/w/{company.slug}/admin/groups/{group.pk}/delete", {"confirmation": "Readers"})
    assert page.status_code == 403
    assert people_of(group) == {"Max": "hand"}
    for act in list_acts(owner):
        act()
    assert not Group.objects.exists()


def test_the_api_of_groups(company: Workspace, owner: User, member: User) -> None:
    call = make_caller(owner, company)
    base = f"workspaces/{company.slug}/groups"
    made = call("POST", base, {"name": "Sales"})
    group = Group.objects.get()
    whole = {
        "id": group.pk,
        "name": "Sales",
        "description": "",
        "owner": None,
        "source": "hand",
        "email_domain": "",
        "sharing": "everybody",
        "cost_centre": "",
        "member_count": 0,
        "created_at": made.json()["created_at"],
    }
    assert (made.status_code, made.json()) == (201, whole)
    max_seat = seat(company, member)
    assert call("POST", f"{base}/{group.pk}/members", {"members": [max_seat.pk]}).json()["member_count"] == 1
    rows = call("GET", f"{base}/{group.pk}/members").json()["items"]
    assert [(row["member_id"], row["user"]["email"], row["source"]) for row in rows] == [
        (max_seat.pk, member.email, "hand")
    ]
    changed = call("PATCH", f"{base}/{group.pk}", {"sharing": "members"}).json()
    assert changed == whole | {"sharing": "members", "member_count": 1}
    assert call("POST", f"{base}/{group.pk}/members", {"members": [10**18]}).status_code == 409
    assert call("POST", base, {"name": "x" * 10_000}).json()["error"]["code"] == "too_long"
    own = make_caller(member, company)
    assert own("GET", base).json()["items"] == [changed]
    assert own("PATCH", f"{base}/{group.pk}", {"name": "Mine"}).status_code == 403
    made_by_member = own("POST", base, {"name": "Readers"}).json()
    assert made_by_member["owner"]["id"] == member.pk
    assert own("DELETE", f"{base}/{made_by_member['id']}").status_code == 204
    assert call("DELETE", f"{base}/{group.pk}/members/{max_seat.pk}").status_code == 204
    assert people_of(group) == {}

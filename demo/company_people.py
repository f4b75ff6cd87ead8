"""Acme's groups, a guest, an invitation link, invitations and seats; some of its readers as members."""

from __future__ import annotations

from datetime import datetime, timedelta

from workspaces.models import Group, Member, User, Workspace
from workspaces.services.groups import add_group_members, create_group, update_group
from workspaces.services.guests import start_guest
from workspaces.services.invite_links import create_invite_link
from workspaces.services.members import add_member
from workspaces.services.workspace_control import set_workspace_limits
from workspaces.states import GroupSharing, Role

ACME, GLOBEX = "acme", "globex"
ADMIN, MEMBER, BUILDER = "admin@acme.test", "member@acme.test", "builder@acme.test"
SEATS = 25
# From the crowd of readers, by number: colleagues, so that the lists have more than three rows.
COLLEAGUES = range(2, 10)
# Name, what it is for, who may share with it, numbers of readers in it.
GROUPS: tuple[tuple[str, str, str, range], ...] = (
    ("Sales", "Sells and looks after customers", GroupSharing.EVERYBODY, range(2, 6)),
    ("Engineering", "Builds and runs the product", GroupSharing.MEMBERS, range(5, 9)),
    ("Legal", "Contracts and data protection", GroupSharing.ADMINS, range(9, 10)),
)


def lacks_groups() -> bool:
    has_groups = Group.objects.filter(workspace__slug=ACME, name=GROUPS[0][0]).exists()
    return Workspace.objects.filter(slug=ACME).exists() and not has_groups


def seed_company_people(*, at: datetime) -> str:
    """Make them; returns how many groups and members Acme has."""
    acme = Workspace.objects.get(slug=ACME)
    admin = User.objects.get(email=ADMIN)
    for number in COLLEAGUES:
        add_member(
            workspace=acme,
            user=_reader(number),
            role=Role.BUILDER if number % 4 == 0 else Role.MEMBER,
            by=admin,
            at=at - timedelta(days=60 - number),
        )
    seats = dict(Member.objects.filter(workspace=acme).values_list("user_id", "pk"))
    for name, description, sharing, numbers in GROUPS:
        group = create_group(workspace=acme, name=name, by=admin, at=at, description=description)
        update_group(
            group=group,
            name=name,
            description=description,
            email_domain="",
            sharing=sharing,
            by=admin,
            at=at,
        )
        people = [seats[_reader(number).pk] for number in numbers]
        add_group_members(group=group, member_ids=people, by=admin, at=at)
    everybody = create_group(
        workspace=acme, name="Acme staff", by=admin, at=at, description="Everybody with an Acme address"
    )
    update_group(
        group=everybody,
        name=everybody.name,
        description=everybody.description,
        email_domain="acme.test",
        sharing=GroupSharing.ADMINS,
        by=admin,
        at=at,
    )
    member = User.objects.get(email=MEMBER)
    readers = create_group(
        workspace=acme, name="Book circle", by=member, at=at, description="Fridays at noon", is_owned=True
    )
    add_group_members(group=readers, member_ids=[seats[member.pk]], by=member, at=at)
    visitor = User.objects.get(email="visitor@demo.test")
    start_guest(workspace=acme, user=visitor, invited_by=admin, until=at + timedelta(days=30), at=at)
    create_invite_link(
        workspace=acme, role=Role.MEMBER, days=30, max_uses=20, by=admin, at=at, label="Working students"
    )
    operator = User.objects.get(email="operator@demo.test")
    set_workspace_limits(workspace=acme, values={"seats": SEATS}, by=operator, at=at)
    for days, email in ((0, ADMIN), (1, BUILDER), (3, MEMBER)):
        Member.objects.filter(workspace=acme, user__email=email).update(
            last_active_at=at - timedelta(days=days)
        )
    _seed_globex(at=at)
    return f"{Group.objects.filter(workspace=acme).count()} groups of Acme"


def _seed_globex(*, at: datetime) -> None:
    globex = Workspace.objects.get(slug=GLOBEX)
    admin = User.objects.get(email="admin@globex.test")
    create_group(workspace=globex, name="Founders", by=admin, at=at, description="Who began")


def _reader(number: int) -> User:
    return User.objects.get(email=f"reader{number:02d}@demo.test")

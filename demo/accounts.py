"""Seeds the people of the demo, their workspaces and their builder profiles."""

from __future__ import annotations

from datetime import datetime, timedelta

from allauth.account.models import EmailAddress
from django.contrib.auth.hashers import make_password

from demo.people import CROWD_NAMES, PASSWORD, PEOPLE, DemoPerson
from marketplace.services.builders import upsert_builder_profile
from workspaces.models import User, Workspace
from workspaces.services.members import add_member
from workspaces.services.staff import grant_staff_role
from workspaces.services.users import create_user
from workspaces.services.workspaces import create_workspace
from workspaces.states import Role, WorkspaceKind

People = dict[str, User]
CROWD_EMAIL = "reader{number:02d}@demo.test"


def seed_people(*, at: datetime) -> People:
    """Make every account of people.py and the crowd of readers; all with verified addresses."""
    joined = at - timedelta(days=200)
    # One hash for all: hashing is slow by design and the password is public.
    password_hash = make_password(PASSWORD)
    people = {person.key: _person(person, password_hash, at=joined) for person in PEOPLE}
    for number, name in enumerate(CROWD_NAMES, start=1):
        people[f"reader{number}"] = create_user(
            email=CROWD_EMAIL.format(number=number),
            display_name=name,
            at=joined + timedelta(days=number),
            language="zh-hans" if ord(name[0]) > 0x2E7F else "en",
            is_email_verified=True,
        )
    return people


def _person(person: DemoPerson, password_hash: str, *, at: datetime) -> User:
    user = create_user(email=person.email, display_name=person.display_name, at=at, language=person.language)
    user.password = password_hash
    user.save(update_fields=["password"])
    EmailAddress.objects.create(user=user, email=person.email, verified=True, primary=True)
    for role in person.staff:
        grant_staff_role(user=user, role=role, by=None, at=at)
    if person.handle:
        upsert_builder_profile(
            user=user,
            handle=person.handle,
            display_name=person.display_name,
            bio=person.bio,
            website=person.website,
            by=user,
            at=at,
            verified_name=person.is_verified or None,
        )
    return user


def seed_companies(people: People, *, at: datetime) -> dict[str, Workspace]:
    """Make Acme (enterprise) and Globex (team) with their members."""
    founded = at - timedelta(days=190)
    acme = create_workspace(
        name="Acme",
        slug="acme",
        kind=WorkspaceKind.ENTERPRISE,
        accent="#2B5C86",
        by=people["acme_admin"],
        at=founded,
    )
    globex = create_workspace(
        name="Globex", slug="globex", kind=WorkspaceKind.TEAM, by=people["globex_admin"], at=founded
    )
    roles = {
        "acme_builder": Role.BUILDER,
        "acme_member": Role.MEMBER,
        "acme_newcomer": Role.MEMBER,
        "acme_counsel": Role.ADMIN,
    }
    for key, role in roles.items():
        # A new colleague, who sees what the store shows to new members.
        joined = at - timedelta(days=5) if key == "acme_newcomer" else founded
        add_member(workspace=acme, user=people[key], role=role, by=people["acme_admin"], at=joined)
    return {"acme": acme, "globex": globex}

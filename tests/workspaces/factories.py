"""Users, teams and members for tests, created by the real services."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import count

from workspaces.models import Member, User, Workspace
from workspaces.services.members import add_member
from workspaces.services.users import create_user
from workspaces.services.workspaces import create_workspace

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
PASSWORD = "correct horse battery"
_numbers = count(1)


def make_user(name: str = "Ada") -> User:
    return create_user(
        email=f"{name.lower()}{next(_numbers)}@example.test",
        display_name=name,
        password=PASSWORD,
        is_email_verified=True,
        at=AT,
    )


def make_team(owner: User, name: str = "Acme") -> Workspace:
    return create_workspace(name=name, by=owner, at=AT)


def seat(workspace: Workspace, user: User, role: str, *, by: User) -> Member:
    return add_member(workspace=workspace, user=user, role=role, by=by, at=AT)

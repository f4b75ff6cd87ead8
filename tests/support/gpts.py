"""Users, companies and GPTs for tests, created by the services."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import count
from typing import Any

from gpts.assistants.models import GPT
from gpts.assistants.services.gpts import create_gpt
from workspaces.access import personal_workspace
from workspaces.models import User, Workspace
from workspaces.services.members import add_member
from workspaces.services.users import create_user
from workspaces.services.workspaces import create_workspace

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
LATER = datetime(2026, 3, 10, 12, 5, tzinfo=UTC)
PASSWORD = "a long pass phrase"
_numbers = count(1)


def a_user(name: str = "Ada", **fields: Any) -> User:
    return create_user(
        email=f"builder{next(_numbers)}@example.test",
        password=PASSWORD,
        display_name=name,
        at=NOW,
        is_email_verified=True,
        **fields,
    )


def create_company(owner: User, **members: User) -> Workspace:
    """A team whose other members are given by role: a_company(owner, builder=ada)."""
    workspace = create_workspace(name=f"Company {next(_numbers)}", by=owner, at=NOW)
    for role, user in members.items():
        add_member(workspace=workspace, user=user, role=role, by=owner, at=NOW)
    return workspace


def a_gpt(*, owner: User | None = None, workspace: Workspace | None = None, **draft: Any) -> GPT:
    owner = owner or a_user()
    fields: dict[str, Any] = {
        "name": "Essay coach",
        "description": "Reads your draft and asks what you mean.",
        "instructions": "Ask before you correct.",
        "starters": ["Read my first paragraph"],
        "category": "writing",
    } | draft
    return create_gpt(
        workspace=workspace or personal_workspace(owner), owner=owner, by=owner, at=NOW, **fields
    )

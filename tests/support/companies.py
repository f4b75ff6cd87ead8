"""Companies with members by role."""

from __future__ import annotations

from itertools import count

from tests.support.factories.workspaces import MemberFactory, WorkspaceFactory
from workspaces.models import User, Workspace

_numbers = count(1)


def create_company(owner: User, **members: User) -> Workspace:
    """Create a team workspace with other members by their role: ``create_company(owner, builder=ada)``."""
    workspace = WorkspaceFactory.create(owner=owner, name=f"Company {next(_numbers)}")
    for role, user in members.items():
        MemberFactory.create(workspace=workspace, user=user, role=role, by=owner)
    return workspace

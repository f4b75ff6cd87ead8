"""Predicates and permissions of workspaces and staff."""

from __future__ import annotations

from typing import Any

from rules import add_perm, is_authenticated, predicate

from workspaces.models import User, Workspace
from workspaces.queries import get_user_roles
from workspaces.states import ADMIN_ROLES, BUILDER_ROLES, Role, Staff


@predicate
def is_moderator(user: Any) -> bool:
    return Staff.MODERATOR in get_user_roles(user).staff


@predicate
def is_finance(user: Any) -> bool:
    return Staff.FINANCE in get_user_roles(user).staff


@predicate
def is_operator(user: Any) -> bool:
    return Staff.OPERATOR in get_user_roles(user).staff


@predicate
def is_child_safety(user: Any) -> bool:
    return Staff.CHILD_SAFETY in get_user_roles(user).staff


def get_role(user: User, workspace: Workspace) -> str:
    """Return the person's role in the workspace, empty for a non-member."""
    membership = get_user_roles(user).membership_in(workspace.pk)
    return "" if membership is None else membership.role


@predicate
def is_member(user: Any, workspace: Workspace | None) -> bool:
    return workspace is not None and get_role(user, workspace) != ""


@predicate
def can_build(user: Any, workspace: Workspace | None) -> bool:
    return workspace is not None and get_role(user, workspace) in BUILDER_ROLES


@predicate
def is_workspace_admin(user: Any, workspace: Workspace | None) -> bool:
    return workspace is not None and get_role(user, workspace) in ADMIN_ROLES


@predicate
def is_workspace_owner(user: Any, workspace: Workspace | None) -> bool:
    return workspace is not None and get_role(user, workspace) == Role.OWNER


# The parts of a workspace's administration; each has pages of its own.
ADMIN_PARTS = (
    "manage_people",
    "manage_groups",
    "manage_policy",
    "manage_external",
    "manage_gpts",
    "manage_store",
    "manage_models",
    "manage_budgets",
    "manage_identity",
    "manage_retention",
    "open_content",
    "manage_settings",
    "view_usage",
    "view_audit",
)

STAFF_PREDICATES = {
    Staff.MODERATOR: is_moderator,
    Staff.FINANCE: is_finance,
    Staff.OPERATOR: is_operator,
    Staff.CHILD_SAFETY: is_child_safety,
}

add_perm("workspaces.enter", is_authenticated & is_member)
add_perm("workspaces.build", is_authenticated & can_build)
add_perm("workspaces.administer", is_authenticated & is_workspace_admin)
for part in ADMIN_PARTS:
    add_perm(f"workspaces.{part}", is_authenticated & is_workspace_admin)
add_perm("workspaces.own", is_authenticated & is_workspace_owner)

"""Users, workspaces, members, API keys, notifications."""

from workspaces.models.api_keys import ApiKey
from workspaces.models.names import ProtectedName
from workspaces.models.notifications import Notification
from workspaces.models.users import StaffRole, User
from workspaces.models.workspaces import (
    Group,
    GroupMember,
    Invitation,
    Member,
    SharingPolicy,
    Workspace,
)

__all__ = [
    "ApiKey",
    "Group",
    "GroupMember",
    "Invitation",
    "Member",
    "Notification",
    "ProtectedName",
    "SharingPolicy",
    "StaffRole",
    "User",
    "Workspace",
]

"""Users, workspaces, members, API keys, notifications."""

from workspaces.models.api_keys import ApiKey
from workspaces.models.erasures import Erasure, RetiredName
from workspaces.models.notifications import Notification
from workspaces.models.used_tokens import UsedToken
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
    "Erasure",
    "Group",
    "GroupMember",
    "Invitation",
    "Member",
    "Notification",
    "RetiredName",
    "SharingPolicy",
    "StaffRole",
    "UsedToken",
    "User",
    "Workspace",
]

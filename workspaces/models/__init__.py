"""Users, workspaces, members, API keys, notifications."""

from workspaces.models.api_keys import ApiKey
from workspaces.models.connections import DomainClaim, IdentityConnection, IdentityLink, ProvedDomain
from workspaces.models.directory import IdentityRules, ScimGroup, ScimGroupMember, ScimToken, ScimUser
from workspaces.models.erasures import Erasure, RetiredName
from workspaces.models.exports import WorkspaceExport
from workspaces.models.groups import Group, GroupMember
from workspaces.models.joining import Guest, InviteLink
from workspaces.models.names import ProtectedName
from workspaces.models.notifications import Notification
from workspaces.models.outbound_jobs import OutboundJob
from workspaces.models.outgoing_mails import OutgoingMail
from workspaces.models.policy import PolicyRevision, PolicyRule, SharingPolicy
from workspaces.models.used_tokens import UsedToken
from workspaces.models.users import StaffRole, User
from workspaces.models.workspaces import (
    Invitation,
    Member,
    Workspace,
)

__all__ = [
    "ApiKey",
    "DomainClaim",
    "Erasure",
    "Group",
    "GroupMember",
    "Guest",
    "IdentityConnection",
    "IdentityLink",
    "IdentityRules",
    "Invitation",
    "InviteLink",
    "Member",
    "Notification",
    "OutboundJob",
    "OutgoingMail",
    "PolicyRevision",
    "PolicyRule",
    "ProtectedName",
    "ProvedDomain",
    "RetiredName",
    "ScimGroup",
    "ScimGroupMember",
    "ScimToken",
    "ScimUser",
    "SharingPolicy",
    "StaffRole",
    "UsedToken",
    "User",
    "Workspace",
    "WorkspaceExport",
]

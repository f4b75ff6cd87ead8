"""Reads people, workspaces and what belongs to them."""

from workspaces.queries.accounts import (
    SecurityOverview,
    build_account_export,
    get_security_overview,
    list_passkey_names,
)
from workspaces.queries.audit import AUDIT_PEOPLE, list_audit_actions, list_audit_events, list_audit_people
from workspaces.queries.erasures import ErasureStep, describe_erasure
from workspaces.queries.groups import (
    find_member_ids,
    find_members_outside,
    list_group_ids,
    list_group_members,
    list_groups,
    list_groups_to_share_with,
    list_own_groups,
    may_share_with_group,
)
from workspaces.queries.people import (
    find_user,
    is_active_member,
    is_in_company,
    is_member_now,
    list_api_keys,
    list_members,
    list_notifications,
    list_open_invitations,
    list_workspaces,
)
from workspaces.queries.roles import (
    NO_ROLES,
    SECOND_FACTORS,
    Membership,
    UserRoles,
    cache_user_roles,
    get_user_roles,
    list_scope_memberships,
)
from workspaces.queries.sharing import get_sharing_policy
from workspaces.queries.staff import StaffMember, list_staff, list_staff_members

__all__ = [
    "AUDIT_PEOPLE",
    "NO_ROLES",
    "SECOND_FACTORS",
    "ErasureStep",
    "Membership",
    "SecurityOverview",
    "StaffMember",
    "UserRoles",
    "build_account_export",
    "cache_user_roles",
    "describe_erasure",
    "find_member_ids",
    "find_members_outside",
    "find_user",
    "get_security_overview",
    "get_sharing_policy",
    "get_user_roles",
    "is_active_member",
    "is_in_company",
    "is_member_now",
    "list_api_keys",
    "list_audit_actions",
    "list_audit_events",
    "list_audit_people",
    "list_group_ids",
    "list_group_members",
    "list_groups",
    "list_groups_to_share_with",
    "list_members",
    "list_notifications",
    "list_open_invitations",
    "list_own_groups",
    "list_passkey_names",
    "list_scope_memberships",
    "list_staff",
    "list_staff_members",
    "list_workspaces",
    "may_share_with_group",
]

"""This app's part of the export of a workspace: people, policy, identity and the audit log."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from core.audit_words import Reader
from workspaces.audit_filter import AuditFilter
from workspaces.audit_log import describe_events, serialize_entry
from workspaces.exports import ExportPart, Files, Lines, Row, Table, columns, of_workspace
from workspaces.models import (
    ApiKey,
    DomainClaim,
    Group,
    GroupMember,
    Guest,
    IdentityConnection,
    IdentityRules,
    Invitation,
    InviteLink,
    Member,
    PolicyRevision,
    PolicyRule,
    ProvedDomain,
    ScimUser,
    SharingPolicy,
    User,
    Workspace,
)
from workspaces.queries import list_audit_events

EVENTS = 500


def _read_events(workspace: Workspace, person: User, before: Any) -> tuple[list[Row], Any]:
    events = list_audit_events(workspace, AuditFilter())
    if before is not None:
        events = events.filter(pk__lt=before)
    rows = list(events.order_by("-pk")[:EVENTS])
    entries = describe_events(rows, Reader(person, workspace.pk, workspace.slug))
    last = rows[-1].pk if len(rows) == EVENTS else None
    return [serialize_entry(entry) for entry in entries], last


PART = ExportPart(
    steps=(
        Table(
            "workspace.jsonl",
            _("The workspace itself"),
            lambda workspace: Workspace.objects.filter(pk=workspace.pk),
            columns(
                "id",
                "slug",
                "name",
                "kind",
                "accent",
                "logo",
                "created_at",
                "archived_at",
                "deletion_due_at",
                "keeps_inside",
                "domain_joining",
                "seats",
                "knowledge_bytes",
                "gpt_limit",
                people=("created_by",),
            ),
        ),
        Files(
            "logo",
            _("The logo"),
            lambda workspace: Workspace.objects.filter(pk=workspace.pk).exclude(logo=""),
            key="logo",
            columns=(),
            name=lambda: "logo/logo.webp",
        ),
        Table(
            "people/members.csv",
            _("Members with role, cost centre and last activity"),
            of_workspace(Member),
            columns(
                "role", "joined_at", "last_active_at", "cost_centre", people=("user",), email="user__email"
            ),
        ),
        Table(
            "people/groups.jsonl",
            _("Groups"),
            of_workspace(Group),
            columns(
                "id",
                "name",
                "description",
                "source",
                "email_domain",
                "sharing",
                "cost_centre",
                "created_at",
                people=("owner",),
            ),
        ),
        Table(
            "people/group_members.csv",
            _("Who is in which group"),
            lambda workspace: GroupMember.objects.filter(group__workspace=workspace),
            columns(
                "group_id",
                "source",
                "added_at",
                group="group__name",
                user_id="member__user_id",
                user_name="member__user__display_name",
                email="member__user__email",
            ),
        ),
        Table(
            "people/guests.csv",
            _("Guests, former ones too"),
            of_workspace(Guest),
            columns(
                "created_at", "expires_at", "ended_at", people=("user", "invited_by"), email="user__email"
            ),
        ),
        Table(
            "people/invitations.csv",
            _("Invitations by mail"),
            of_workspace(Invitation),
            columns(
                "email",
                "role",
                "guest_until",
                "created_at",
                "expires_at",
                "accepted_at",
                "revoked_at",
                people=("invited_by",),
            ),
        ),
        Table(
            "people/invitation_links.csv",
            _("Invitations by link, without the links"),
            of_workspace(InviteLink),
            columns(
                "label",
                "role",
                "max_uses",
                "used_count",
                "created_at",
                "expires_at",
                "revoked_at",
                people=("created_by",),
            ),
        ),
        Table(
            "people/directory.csv",
            _("People as the identity provider sent them"),
            of_workspace(ScimUser),
            columns(
                "external_id",
                "email",
                "display_name",
                "is_active",
                "given_role",
                "created_at",
                "changed_at",
                people=("user",),
                directory_name="user_name",
            ),
        ),
        Table(
            "people/api_keys.csv",
            _("API keys that act in the workspace, without the keys"),
            of_workspace(ApiKey),
            columns(
                "name", "scopes", "created_at", "last_used_at", "expires_at", "revoked_at", people=("user",)
            ),
        ),
        Table(
            "policy/settings.jsonl",
            _("The sharing policy: what is closed unless a rule allows it, and the share of tests to pass"),
            of_workspace(SharingPolicy),
            columns("revision", "closed_acts", "golden_pass_rate", "updated_at"),
        ),
        Table(
            "policy/rules.jsonl",
            _("Rules of the sharing policy"),
            of_workspace(PolicyRule),
            columns(
                "act",
                "effect",
                "subject_kind",
                "role",
                "group_id",
                "target_kind",
                "target_value",
                people=("person",),
                group="group__name",
            ),
        ),
        Table(
            "policy/history.jsonl",
            _("The sharing policy as it was before"),
            of_workspace(PolicyRevision),
            columns("number", "policy", "note", "created_at", people=("created_by",)),
        ),
        Table(
            "identity/rules.jsonl",
            _("Rules of sign-in"),
            of_workspace(IdentityRules),
            columns(
                "default_role",
                "role_claims",
                "is_sso_required",
                "mfa_required_from",
                "session_hours",
                "api_key_days",
                "updated_at",
                people=("emergency_owner",),
            ),
        ),
        Table(
            "identity/connections.jsonl",
            _("Identity providers, without secrets"),
            of_workspace(IdentityConnection),
            columns(
                "kind",
                "name",
                "issuer",
                "client_id",
                "domains",
                "role_claim",
                "group_claim",
                "is_enabled",
                "created_at",
                "updated_at",
            ),
        ),
        Table(
            "identity/proved_domains.csv",
            _("Domains that are the company's own"),
            of_workspace(ProvedDomain),
            columns("domain", "proved_at"),
        ),
        Table(
            "identity/domain_claims.csv",
            _("Domains that were added, with what the last look at their record found"),
            of_workspace(DomainClaim),
            columns("domain", "outcome", "created_at", "checked_at", "failing_since", people=("created_by",)),
        ),
        Lines("audit.jsonl", _("The audit log, newest first"), _read_events),
    )
)

"""Pages of a workspace's administration, and leaving it."""

from __future__ import annotations

from django.urls import URLPattern, path

from workspaces.web import audit, company_sign_in
from workspaces.web.company import deletions, groups, identity, look, members, settings

routes: list[URLPattern] = [
    path("w/<slug:workspace>/leave", members.leave, name="workspace-leave"),
    path("w/<slug:workspace>/admin/members", members.members, name="member-list"),
    path("w/<slug:workspace>/admin/members/<int:member_id>/role", members.role, name="member-role"),
    path("w/<slug:workspace>/admin/members/<int:member_id>/remove", members.remove, name="member-remove"),
    path(
        "w/<slug:workspace>/admin/invitations/<int:invitation_id>/revoke",
        members.revoke,
        name="invitation-revoke",
    ),
    path("w/<slug:workspace>/groups", groups.own_groups, name="group-own"),
    path("w/<slug:workspace>/admin/groups", groups.groups, name="group-list"),
    path("w/<slug:workspace>/admin/groups/<int:group_id>", groups.group, name="group-detail"),
    path("w/<slug:workspace>/admin/groups/<int:group_id>/delete", groups.delete, name="group-delete"),
    path("w/<slug:workspace>/admin/groups/<int:group_id>/people", groups.add_addresses, name="group-fill"),
    path(
        "w/<slug:workspace>/admin/groups/<int:group_id>/people/<int:member_id>/add",
        groups.add,
        name="group-add",
    ),
    path(
        "w/<slug:workspace>/admin/groups/<int:group_id>/people/<int:member_id>/remove",
        groups.remove,
        name="group-remove",
    ),
    path("w/<slug:workspace>/admin/audit", audit.workspace_audit, name="workspace-audit"),
    path("w/<slug:workspace>/admin/identity", identity.identity, name="identity"),
    path("w/<slug:workspace>/admin/identity/tokens", identity.tokens, name="scim-token-create"),
    path(
        "w/<slug:workspace>/admin/identity/tokens/<int:token_id>/revoke",
        identity.revoke_token,
        name="scim-token-revoke",
    ),
    path("w/<slug:workspace>/admin/identity/rules", identity.rules, name="identity-rules"),
    path("w/<slug:workspace>/admin/identity/connection", identity.set_sign_in, name="connection-set"),
    path(
        "w/<slug:workspace>/admin/identity/connection/check",
        identity.check_connection,
        name="connection-check",
    ),
    path("w/<slug:workspace>/admin/identity/connection/switch", identity.switch, name="connection-switch"),
    path(
        "w/<slug:workspace>/admin/identity/connection/delete",
        identity.delete_sign_in,
        name="connection-delete",
    ),
    path("w/<slug:workspace>/sign-in", company_sign_in.sign_in, name="company-sign-in"),
    path("w/<slug:workspace>/sign-in/begin", company_sign_in.begin, name="company-sign-in-begin"),
    path("w/<slug:workspace>/sign-in/connect", company_sign_in.connect, name="company-connect"),
    path("w/<slug:workspace>/sign-in/callback", company_sign_in.callback, name="company-sign-in-callback"),
    path("sign-in", company_sign_in.by_address, name="company-sign-in-find"),
    path("w/<slug:workspace>/admin/identity/roles", identity.roles, name="identity-roles"),
    path("w/<slug:workspace>/admin/settings", settings.settings, name="workspace-settings"),
    path("w/<slug:workspace>/admin/settings/logo", look.logo, name="workspace-logo"),
    path("w/<slug:workspace>/admin/settings/accent", look.accent_preview, name="accent-preview"),
    path("logos/<str:digest>.webp", look.show_logo, name="logo-show"),
    path("w/<slug:workspace>/admin/settings/publishing", settings.publishing, name="publishing-rule"),
    path("w/<slug:workspace>/admin/delete", deletions.delete, name="workspace-delete"),
    path("w/<slug:workspace>/admin/settings/golden", settings.golden_gate, name="golden-gate"),
]

"""API routes of this app, under /api/v1/."""

from django.urls import URLPattern, URLResolver, path

from workspaces.api import (
    audit,
    connections,
    cost_centres,
    domains,
    exports,
    groups,
    identity,
    join_offers,
    joining,
    keys,
    life_cycle,
    me,
    operator_urls,
    policies,
    staff,
    workspaces,
)

app_name = "workspaces_api"
urlpatterns: list[URLPattern | URLResolver] = [
    path("me", me.MeView.as_view(), name="me"),
    path("me/join-offers", join_offers.JoinOffersView.as_view(), name="join-offer-list"),
    path("me/join-offers/<slug:workspace>", join_offers.JoinOfferView.as_view(), name="join-offer-detail"),
    path("me/api-keys", me.ApiKeysView.as_view(), name="api-key-list"),
    path("me/api-keys/<int:key_id>", me.ApiKeyView.as_view(), name="api-key-detail"),
    path("operator/audit.jsonl", audit.PlatformAuditFileView.as_view(), name="operator-audit-lines"),
    path("operator/audit", audit.PlatformAuditView.as_view(), name="operator-audit"),
    path("operator/staff", staff.StaffView.as_view(), name="staff-list"),
    path("operator/staff/<int:user_id>/<slug:role>", staff.StaffRoleView.as_view(), name="staff-detail"),
    path("workspaces", workspaces.WorkspacesView.as_view(), name="workspace-list"),
    path("workspaces/<slug:workspace>", workspaces.WorkspaceView.as_view(), name="workspace-detail"),
    path("workspaces/<slug:workspace>/archive", life_cycle.ArchiveView.as_view(), name="workspace-archive"),
    path(
        "workspaces/<slug:workspace>/deletion", life_cycle.DeletionView.as_view(), name="workspace-deletion"
    ),
    path("workspaces/<slug:workspace>/exports", exports.ExportsView.as_view(), name="export-list"),
    path(
        "workspaces/<slug:workspace>/exports/<uuid:export_id>",
        exports.WorkspaceExportView.as_view(),
        name="export-detail",
    ),
    path(
        "workspaces/<slug:workspace>/exports/<uuid:export_id>/file",
        exports.WorkspaceExportFileView.as_view(),
        name="export-file",
    ),
    path(
        "workspaces/<slug:workspace>/hand-over",
        life_cycle.HandOverView.as_view(),
        name="workspace-hand-over",
    ),
    path("workspaces/<slug:workspace>/logo", workspaces.WorkspaceLogoView.as_view(), name="workspace-logo"),
    path(
        "workspaces/<slug:workspace>/sharing-policy",
        workspaces.SharingPolicyView.as_view(),
        name="sharing-policy",
    ),
    path("workspaces/<slug:workspace>/policy", policies.PolicyView.as_view(), name="policy"),
    path(
        "workspaces/<slug:workspace>/policy/what-if",
        policies.PolicyWhatIfView.as_view(),
        name="policy-what-if",
    ),
    path(
        "workspaces/<slug:workspace>/policy/history",
        policies.PolicyHistoryView.as_view(),
        name="policy-history",
    ),
    path(
        "workspaces/<slug:workspace>/policy/history/<int:number>/restore",
        policies.PolicyRestoreView.as_view(),
        name="policy-restore",
    ),
    path(
        "workspaces/<slug:workspace>/policy/access",
        policies.PolicyAccessView.as_view(),
        name="policy-access",
    ),
    path("workspaces/<slug:workspace>/api-keys", keys.WorkspaceKeysView.as_view(), name="workspace-key-list"),
    path(
        "workspaces/<slug:workspace>/api-keys/<int:key_id>",
        keys.WorkspaceKeyView.as_view(),
        name="workspace-key-detail",
    ),
    path(
        "workspaces/<slug:workspace>/audit.jsonl",
        audit.WorkspaceAuditFileView.as_view(),
        name="workspace-audit-lines",
    ),
    path("workspaces/<slug:workspace>/audit", audit.WorkspaceAuditView.as_view(), name="workspace-audit"),
    path(
        "workspaces/<slug:workspace>/groups/<int:group_id>/cost-centre",
        cost_centres.GroupCostCentreView.as_view(),
        name="group-cost-centre",
    ),
    path(
        "workspaces/<slug:workspace>/members/<int:member_id>/cost-centre",
        cost_centres.MemberCostCentreView.as_view(),
        name="member-cost-centre",
    ),
    path("workspaces/<slug:workspace>/groups", groups.GroupsView.as_view(), name="group-list"),
    path(
        "workspaces/<slug:workspace>/groups/<int:group_id>", groups.GroupView.as_view(), name="group-detail"
    ),
    path(
        "workspaces/<slug:workspace>/groups/<int:group_id>/members",
        groups.GroupMembersView.as_view(),
        name="group-members",
    ),
    path(
        "workspaces/<slug:workspace>/groups/<int:group_id>/members/<int:member_id>",
        groups.GroupMemberView.as_view(),
        name="group-member",
    ),
    path("workspaces/<slug:workspace>/identity", identity.IdentityView.as_view(), name="identity"),
    path(
        "workspaces/<slug:workspace>/identity/connections",
        connections.ConnectionsView.as_view(),
        name="connection-list",
    ),
    path(
        "workspaces/<slug:workspace>/identity/connections/<slug:kind>",
        connections.ConnectionView.as_view(),
        name="connection-detail",
    ),
    path(
        "workspaces/<slug:workspace>/identity/connections/<slug:kind>/check",
        connections.ConnectionCheckView.as_view(),
        name="connection-check",
    ),
    path(
        "workspaces/<slug:workspace>/identity/scim-tokens",
        identity.ScimTokensView.as_view(),
        name="scim-token-list",
    ),
    path(
        "workspaces/<slug:workspace>/identity/scim-tokens/<int:token_id>",
        identity.ScimTokenView.as_view(),
        name="scim-token-detail",
    ),
    path(
        "workspaces/<slug:workspace>/invitations", joining.InvitationsView.as_view(), name="invitation-list"
    ),
    path(
        "workspaces/<slug:workspace>/invitations/<int:invitation_id>",
        joining.InvitationView.as_view(),
        name="invitation-detail",
    ),
    path("workspaces/<slug:workspace>/invite-links", joining.InviteLinksView.as_view(), name="link-list"),
    path(
        "workspaces/<slug:workspace>/invite-links/<int:link_id>",
        joining.InviteLinkView.as_view(),
        name="link-detail",
    ),
    path("workspaces/<slug:workspace>/domains", domains.DomainsView.as_view(), name="domain-list"),
    path(
        "workspaces/<slug:workspace>/domains/<str:domain>", domains.DomainView.as_view(), name="domain-detail"
    ),
    path(
        "workspaces/<slug:workspace>/domain-joining",
        domains.DomainJoiningView.as_view(),
        name="domain-joining",
    ),
    path("workspaces/<slug:workspace>/guests", joining.GuestsView.as_view(), name="guest-list"),
    path(
        "workspaces/<slug:workspace>/guests/<int:guest_id>", joining.GuestView.as_view(), name="guest-detail"
    ),
    path("workspaces/<slug:workspace>/members", workspaces.MembersView.as_view(), name="member-list"),
    path(
        "workspaces/<slug:workspace>/members/<int:member_id>",
        workspaces.MemberView.as_view(),
        name="member-detail",
    ),
]
urlpatterns += operator_urls.routes

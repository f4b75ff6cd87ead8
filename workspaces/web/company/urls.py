"""Pages of a workspace's administration, and leaving it."""

from __future__ import annotations

from django.urls import URLPattern, path

from workspaces.web import audit
from workspaces.web.company import (
    cost_centres,
    deletions,
    domains,
    exports,
    groups,
    guests,
    identity_urls,
    invite_links,
    keys,
    life_cycle,
    look,
    member_batches,
    members,
    people_search,
    policy,
    settings,
)

routes: list[URLPattern] = [
    path("w/<slug:workspace>/leave", members.leave, name="workspace-leave"),
    path("w/<slug:workspace>/admin/members", members.members, name="member-list"),
    path("w/<slug:workspace>/admin/members/<int:member_id>/role", members.role, name="member-role"),
    path("w/<slug:workspace>/admin/members/<int:member_id>/remove", members.remove, name="member-remove"),
    path(
        "w/<slug:workspace>/admin/members/<int:member_id>/cost-centre",
        cost_centres.of_member,
        name="member-cost-centre",
    ),
    path("w/<slug:workspace>/admin/people/search", people_search.search, name="people-search"),
    path(
        "w/<slug:workspace>/admin/invitations/<int:invitation_id>/revoke",
        members.revoke,
        name="invitation-revoke",
    ),
    path("w/<slug:workspace>/admin/members/batch", member_batches.change, name="member-batch"),
    path("w/<slug:workspace>/admin/members/import", member_batches.import_file, name="member-import"),
    path("w/<slug:workspace>/admin/members/export", member_batches.export, name="member-export"),
    path("w/<slug:workspace>/admin/links", invite_links.links, name="link-list"),
    path("w/<slug:workspace>/admin/links/<int:link_id>/revoke", invite_links.revoke, name="link-revoke"),
    path("w/<slug:workspace>/admin/domains", domains.domains, name="domain-list"),
    path("w/<slug:workspace>/admin/domains/joining", domains.joining, name="domain-joining"),
    path("w/<slug:workspace>/admin/domains/<str:domain>/check", domains.check, name="domain-check"),
    path("w/<slug:workspace>/admin/domains/<str:domain>/remove", domains.remove, name="domain-remove"),
    path("join/domain/<slug:workspace>", domains.join, name="domain-join"),
    path("w/<slug:workspace>/admin/guests", guests.guests, name="guest-list"),
    path("w/<slug:workspace>/admin/guests/<int:guest_id>/extend", guests.extend, name="guest-extend"),
    path("w/<slug:workspace>/admin/guests/<int:guest_id>/end", guests.end, name="guest-end"),
    path("w/<slug:workspace>/groups", groups.own_groups, name="group-own"),
    path("w/<slug:workspace>/admin/groups", groups.groups, name="group-list"),
    path("w/<slug:workspace>/admin/groups/<int:group_id>", groups.group, name="group-detail"),
    path("w/<slug:workspace>/admin/groups/<int:group_id>/delete", groups.delete, name="group-delete"),
    path(
        "w/<slug:workspace>/admin/groups/<int:group_id>/cost-centre",
        cost_centres.of_group,
        name="group-cost-centre",
    ),
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
    path("w/<slug:workspace>/admin/keys", keys.keys, name="workspace-key-list"),
    path("w/<slug:workspace>/admin/keys/<int:key_id>/revoke", keys.revoke, name="workspace-key-revoke"),
    path("w/<slug:workspace>/admin/audit", audit.workspace_audit, name="workspace-audit"),
    path("w/<slug:workspace>/admin/policy", policy.policy, name="policy"),
    path("w/<slug:workspace>/admin/policy/history", policy.history, name="policy-history"),
    path(
        "w/<slug:workspace>/admin/policy/history/<int:number>/restore", policy.restore, name="policy-restore"
    ),
    path("w/<slug:workspace>/admin/settings", settings.settings, name="workspace-settings"),
    path("w/<slug:workspace>/admin/settings/logo", look.logo, name="workspace-logo"),
    path("w/<slug:workspace>/admin/settings/accent", look.accent_preview, name="accent-preview"),
    path("logos/<str:digest>.webp", look.show_logo, name="logo-show"),
    path("w/<slug:workspace>/admin/settings/publishing", settings.publishing, name="publishing-rule"),
    path("w/<slug:workspace>/admin/exports", exports.exports, name="export-list"),
    path("w/<slug:workspace>/admin/exports/<uuid:export_id>/delete", exports.delete, name="export-delete"),
    path("w/<slug:workspace>/admin/exports/<uuid:export_id>/file", exports.download, name="export-file"),
    path("w/<slug:workspace>/admin/archive", life_cycle.archive, name="workspace-archive"),
    path("w/<slug:workspace>/admin/reopen", life_cycle.reopen, name="workspace-reopen"),
    path("w/<slug:workspace>/admin/hand-over", life_cycle.give, name="workspace-hand-over"),
    path("w/<slug:workspace>/admin/delete/cancel", life_cycle.keep, name="workspace-keep"),
    path("w/<slug:workspace>/admin/delete", deletions.delete, name="workspace-delete"),
    path("w/<slug:workspace>/admin/settings/golden", settings.golden_gate, name="golden-gate"),
    *identity_urls.routes,
]

"""API routes of this app, under /api/v1/."""

from django.urls import URLPattern, URLResolver, path

from workspaces.api import audit, me, people, staff, workspaces

app_name = "workspaces_api"
urlpatterns: list[URLPattern | URLResolver] = [
    path("me", me.MeView.as_view(), name="me"),
    path("me/api-keys", me.ApiKeysView.as_view(), name="api-key-list"),
    path("me/api-keys/<int:key_id>", me.ApiKeyView.as_view(), name="api-key-detail"),
    path("operator/audit", audit.PlatformAuditView.as_view(), name="operator-audit"),
    path("operator/people", people.PeopleView.as_view(), name="operator-person-list"),
    path("operator/people/<int:user_id>", people.PersonView.as_view(), name="operator-person-detail"),
    path(
        "operator/people/<int:user_id>/suspend",
        people.SuspendPersonView.as_view(),
        name="operator-person-suspend",
    ),
    path(
        "operator/people/<int:user_id>/restore",
        people.RestorePersonView.as_view(),
        name="operator-person-restore",
    ),
    path(
        "operator/people/<int:user_id>/end-sessions",
        people.EndSessionsView.as_view(),
        name="operator-person-end-sessions",
    ),
    path(
        "operator/people/<int:user_id>/reset-factor",
        people.ResetFactorView.as_view(),
        name="operator-person-reset-factor",
    ),
    path(
        "operator/people/<int:user_id>/remind",
        people.RemindPersonView.as_view(),
        name="operator-person-remind",
    ),
    path("operator/staff", staff.StaffView.as_view(), name="staff-list"),
    path("operator/staff/<int:user_id>/<slug:role>", staff.StaffRoleView.as_view(), name="staff-detail"),
    path("workspaces", workspaces.WorkspacesView.as_view(), name="workspace-list"),
    path(
        "workspaces/<slug:workspace>/sharing-policy",
        workspaces.SharingPolicyView.as_view(),
        name="sharing-policy",
    ),
    path("workspaces/<slug:workspace>/audit", audit.WorkspaceAuditView.as_view(), name="workspace-audit"),
    path("workspaces/<slug:workspace>/members", workspaces.MembersView.as_view(), name="member-list"),
    path(
        "workspaces/<slug:workspace>/members/<int:member_id>",
        workspaces.MemberView.as_view(),
        name="member-detail",
    ),
]

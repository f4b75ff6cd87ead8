"""API of the operator's console, under /api/v1/operator/."""

from __future__ import annotations

from django.urls import URLPattern, path

from workspaces.api import instance_settings, jobs, operator_workspaces, people

routes: list[URLPattern] = [
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
    path("operator/workspaces", operator_workspaces.WorkspacesView.as_view(), name="operator-workspace-list"),
    path(
        "operator/workspaces/<slug:workspace>",
        operator_workspaces.WorkspaceView.as_view(),
        name="operator-workspace-detail",
    ),
    path(
        "operator/workspaces/<slug:workspace>/suspend",
        operator_workspaces.SuspendView.as_view(),
        name="operator-workspace-suspend",
    ),
    path(
        "operator/workspaces/<slug:workspace>/restore",
        operator_workspaces.RestoreView.as_view(),
        name="operator-workspace-restore",
    ),
    path("operator/jobs", jobs.JobsView.as_view(), name="operator-job-list"),
    path("operator/jobs/<slug:kind>/<str:job_id>", jobs.FailedJobView.as_view(), name="operator-job-detail"),
    path(
        "operator/jobs/<slug:kind>/<str:job_id>/retry", jobs.RetryJobView.as_view(), name="operator-job-retry"
    ),
    path("operator/settings", instance_settings.SettingsView.as_view(), name="operator-setting-list"),
    path(
        "operator/settings/<slug:key>",
        instance_settings.SettingView.as_view(),
        name="operator-setting-detail",
    ),
]

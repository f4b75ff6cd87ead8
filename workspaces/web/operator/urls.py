"""Pages of the operator's console that belong to this app."""

from __future__ import annotations

from django.urls import URLPattern, path

from workspaces.web import audit
from workspaces.web.operator import instance_settings, jobs, people, staff, workspaces

routes: list[URLPattern] = [
    path("operator/audit", audit.operator_audit, name="operator-audit"),
    path("operator/jobs", jobs.jobs, name="operator-job-list"),
    path("operator/jobs/<slug:kind>/<str:job_id>/retry", jobs.retry, name="operator-job-retry"),
    path("operator/jobs/<slug:kind>/<str:job_id>/discard", jobs.discard, name="operator-job-discard"),
    path("operator/people", people.people, name="operator-person-list"),
    path("operator/people/<int:user_id>", people.person, name="operator-person-show"),
    path("operator/people/<int:user_id>/suspend", people.suspend, name="operator-person-suspend"),
    path("operator/people/<int:user_id>/restore", people.restore, name="operator-person-restore"),
    path("operator/people/<int:user_id>/end-sessions", people.end, name="operator-person-end-sessions"),
    path("operator/people/<int:user_id>/reset-factor", people.reset, name="operator-person-reset-factor"),
    path("operator/people/<int:user_id>/remind", people.remind, name="operator-person-remind"),
    path("operator/workspaces", workspaces.workspaces, name="operator-workspace-list"),
    path("operator/workspaces/<slug:workspace>", workspaces.workspace_page, name="operator-workspace-show"),
    path(
        "operator/workspaces/<slug:workspace>/suspend", workspaces.suspend, name="operator-workspace-suspend"
    ),
    path(
        "operator/workspaces/<slug:workspace>/restore", workspaces.restore, name="operator-workspace-restore"
    ),
    path("operator/settings", instance_settings.settings_page, name="operator-setting-list"),
    path("operator/settings/<slug:key>", instance_settings.change, name="operator-setting-change"),
    path("operator/settings/<slug:key>/reset", instance_settings.reset, name="operator-setting-reset"),
    path("operator/staff", staff.staff_roles, name="staff-list"),
    path("operator/staff/<int:user_id>/<slug:role>/revoke", staff.revoke, name="staff-revoke"),
]

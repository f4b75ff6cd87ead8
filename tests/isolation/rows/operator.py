"""The operator's console."""

from __future__ import annotations

from tests.isolation.rows.row import OPERATOR, Row, api, staff_page
from tests.support.factories.workspaces import PASSWORD

WORKSPACE_IDS = {"workspace": "alpha_place"}
PERSON_IDS = {"user_id": "finance_id"}

ROWS: list[Row] = [
    staff_page("operator-overview", OPERATOR),
    staff_page("operator-limits", OPERATOR),
    staff_page("operator-mail-test", OPERATOR),
    staff_page("operator-mail-test-send", OPERATOR, "POST"),
    staff_page("workspaces:operator-person-list", OPERATOR),
    staff_page("workspaces:operator-person-show", OPERATOR, ids=PERSON_IDS),
    *(staff_page(f"workspaces:operator-person-{act}", OPERATOR, "POST", ids=PERSON_IDS,
                 body={"reason": "by request"})
      for act in ("suspend", "restore", "end-sessions", "reset-factor", "remind")),
    api("workspaces_api:operator-person-list", OPERATOR, "operator:work"),
    api("workspaces_api:operator-person-detail", OPERATOR, "operator:work", ids=PERSON_IDS),
    *(api(f"workspaces_api:operator-person-{act}", OPERATOR, "operator:work", "POST", ids=PERSON_IDS,
          body={"reason": "by request", "password": PASSWORD})
      for act in ("suspend", "restore", "end-sessions", "reset-factor", "remind")),
    staff_page("workspaces:operator-workspace-list", OPERATOR),
    staff_page("workspaces:operator-workspace-show", OPERATOR, "GET POST", ids=WORKSPACE_IDS,
               body={"kind": "enterprise", "seats": "7", "knowledge": "", "gpt_limit": ""}),
    *(staff_page(f"workspaces:operator-workspace-{act}", OPERATOR, "POST", ids=WORKSPACE_IDS,
                 body={"reason": "by request"})
      for act in ("suspend", "restore")),
    api("workspaces_api:operator-workspace-list", OPERATOR, "operator:work"),
    api("workspaces_api:operator-workspace-detail", OPERATOR, "operator:work", ids=WORKSPACE_IDS),
    api("workspaces_api:operator-workspace-detail", OPERATOR, "operator:work", "PATCH", ids=WORKSPACE_IDS,
        body={"seats": 7}),
    *(api(f"workspaces_api:operator-workspace-{act}", OPERATOR, "operator:work", "POST", ids=WORKSPACE_IDS,
          body={"reason": "by request", "password": PASSWORD})
      for act in ("suspend", "restore")),
    staff_page("workspaces:operator-job-list", OPERATOR),
    *(staff_page(f"workspaces:operator-job-{act}", OPERATOR, "POST", ids={"job_id": "failed_job"},
                 fixed={"kind": "job"})
      for act in ("retry", "discard")),
    api("workspaces_api:operator-job-list", OPERATOR, "operator:work"),
    api("workspaces_api:operator-job-detail", OPERATOR, "operator:work", "DELETE",
        ids={"job_id": "failed_job"}, fixed={"kind": "job"}),
    api("workspaces_api:operator-job-retry", OPERATOR, "operator:work", "POST",
        ids={"job_id": "failed_job"}, fixed={"kind": "job"}),
    staff_page("workspaces:operator-setting-list", OPERATOR),
    *(staff_page(f"workspaces:operator-setting-{act}", OPERATOR, "POST",
                 fixed={"key": "workspaces_per_person"}, body={"value": "7"})
      for act in ("change", "reset")),
    api("operator-health-detail", OPERATOR, "operator:work"),
    api("operator-limit-list", OPERATOR, "operator:work"),
    api("workspaces_api:operator-setting-list", OPERATOR, "operator:work"),
    api("workspaces_api:operator-setting-detail", OPERATOR, "operator:work", "PUT DELETE",
        fixed={"key": "workspaces_per_person"}, body={"value": 7}),
]  # fmt: skip

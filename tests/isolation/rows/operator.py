"""The operator's console."""

from __future__ import annotations

from tests.isolation.rows.row import OPERATOR, Row, api, staff_page
from tests.support.factories.workspaces import PASSWORD

PERSON_IDS = {"user_id": "finance_id"}

ROWS: list[Row] = [
    staff_page("operator-overview", OPERATOR),
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
]  # fmt: skip

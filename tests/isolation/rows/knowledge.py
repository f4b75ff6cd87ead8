"""Knowledge files: pages and API."""

from __future__ import annotations

from tests.isolation.rows.row import OWNER, Row, api, page

SLUG = {"slug": "slug"}
FILE = SLUG | {"file_id": "file"}
JOB = SLUG | {"job_id": "page_job"}
READ, WRITE = "gpts:read", "gpts:write"
# The outbound guard refuses this address, after the permission check and before anything is sent.
NOWHERE = {"url": "https://127.0.0.1/"}

ROWS: list[Row] = [
    page("gpts:build-knowledge", OWNER, "GET POST", ids=SLUG),
    page("gpts:build-knowledge-page", OWNER, "POST", ids=SLUG, body=NOWHERE),
    page("gpts:build-knowledge-page-retry", OWNER, "POST", ids=JOB),
    page("gpts:build-knowledge-page-dismiss", OWNER, "POST", ids=JOB),
    page("gpts:build-knowledge-text", OWNER, ids=FILE),
    page("gpts:build-knowledge-update", OWNER, "POST", ids=FILE, body={"name": "taken.txt"}),
    page("gpts:build-knowledge-replace", OWNER, "POST", ids=FILE),
    page("gpts:build-knowledge-fetch", OWNER, "POST", ids=FILE),
    page("gpts:build-knowledge-retry", OWNER, "POST", ids=FILE),
    page("gpts:build-knowledge-reread", OWNER, "POST", ids=FILE),
    page("gpts:build-knowledge-reread-all", OWNER, "POST", ids=SLUG),
    page("gpts:build-knowledge-delete", OWNER, "POST", ids=FILE),
    page("gpts:build-knowledge-erase", OWNER, "POST", ids=FILE, body={"confirmation": "x"}),
    api("gpts_api:knowledge-list", OWNER, READ, ids=SLUG),
    api("gpts_api:knowledge-list", OWNER, WRITE, "POST", ids=SLUG),
    api("gpts_api:knowledge-page", OWNER, READ, ids=SLUG),
    api("gpts_api:knowledge-page", OWNER, WRITE, "POST", ids=SLUG, body=NOWHERE),
    api("gpts_api:knowledge-page-job", OWNER, READ, ids=JOB),
    api("gpts_api:knowledge-page-job", OWNER, WRITE, "DELETE", ids=JOB),
    api("gpts_api:knowledge-page-retry", OWNER, WRITE, "POST", ids=JOB),
    api("gpts_api:knowledge-detail", OWNER, READ, ids=FILE),
    api("gpts_api:knowledge-detail", OWNER, WRITE, "PATCH", ids=FILE, body={"name": "taken.txt"}),
    api("gpts_api:knowledge-detail", OWNER, WRITE, "DELETE", ids=FILE),
    api("gpts_api:knowledge-content", OWNER, WRITE, "PUT", ids=FILE),
    api("gpts_api:knowledge-text", OWNER, READ, ids=FILE),
    api("gpts_api:knowledge-fetch", OWNER, WRITE, "POST", ids=FILE),
    api("gpts_api:knowledge-retry", OWNER, WRITE, "POST", ids=FILE),
    api("gpts_api:knowledge-reread", OWNER, WRITE, "POST", ids=FILE),
    api("gpts_api:knowledge-reread-all", OWNER, WRITE, "POST", ids=SLUG),
    api("gpts_api:knowledge-erase", OWNER, WRITE, "POST", ids=FILE, body={"confirmation": "x"}),
]

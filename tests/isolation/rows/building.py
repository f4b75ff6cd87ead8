"""Create, presence, icons and versions of the builder: pages and API."""

from __future__ import annotations

from tests.isolation.rows.row import OWNER, Row, api, page

SLUG = {"slug": "slug"}
CHANGE = SLUG | {"change_id": "builder_change"}
READ, WRITE = "gpts:read", "gpts:write"
# An empty message is refused after the permission check, so that nothing runs in these cells.
SILENCE = {"text": ""}

ROWS: list[Row] = [
    page("gpts:build-create", OWNER, ids=SLUG),
    page("gpts:build-create-message", OWNER, "POST", ids=SLUG, body=SILENCE),
    page("gpts:build-create-change", OWNER, "POST", ids=CHANGE),
    page("gpts:build-create-stop", OWNER, "POST", ids=SLUG),
    api("gpts_api:create-stop", OWNER, WRITE, "POST", ids=SLUG),
    page("gpts:build-create-reset", OWNER, "POST", ids=SLUG),
    page("gpts:build-version", OWNER, ids=SLUG, fixed={"number": 1}),
    page("gpts:build-change-log-markdown", OWNER, ids=SLUG),
    api("gpts_api:change-log", OWNER, READ, ids=SLUG),
    page("gpts:build-draft", OWNER, ids=SLUG),
    page("gpts:build-presence", OWNER, "POST", ids=SLUG, body={"window": "window-0001"}),
    page("gpts:build-duplicate", OWNER, "POST", ids=SLUG),
    page("gpts:build-icon-drawn", OWNER, ids=SLUG, fixed={"variant": 3}),
    api("gpts_api:gpt-duplicate", OWNER, WRITE, "POST", ids=SLUG, body={"name": "Mine now"}),
    api("gpts_api:icon", OWNER, WRITE, "POST", ids=SLUG, body={"variant": 3}),
    api("gpts_api:create-message", OWNER, WRITE, "POST", ids=SLUG, body=SILENCE),
    api("gpts_api:create-conversation", OWNER, READ, ids=SLUG),
    api("gpts_api:create-conversation", OWNER, WRITE, "DELETE", ids=SLUG),
    api("gpts_api:create-change", OWNER, WRITE, "POST", ids=CHANGE, body={"state": "undone"}),
]

"""The retrieval bench."""

from __future__ import annotations

from tests.isolation.rows.row import OWNER, Row, api, page

SLUG = {"slug": "slug"}

ROWS: list[Row] = [
    page("gpts:build-bench", OWNER, "GET POST", ids=SLUG, body={"questions": "What is in it?"}),
    api("gpts_api:knowledge-search", OWNER, "gpts:read", "POST", ids=SLUG, body={"text": "What is in it?"}),
]

"""Insights as a page, as a file and by the API, for people who may see the settings of a GPT."""

from __future__ import annotations

from tests.isolation.rows.row import OWNER, Row, api, page

SLUG = {"slug": "slug"}

ROWS: list[Row] = [
    page("gpts:build-insights", OWNER, ids=SLUG),
    page("gpts:build-insights-csv", OWNER, ids=SLUG),
    api("gpts_api:insights", OWNER, "gpts:read", ids=SLUG),
]

"""Golden prompts and their runs, for the owner; the required pass rate, for admins."""

from __future__ import annotations

from tests.isolation.rows.row import ADMINS, MEMBER, OWNER, Row, api, page

SLUG = {"slug": "slug"}
PROMPT = SLUG | {"prompt_id": "golden_prompt"}
RUN = SLUG | {"run_id": "golden_run"}
LEAK = SLUG | {"run_id": "leak_run"}
PLACE = {"workspace": "alpha_place"}
READ, WRITE = "gpts:read", "gpts:write"

ROWS: list[Row] = [
    page("gpts:build-tests", OWNER, ids=SLUG),
    page("gpts:build-test-new", OWNER, "GET POST", ids=SLUG, body={"prompt": "x", "expected": "answer"}),
    page("gpts:build-test-edit", OWNER, "GET POST", ids=PROMPT, body={"prompt": "x", "expected": "answer"}),
    page("gpts:build-test-act", OWNER, "POST", ids=PROMPT, body={"act": "off"}),
    page("gpts:build-test-suggest", OWNER, "POST", ids=SLUG, body={"take": "0"}),
    page("gpts:build-test-import", OWNER, "POST", ids=SLUG),
    page("gpts:build-test-export", OWNER, ids=SLUG),
    page("gpts:build-test-run", OWNER, "POST", ids=SLUG, body={"version": "draft"}),
    page("gpts:build-test-result", OWNER, ids=RUN),
    page("gpts:build-test-progress", OWNER, ids=LEAK),
    page("gpts:build-test-cancel", OWNER, "POST", ids=RUN),
    page("gpts:build-leaks", OWNER, ids=SLUG),
    page("gpts:build-harden", OWNER, "POST", ids=SLUG, body={"revision": "1"}),
    page("workspaces:golden-gate", ADMINS, "POST", ids=PLACE, forbidden=MEMBER,
         body={"golden_pass_rate": "1"}),
    api("gpts_api:golden-prompt-list", OWNER, READ, ids=SLUG),
    api(
        "gpts_api:golden-prompt-list", OWNER, WRITE, "POST", ids=SLUG,
        body={"prompt": "x", "expected": "answer"},
    ),
    api("gpts_api:golden-prompt-order", OWNER, WRITE, "PUT", ids=SLUG, body={"ids": []}),
    api("gpts_api:golden-prompt-file", OWNER, READ, ids=SLUG),
    api("gpts_api:golden-prompt-file", OWNER, WRITE, "POST", ids=SLUG),
    api("gpts_api:golden-prompt-detail", OWNER, READ, ids=PROMPT),
    api("gpts_api:golden-prompt-detail", OWNER, WRITE, "PATCH", ids=PROMPT, body={"name": "Taken over"}),
    api("gpts_api:golden-prompt-detail", OWNER, WRITE, "DELETE", ids=PROMPT),
    api("gpts_api:golden-run-list", OWNER, READ, ids=SLUG),
    api("gpts_api:golden-run-list", OWNER, WRITE, "POST", ids=SLUG, body={"kind": "golden"}),
    api("gpts_api:golden-run-detail", OWNER, READ, ids=LEAK),
    api("gpts_api:golden-run-cancel", OWNER, WRITE, "POST", ids=RUN),
    api("gpts_api:golden-result-list", OWNER, READ, ids=RUN),
    api("gpts_api:golden-gate", ADMINS, "account", ids=PLACE, key="owner@alpha", forbidden=MEMBER),
    api(
        "gpts_api:golden-gate", ADMINS, "account", "PUT", ids=PLACE, key="owner@alpha", forbidden=MEMBER,
        body={"golden_pass_rate": 1},
    ),
]  # fmt: skip

"""A creator's own earnings; months, batches and the ledger for finance."""

from __future__ import annotations

from tests.isolation.rows.row import FINANCE, OWNER, PEOPLE, Row, api, page, staff_page

STATEMENT = {"statement_id": "statement"}
MARCH = {"month": "2026-03"}
APRIL = {"month": "2026-04"}
DRAFT, APPROVED, EXPORTED = ({"batch_id": f"{state}_batch"} for state in ("draft", "approved", "exported"))
USES = {"payee_id": "payee", "gpt_id": "used_gpt"}
READ, WORK = "usage:read", "finance:work"
BOTH = OWNER | FINANCE

ROWS: list[Row] = [
    page("payouts:earnings-overview", PEOPLE),
    page("payouts:payout-account-edit", PEOPLE, "GET POST"),
    page("payouts:statement-detail", BOTH, ids=STATEMENT),
    page("payouts:statement-csv", BOTH, ids=STATEMENT),
    staff_page("payouts:finance-home", FINANCE),
    staff_page("payouts:period-list", FINANCE),
    staff_page("payouts:period-detail", FINANCE, fixed=MARCH),
    staff_page("payouts:close-start", FINANCE, "POST", fixed=APRIL, body={"confirmation": "2026-04"}),
    staff_page("payouts:close-approve", FINANCE, "POST", fixed=MARCH, body={"confirmation": "2026-03"}),
    staff_page("payouts:close-reject", FINANCE, "POST", fixed=MARCH, body={"reason": "x"}),
    staff_page("payouts:close-cancel", FINANCE, "POST", fixed=MARCH, body={"reason": "x"}),
    staff_page("payouts:period-payee", FINANCE, fixed=MARCH, ids={"payee_id": "payee"}),
    staff_page("payouts:use-list", FINANCE, fixed=MARCH, ids=USES),
    staff_page("payouts:use-exclude", FINANCE, "POST", fixed=MARCH, ids=USES,
               body=lambda world: {"event": str(world.event), "reason": "x"}),
    staff_page("payouts:statement-list", FINANCE),
    staff_page("payouts:batch-list", FINANCE),
    staff_page("payouts:batch-propose", FINANCE, "POST"),
    staff_page("payouts:batch-detail", FINANCE, ids=EXPORTED),
    staff_page("payouts:batch-approve", FINANCE, "POST", ids=DRAFT,
               body=lambda world: {"confirmation": f"batch {world.draft_batch}"}),
    staff_page("payouts:batch-cancel", FINANCE, "POST", ids=DRAFT, body={"reason": "x"}),
    staff_page("payouts:batch-export", FINANCE, "POST", ids=APPROVED, body={"format": "csv"}),
    staff_page("payouts:batch-accept", FINANCE, "POST", ids=EXPORTED),
    staff_page("payouts:batch-reject", FINANCE, "POST", ids=EXPORTED, body={"reason": "x"}),
    staff_page("payouts:payout-record", FINANCE, "POST", ids=EXPORTED,
               body=lambda world: {"payout": world.payout, "outcome": "failed", "reason": "x"}),
    staff_page("payouts:payout-account-act", FINANCE, "POST",
               body=lambda world: {"account": world.payout_account, "act": "hold", "reason": "x"}),
    staff_page("payouts:ledger-accounts", FINANCE),
    staff_page("payouts:entry-list", FINANCE),
    staff_page("payouts:entry-detail", FINANCE, ids={"entry_id": "entry"}),
    staff_page("payouts:rate-card-list", FINANCE),
    staff_page("payouts:rate-card-new", FINANCE, "GET POST"),
    staff_page("payouts:rate-card-detail", FINANCE, fixed={"version": 1}),
    api("payouts_api:earnings", PEOPLE, READ),
    api("payouts_api:payout-account", OWNER, READ),
    api("payouts_api:payout-account", PEOPLE, "account", "PUT"),
    api("payouts_api:statement-list", PEOPLE, READ),
    api("payouts_api:statement-detail", OWNER, READ, ids=STATEMENT),
    api("payouts_api:statement-lines", OWNER, READ, ids=STATEMENT),
    api("payouts_api:period-list", FINANCE, WORK),
    api("payouts_api:period-detail", FINANCE, WORK, fixed=MARCH),
    api("payouts_api:close-start", FINANCE, WORK, "POST", fixed=APRIL),
    api("payouts_api:close-approve", FINANCE, WORK, "POST", fixed=MARCH),
    api("payouts_api:close-reject", FINANCE, WORK, "POST", fixed=MARCH, body={"reason": "x"}),
    api("payouts_api:close-cancel", FINANCE, WORK, "POST", fixed=MARCH, body={"reason": "x"}),
    api("payouts_api:batch-list", FINANCE, WORK, "GET POST"),
    api("payouts_api:batch-detail", FINANCE, WORK, ids=EXPORTED),
    api("payouts_api:batch-approve", FINANCE, WORK, "POST", ids=DRAFT),
    api("payouts_api:batch-cancel", FINANCE, WORK, "POST", ids=DRAFT, body={"reason": "x"}),
    api("payouts_api:batch-export", FINANCE, WORK, "POST", ids=APPROVED, body={"format": "csv"}),
    api("payouts_api:payout-outcome", FINANCE, WORK, "POST", ids={"payout_id": "payout"},
        body={"outcome": "failed", "reason": "x"}),
    api("payouts_api:ledger-accounts", FINANCE, WORK),
    api("payouts_api:ledger-entries", FINANCE, WORK),
    api("payouts_api:rate-card-list", FINANCE, WORK, "GET POST"),
]  # fmt: skip

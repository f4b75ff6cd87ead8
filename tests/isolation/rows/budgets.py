"""Budgets and usage of a workspace, and a person's own limits."""

from __future__ import annotations

from tests.isolation.rows.row import ADMINS, MEMBER, PEOPLE, Row, api, page

PLACE = {"workspace": "alpha_place"}
BUDGET = PLACE | {"budget_id": "budget"}
AT_ALPHA = "owner@alpha"
ACCOUNT = "account"
NEW = {"name": "Another", "measure": "turns", "window": "day", "hard_limit": 1_000_000}
NEW_FORM = NEW | {"whose": "workspace"}
CEILING_FORM = {"input_price": "1000", "output_price": "1000"}
CHANGED = {"name": "Alpha's answers", "soft_limit": 2 * 10**9}

ROWS: list[Row] = [
    page("gpts:budget-list", ADMINS, ids=PLACE, forbidden=MEMBER),
    page("gpts:budget-new", ADMINS, "GET POST", ids=PLACE, body=NEW_FORM, forbidden=MEMBER),
    page("gpts:budget-change", ADMINS, "GET POST", ids=BUDGET, body=CHANGED, forbidden=MEMBER),
    page("gpts:budget-switch", ADMINS, "POST", ids=BUDGET, body={"enabled": "0"}, forbidden=MEMBER),
    page("gpts:budget-remove", ADMINS, "POST", ids=BUDGET, forbidden=MEMBER),
    page("gpts:price-ceiling", ADMINS, "GET POST", ids=PLACE, body=CEILING_FORM, forbidden=MEMBER),
    page("gpts:company-usage", ADMINS, ids=PLACE, forbidden=MEMBER),
    page("gpts:company-usage-csv", ADMINS, ids=PLACE, forbidden=MEMBER),
    api("gpts_api:company-usage", ADMINS, ACCOUNT, ids=PLACE, key=AT_ALPHA, forbidden=MEMBER),
    api("gpts_api:company-usage-csv", ADMINS, ACCOUNT, ids=PLACE, key=AT_ALPHA, forbidden=MEMBER),
    page("gpts:my-limits", PEOPLE),
    api("gpts_api:budget-list", ADMINS, ACCOUNT, ids=PLACE, key=AT_ALPHA, forbidden=MEMBER),
    api(
        "gpts_api:budget-list",
        ADMINS,
        ACCOUNT,
        "POST",
        ids=PLACE,
        key=AT_ALPHA,
        body=NEW | {"subject": "workspace"},
        forbidden=MEMBER,
    ),
    api("gpts_api:budget-detail", ADMINS, ACCOUNT, ids=BUDGET, key=AT_ALPHA, forbidden=MEMBER),
    api(
        "gpts_api:budget-detail",
        ADMINS,
        ACCOUNT,
        "PATCH",
        ids=BUDGET,
        key=AT_ALPHA,
        body={"is_enabled": False},
        forbidden=MEMBER,
    ),
    api("gpts_api:budget-detail", ADMINS, ACCOUNT, "DELETE", ids=BUDGET, key=AT_ALPHA, forbidden=MEMBER),
    api("gpts_api:price-ceiling", ADMINS, ACCOUNT, ids=PLACE, key=AT_ALPHA, forbidden=MEMBER),
    api(
        "gpts_api:price-ceiling",
        ADMINS,
        ACCOUNT,
        "PUT",
        ids=PLACE,
        key=AT_ALPHA,
        body={"input_price_micros": 10**9, "output_price_micros": 10**9},
        forbidden=MEMBER,
    ),
    api("gpts_api:own-limits", PEOPLE, "usage:read"),
]

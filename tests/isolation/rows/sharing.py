"""Shares of GPTs with people and groups, new owners, GPTs without one: pages and API."""

from __future__ import annotations

from tests.isolation.rows.row import ADMINS, MEMBER, NOBODY, PEOPLE, Row, api, page

SLUG = {"slug": "alpha_slug"}
SHARE = SLUG | {"share_id": "share"}
PLACE = {"workspace": "alpha_place"}
PUBLISHING = PLACE | {"request_id": "publish_request"}
TRANSFER = PLACE | {"transfer_id": "transfer"}
READ, WRITE, ACCOUNT = "gpts:read", "gpts:write", "account"
AT_ALPHA = "owner@alpha"
NOBODY_KNOWN = "nobody@else.test"

ROWS: list[Row] = [
    page("gpts:build-share-add", ADMINS, "POST", ids=SLUG, body={"who": NOBODY_KNOWN, "right": "edit"}),
    page("gpts:build-share-change", ADMINS, "POST", ids=SHARE, body={"right": "edit"}),
    page("gpts:build-transfer", ADMINS, "POST", ids=SLUG, body={"to": NOBODY_KNOWN}),
    page("gpts:shared-list", PEOPLE),
    page("gpts:shared-leave", NOBODY, "POST", ids={"share_id": "share"}),
    api("gpts_api:shared-list", PEOPLE, READ),
    api("gpts_api:shared-detail", NOBODY, WRITE, "DELETE", ids={"share_id": "share"}),
    # Nobody needs approval there, an unknown act and an unknown need are refused: these cells change nothing.
    page("gpts:build-ask", ADMINS, "POST", ids=SLUG, body={"audience": "workspace"}),
    page("gpts:build-ask-take-back", ADMINS, "POST", ids=SLUG | {"request_id": "publish_request"}),
    page("gpts:publishing-list", ADMINS, ids=PLACE, forbidden=MEMBER),
    page("gpts:publishing-rule", ADMINS, "POST", ids=PLACE, forbidden=MEMBER, body={"need": "everything"}),
    page("gpts:publishing-show", ADMINS, "GET POST", ids=PUBLISHING, forbidden=MEMBER, body={"act": "none"}),
    page("gpts:gpt-table", ADMINS, ids=PLACE, forbidden=MEMBER),
    page("gpts:gpt-table-csv", ADMINS, ids=PLACE, forbidden=MEMBER),
    page("gpts:gpt-table-filters", ADMINS, "POST", ids=PLACE, forbidden=MEMBER, body={"name": "Old"}),
    page("gpts:gpt-table-batch", ADMINS, "POST", ids=PLACE, forbidden=MEMBER, body={"act": "audience"}),
    page("gpts:gpt-search", ADMINS, ids=PLACE, forbidden=MEMBER, query="?for=rule&q=a"),
    page("gpts:build-heirs", ADMINS, ids=SLUG, query="?q=a"),
    page("gpts:orphan-list", ADMINS, "GET POST", ids=PLACE, forbidden=MEMBER),
    api("gpts_api:gpt-shares", ADMINS, READ, ids=SLUG, key=AT_ALPHA),
    api("gpts_api:gpt-shares", ADMINS, WRITE, "POST", ids=SLUG, key=AT_ALPHA,
        body={"who": NOBODY_KNOWN, "right": "edit"}),
    api("gpts_api:gpt-share", ADMINS, WRITE, "PATCH", ids=SHARE, key=AT_ALPHA, body={"right": "edit"}),
    api("gpts_api:gpt-share", ADMINS, WRITE, "DELETE", ids=SHARE, key=AT_ALPHA),
    api("gpts_api:gpt-owner", ADMINS, WRITE, "PUT", ids=SLUG, key=AT_ALPHA, body={"to": NOBODY_KNOWN}),
    api("gpts_api:approval-list", ADMINS, READ, ids=SLUG, key=AT_ALPHA),
    api("gpts_api:approval-list", ADMINS, WRITE, "POST", ids=SLUG, key=AT_ALPHA,
        body={"audience": "workspace"}),
    api("gpts_api:approval-detail", ADMINS, WRITE, "DELETE", key=AT_ALPHA,
        ids=SLUG | {"request_id": "publish_request"}),
    api("gpts_api:publishing-list", ADMINS, ACCOUNT, ids=PLACE, key=AT_ALPHA, forbidden=MEMBER),
    api("gpts_api:publishing-decide", ADMINS, ACCOUNT, "POST", ids=PUBLISHING, key=AT_ALPHA,
        forbidden=MEMBER, body={"decision": "none"}),
    api("gpts_api:publishing-rule", ADMINS, ACCOUNT, ids=PLACE, key=AT_ALPHA, forbidden=MEMBER),
    api("gpts_api:publishing-rule", ADMINS, ACCOUNT, "PUT", ids=PLACE, key=AT_ALPHA, forbidden=MEMBER,
        body={"need": "everything"}),
    api("gpts_api:gpt-table", ADMINS, ACCOUNT, ids=PLACE, key=AT_ALPHA, forbidden=MEMBER),
    api("gpts_api:gpt-table-csv", ADMINS, ACCOUNT, ids=PLACE, key=AT_ALPHA, forbidden=MEMBER),
    api("gpts_api:gpt-table-batch", ADMINS, ACCOUNT, "POST", ids=PLACE, key=AT_ALPHA, forbidden=MEMBER,
        body={"act": "unpublish", "gpts": ["none"]}),
    api("gpts_api:gpt-filter-list", ADMINS, ACCOUNT, "GET", ids=PLACE, key=AT_ALPHA, forbidden=MEMBER),
    api("gpts_api:gpt-filter-list", ADMINS, ACCOUNT, "POST", ids=PLACE, key=AT_ALPHA, forbidden=MEMBER,
        body={"name": "Old", "query": "unused=90"}),
    api("gpts_api:gpt-filter-detail", ADMINS, ACCOUNT, "DELETE", ids=PLACE, key=AT_ALPHA, forbidden=MEMBER),
    api("gpts_api:orphan-list", ADMINS, ACCOUNT, ids=PLACE, key=AT_ALPHA, forbidden=MEMBER),
    api("gpts_api:transfer-list", ADMINS, ACCOUNT, "POST", ids=PLACE, key=AT_ALPHA, forbidden=MEMBER,
        body={"gpts": ["none"], "to": NOBODY_KNOWN}),
    api("gpts_api:transfer-detail", ADMINS, ACCOUNT, ids=TRANSFER, key=AT_ALPHA, forbidden=MEMBER),
]  # fmt: skip

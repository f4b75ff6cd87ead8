"""The store: public, except for a person's own ratings and for the stores of companies."""

from __future__ import annotations

from tests.isolation.rows.row import ALPHA, EVERYBODY, NOBODY, PEOPLE, Row, api, page

LISTED = {"slug": "listed_slug"}
BUILDER = {"handle": "handle"}

ROWS: list[Row] = [
    page("marketplace:storefront-show", EVERYBODY, "GET POST"),
    page("marketplace:listing-search", EVERYBODY, "GET POST", query="?q=walk"),
    page("marketplace:suggestion-list", EVERYBODY, "GET", query="?q=walk"),
    page("marketplace:category-show", EVERYBODY, "GET POST", fixed={"slug": "writing"}),
    page("marketplace:leaderboard-list", EVERYBODY, "GET POST"),
    page("marketplace:ranking-show", EVERYBODY, "GET POST"),
    page("marketplace:rules-show", EVERYBODY, "GET POST"),
    page("marketplace:about-show", EVERYBODY, "GET", ids=LISTED),
    # An empty question is refused, so that these cells keep nothing.
    page("marketplace:question-ask", EVERYBODY, "GET POST", ids=LISTED, body={"text": ""}),
    page("marketplace:question-drop", EVERYBODY, "POST", ids=LISTED),
    page("marketplace:rating-save", PEOPLE, "GET POST", ids=LISTED, body={"stars": "9"}),
    # None of these people has a rating to delete.
    page("marketplace:rating-delete", NOBODY, "POST", ids=LISTED, is_public=True),
    page("marketplace:profile-edit", PEOPLE, "GET POST"),
    page("marketplace:builder-show", EVERYBODY, "GET POST", ids=BUILDER),
    page("marketplace:private-store-show", ALPHA, "GET POST", ids={"workspace": "alpha_place"}),
    api("marketplace_api:listing-list", PEOPLE, "store:read"),
    api("marketplace_api:listing-detail", PEOPLE, "store:read", ids=LISTED),
    api("marketplace_api:rating-list", PEOPLE, "store:read", ids=LISTED),
    api("marketplace_api:rating-list", PEOPLE, "chat", "PUT", ids=LISTED, body={"stars": 9}),
    api("marketplace_api:rating-list", NOBODY, "chat", "DELETE", ids=LISTED, is_public=True),
    api("marketplace_api:suggestion-list", PEOPLE, "store:read"),
    api("marketplace_api:category-list", PEOPLE, "store:read"),
    api("marketplace_api:leaderboard-list", PEOPLE, "store:read"),
    api("marketplace_api:builder-detail", PEOPLE, "store:read", ids=BUILDER),
]

"""The store: public, except for a person's own ratings and for the stores of companies."""

from __future__ import annotations

from tests.isolation.rows.row import (
    ADMINS,
    ALPHA,
    EVERYBODY,
    MEMBER,
    NOBODY,
    PEOPLE,
    Row,
    api,
    page,
)

LISTED = {"slug": "listed_slug"}
BUILDER = {"handle": "handle"}
PLACE = {"workspace": "alpha_place"}
SECTION = PLACE | {"section_id": "store_section"}

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
    page("marketplace:private-store-show", ALPHA, ids=PLACE),
    page("marketplace:onboarding-close", ALPHA, "POST", ids=PLACE),
    page(
        "marketplace:store-section-list",
        ADMINS,
        "GET POST",
        ids=PLACE,
        forbidden=MEMBER,
        body={"kind": "shelf", "title": "Taken over"},
    ),
    page(
        "marketplace:store-section",
        ADMINS,
        "GET POST",
        ids=SECTION,
        forbidden=MEMBER,
        body={"title": "Taken over"},
    ),
    page("marketplace:store-section-delete", ADMINS, "POST", ids=SECTION, forbidden=MEMBER),
    api("marketplace_api:private-store", ALPHA, "store:read", ids=PLACE, key="owner@alpha"),
    api(
        "marketplace_api:store-section-list",
        ADMINS,
        "account",
        ids=PLACE,
        forbidden=MEMBER,
        key="owner@alpha",
    ),
    api(
        "marketplace_api:store-section-list",
        ADMINS,
        "account",
        "POST",
        ids=PLACE,
        forbidden=MEMBER,
        key="owner@alpha",
        body={"kind": "shelf", "title": "Taken over"},
    ),
    api(
        "marketplace_api:store-section-detail",
        ADMINS,
        "account",
        "PUT",
        ids=SECTION,
        forbidden=MEMBER,
        key="owner@alpha",
        body={"title": "Taken over"},
    ),
    api(
        "marketplace_api:store-section-detail",
        ADMINS,
        "account",
        "DELETE",
        ids=SECTION,
        forbidden=MEMBER,
        key="owner@alpha",
    ),
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

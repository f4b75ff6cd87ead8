"""The store: public, except for a person's own ratings and for the stores of companies."""

from __future__ import annotations

from tests.isolation.rows.row import (
    ADMINS,
    ALPHA,
    EVERYBODY,
    MEMBER,
    NOBODY,
    OWNER,
    PEOPLE,
    Row,
    api,
    page,
)

LISTED = {"slug": "listed_slug"}
BUILDER = {"handle": "handle"}
PLACE = {"workspace": "alpha_place"}
OWN_GPT = {"slug": "alpha_slug"}
SECTION = PLACE | {"section_id": "store_section"}
EXTERNAL = PLACE | LISTED
AT_ALPHA = "owner@alpha"
ASKED = PLACE | {"request_id": "adoption_request"}

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
    page("marketplace:external-list", ADMINS, ids=PLACE, forbidden=MEMBER),
    # An unknown act is refused, so that these cells decide nothing.
    page(
        "marketplace:external-show", ADMINS, "GET POST", ids=EXTERNAL, forbidden=MEMBER, body={"act": "none"}
    ),
    page("marketplace:external-pack", ADMINS, ids=EXTERNAL, fixed={"kind": "csv"}, forbidden=MEMBER),
    page("marketplace:adoption-request-refuse", ADMINS, "POST", ids=ASKED, forbidden=MEMBER),
    page("marketplace:adoption-ask", ALPHA, "POST", ids=EXTERNAL, body={"reason": "short"}),
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
    # Without a reason nothing is blocked.
    page(
        "marketplace:store-block",
        ADMINS,
        "POST",
        ids=PLACE,
        forbidden=MEMBER,
        body=lambda world: {"gpt": world.alpha_slug, "reason": ""},
    ),
    page("marketplace:store-block-lift", ADMINS, "POST", ids=PLACE | OWN_GPT, forbidden=MEMBER),
    api(
        "marketplace_api:store-block-list", ADMINS, "account", ids=PLACE, forbidden=MEMBER, key="owner@alpha"
    ),
    api(
        "marketplace_api:store-block-list",
        ADMINS,
        "account",
        "POST",
        ids=PLACE,
        forbidden=MEMBER,
        key="owner@alpha",
        body={"gpt": "none", "reason": ""},
    ),
    api(
        "marketplace_api:store-block-detail",
        ADMINS,
        "account",
        "DELETE",
        ids=PLACE | OWN_GPT,
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
    api("marketplace_api:adoption-list", ADMINS, "account", ids=PLACE, key=AT_ALPHA, forbidden=MEMBER),
    api("marketplace_api:adoption-pack", ADMINS, "account", ids=EXTERNAL, key=AT_ALPHA, forbidden=MEMBER),
    api(
        "marketplace_api:adoption-pack-file",
        ADMINS,
        "account",
        ids=EXTERNAL,
        fixed={"kind": "pdf"},
        key=AT_ALPHA,
        forbidden=MEMBER,
    ),
    api("marketplace_api:adoption-request-list", ALPHA, "account", ids=PLACE, key=AT_ALPHA),
    api(
        "marketplace_api:adoption-request-list",
        ALPHA,
        "account",
        "POST",
        ids=PLACE,
        key=AT_ALPHA,
        body=lambda world: {"gpt": world.ids["listed_slug"], "reason": "short"},
    ),
    api(
        "marketplace_api:adoption-request-detail",
        OWNER,
        "account",
        "DELETE",
        key=AT_ALPHA,
        ids=PLACE | {"request_id": "own_adoption_request"},
    ),
    api(
        "marketplace_api:adoption-request-detail",
        ADMINS,
        "account",
        "POST",
        ids=ASKED,
        key=AT_ALPHA,
        forbidden=MEMBER,
        body={"answer": ""},
    ),
    api(
        "marketplace_api:adoption-detail",
        ADMINS,
        "account",
        "PUT",
        ids=EXTERNAL,
        key=AT_ALPHA,
        forbidden=MEMBER,
        body={"state": "none"},
    ),
    api("marketplace_api:adoption-detail", ADMINS, "account", ids=EXTERNAL, key=AT_ALPHA, forbidden=MEMBER),
]

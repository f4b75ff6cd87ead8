"""The exact keys of API responses to others. A new key must be added here on purpose."""

from __future__ import annotations

from typing import Any

import pytest

from tests.isolation.requests import call
from tests.isolation.world import World

pytestmark = pytest.mark.django_db

CARD = {
    "slug",
    "name",
    "tagline",
    "category",
    "icon_url",
    "builder_name",
    "builder_verified",
    "rating_average",
    "rating_count",
    "conversations",
    "users_28d",
    "score",
    "category_rank",
    "why",
    "is_allowed",
}
SUGGESTION = {"kind", "name", "slug", "category", "url", "icon_url", "builder_name", "builder_verified"}
PAGE = {"items", "next_cursor", "previous_cursor"}
SHAPES: dict[str, set[str]] = {
    "/api/v1/store/listings/{listed_slug}/": {
        "slug",
        "name",
        "tagline",
        "description",
        "starters",
        "category",
        "icon_url",
        "capabilities",
        "model",
        "has_knowledge",
        "languages",
        "version",
        "published_at",
        "updated_at",
        "builder_handle",
        "builder_name",
        "builder_verified",
        "rating_average",
        "rating_count",
        "conversations",
        "users_28d",
        "score",
        "category_rank",
        "why",
        "refusal",
        "releases",
        "releases.number",
        "releases.notes",
        "releases.released_at",
    },
    "/api/v1/store/listings/": {
        "items",
        "next_cursor",
        "found",
        "is_more",
        "shown_for",
        "suggestion",
        "is_partial",
        *(f"items.{key}" for key in CARD),
    },
    "/api/v1/store/listings/{listed_slug}/ratings/": PAGE
    | {f"items.{key}" for key in ("author_name", "stars", "text", "version", "updated_at")},
    "/api/v1/store/builders/{handle}/": PAGE
    | {"handle", "display_name", "bio", "website", "is_verified"}
    | {f"items.{key}" for key in CARD},
    "/api/v1/store/suggestions/?q=sunrise": {
        "items",
        *(
            f"items.{key}"
            for key in (
                "kind",
                "name",
                "slug",
                "category",
                "url",
                "icon_url",
                "builder_name",
                "builder_verified",
            )
        ),
    },
    "/api/v1/store/categories/": {"value", "label"},
    "/api/v1/me": {"id", "email", "display_name", "language", "time_zone", "theme", "created_at"},
    "/api/v1/models": PAGE
    | {
        f"items.{key}"
        for key in (
            "id",
            "name",
            "label",
            "provider",
            "context_window",
            "max_output_tokens",
            "capabilities",
            "features",
            "input_price_micros",
            "output_price_micros",
            "is_default",
            "retired_at",
        )
    },
}


def collect_keys(value: Any, prefix: str = "") -> set[str]:
    if isinstance(value, list):
        return set().union(*(collect_keys(item, prefix) for item in value)) if value else set()
    if not isinstance(value, dict):
        return set()
    found = set()
    for key, inner in value.items():
        found |= {prefix + key} | collect_keys(inner, f"{prefix}{key}.")
    return found


@pytest.mark.parametrize("path", SHAPES)
def test_a_stranger_gets_exactly_these_keys(path: str, world: World) -> None:
    answer = call(world, "stranger", "get", path.format(**world.ids))
    assert answer.status_code == 200
    assert collect_keys(answer.json()) == SHAPES[path]


def test_errors_have_exactly_these_keys(world: World) -> None:
    body = call(world, "stranger", "get", f"/api/v1/gpts/{world.slug}").json()
    assert collect_keys(body) == {"error", "error.code", "error.message", "error.field", "error.data"}

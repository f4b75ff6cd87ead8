"""T26: the exact keys of what the API tells others. A new key is a decision, not an accident."""

from __future__ import annotations

from typing import Any

import pytest

from tests.isolation.asking import call_api
from tests.isolation.world import World

pytestmark = pytest.mark.django_db

CARD = {
    "slug",
    "name",
    "tagline",
    "category",
    "builder_name",
    "builder_verified",
    "rating_average",
    "rating_count",
    "conversations",
    "users_28d",
    "score",
    "category_rank",
    "why",
}
PAGE = {"items", "next_cursor", "previous_cursor"}
SHAPES: dict[str, set[str]] = {
    "/api/v1/store/listings/{listed_slug}/": {
        "slug",
        "name",
        "tagline",
        "description",
        "starters",
        "category",
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


def keys_of(value: Any, prefix: str = "") -> set[str]:
    if isinstance(value, list):
        return set().union(*(keys_of(item, prefix) for item in value)) if value else set()
    if not isinstance(value, dict):
        return set()
    found = set()
    for key, inner in value.items():
        found |= {prefix + key} | keys_of(inner, f"{prefix}{key}.")
    return found


@pytest.mark.parametrize("path", SHAPES)
def test_a_stranger_reads_exactly_these_keys(path: str, world: World) -> None:
    answer = call_api(world, "stranger", "get", path.format(**world.ids))
    assert answer.status_code == 200
    assert keys_of(answer.json()) == SHAPES[path]


def test_errors_tell_only_what_was_wrong(world: World) -> None:
    body = call_api(world, "stranger", "get", f"/api/v1/gpts/{world.slug}").json()
    assert keys_of(body) == {"error", "error.code", "error.message", "error.field", "error.data"}

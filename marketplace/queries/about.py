"""The About page of a listing, read in at most five SQL statements.

The statements are constants, because building them from querysets took longer than running them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db import connection

from marketplace.access import listing_not_found
from marketplace.cards import (
    CARD_FIELDS,
    CARD_SQL,
    MIN_SHOWN_RATINGS,
    Card,
    explain_rank,
    icon_url,
    rating_average,
)
from marketplace.models import Listing, ListingRelease, ListingScore
from marketplace.queries.public_role import as_public
from marketplace.search.tsquery import build_name_query

RELEASES_SHOWN = 10
NEIGHBOURS = 4

ABOUT_FIELDS = (
    "id", "slug", "name", "tagline", "description", "starters", "icon", "category", "capabilities",
    "model_label", "has_knowledge", "languages", "version_number", "builder_handle", "builder_name",
    "builder_verified", "published_at", "updated_at", "popularity",
)  # fmt: skip
_SCORE_FIELDS = tuple(field.attname for field in ListingScore._meta.concrete_fields)
_RELEASE_FIELDS = ("id", "listing_id", "number", "notes", "released_at")


def _columns(table: str, names: tuple[str, ...]) -> str:
    return ", ".join(f"{table}.{name}" for name in names)


_TABLES = "marketplace_listing l JOIN marketplace_listingscore s ON s.listing_id = l.id"
_BEST = f"ORDER BY l.popularity DESC, l.id DESC LIMIT {NEIGHBOURS}"
# All f-strings here join constants; values are passed as parameters.
LISTING_SQL = f"""
SELECT {_columns("l", ABOUT_FIELDS)}, {_columns("s", _SCORE_FIELDS)} FROM {_TABLES}
WHERE l.slug = %s AND l.state = 'listed'
"""  # noqa: S608
RELEASES_SQL = f"""
SELECT {", ".join(_RELEASE_FIELDS)} FROM marketplace_listingrelease WHERE listing_id = %s
ORDER BY number DESC LIMIT {RELEASES_SHOWN}
"""  # noqa: S608
NEIGHBOURS_SQL = f"""
(SELECT true AS is_same_builder, {CARD_SQL} FROM {_TABLES}
 WHERE l.state = 'listed' AND l.builder_handle = %(handle)s AND l.builder_handle <> '' AND l.id <> %(id)s
 {_BEST})
UNION ALL
(SELECT false, {CARD_SQL} FROM {_TABLES}
 WHERE l.state = 'listed' AND l.category = %(category)s AND l.id <> %(id)s AND l.search @@ %(named)s::tsquery
 {_BEST})
"""  # noqa: S608
BEST_OF_CATEGORY_SQL = f"""
SELECT false, {CARD_SQL} FROM {_TABLES}
WHERE l.state = 'listed' AND l.category = %(category)s AND l.id <> %(id)s {_BEST}
"""  # noqa: S608


@dataclass(frozen=True)
class About:
    """The public facts of one listing, other listings of its builder, and similar ones."""

    listing: Listing
    score: ListingScore
    releases: list[ListingRelease]
    more_by: list[Card]
    similar: list[Card]

    @property
    def icon_url(self) -> str:
        return icon_url(self.listing.icon)

    @property
    def rating_average(self) -> float | None:
        return rating_average(self.score.rating_sum, self.score.rating_count)

    @property
    def why(self) -> str:
        return explain_rank(
            users=self.score.users_28d,
            average=self.rating_average,
            rating_count=self.score.rating_count,
            category_rank=self.score.category_rank,
        )

    @property
    def missing_ratings(self) -> int:
        return max(0, MIN_SHOWN_RATINGS - self.score.rating_count)

    @property
    def histogram(self) -> list[tuple[int, int, float]]:
        """(stars, count, percent of all) from five stars to one."""
        total = self.score.rating_count or 1
        counts = [(star, getattr(self.score, f"stars_{star}")) for star in range(5, 0, -1)]
        return [(star, count, 100 * count / total) for star, count in counts]


@as_public
def get_about(slug: str) -> About:
    """Return the About page of ``slug``; NotFound for unknown, delisted and quarantined listings alike."""
    if "\x00" in slug:
        raise listing_not_found()
    with connection.cursor() as cursor:
        cursor.execute(LISTING_SQL, [slug])
        row = cursor.fetchone()
        if row is None:
            raise listing_not_found()
        listing, score = _build_listing(row)
        cursor.execute(RELEASES_SQL, [listing.pk])
        releases = [ListingRelease.from_db("default", _RELEASE_FIELDS, found) for found in cursor]
        more_by, similar = _list_neighbours(cursor, listing)
    return About(listing=listing, score=score, releases=releases, more_by=more_by, similar=similar)


def _build_listing(row: tuple[Any, ...]) -> tuple[Listing, ListingScore]:
    listing = Listing.from_db("default", ABOUT_FIELDS, row[: len(ABOUT_FIELDS)])
    score = ListingScore.from_db("default", _SCORE_FIELDS, row[len(ABOUT_FIELDS) :])
    listing.score = score
    return listing, score


def _list_neighbours(cursor: Any, listing: Listing) -> tuple[list[Card], list[Card]]:
    """Return (more by the builder, similar).

    Similar are the best of the category with a word of the name in theirs, else the best of the category.
    """
    parameters = {
        "id": listing.pk,
        "handle": listing.builder_handle,
        "category": listing.category,
        "named": build_name_query(listing.name),
    }
    cursor.execute(NEIGHBOURS_SQL, parameters)
    rows = cursor.fetchall()
    if all(is_same_builder for is_same_builder, *_card in rows):
        cursor.execute(BEST_OF_CATEGORY_SQL, parameters)
        rows += cursor.fetchall()
    more_by = [_build_card(row) for row in rows if row[0]]
    return more_by, [_build_card(row) for row in rows if not row[0]]


def _build_card(row: tuple[Any, ...]) -> Card:
    return Card(**dict(zip(CARD_FIELDS, row[1:], strict=True)))

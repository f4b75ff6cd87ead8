"""What the About page shows, read in at most five statements as the public role.

The statements are constants: the page is asked for once for each of many listings, and building them anew
from querysets took longer than running them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db import connection

from core.pagination import Page
from marketplace.access import missing_listing
from marketplace.cards import CARD_FIELDS, CARD_SQL, RATING_FLOOR, Card, icon_url, rating_average, why_here
from marketplace.models import Listing, ListingRelease, ListingScore, Rating
from marketplace.search.expressions import named_words

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
# All f-strings here join constants; what comes from addresses and listings goes in as parameters.
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
    """The public facts of one listing, and what stands around them."""

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
        return why_here(
            users=self.score.users_28d,
            average=self.rating_average,
            rating_count=self.score.rating_count,
            category_rank=self.score.category_rank,
        )

    @property
    def missing_ratings(self) -> int:
        return max(0, RATING_FLOOR - self.score.rating_count)

    @property
    def histogram(self) -> list[tuple[int, int, float]]:
        """Stars from five to one with their count and share of all, in percent."""
        total = self.score.rating_count or 1
        counts = [(star, getattr(self.score, f"stars_{star}")) for star in range(5, 0, -1)]
        return [(star, count, 100 * count / total) for star, count in counts]


def read_about(slug: str) -> About:
    """Return what the page of ``slug`` shows. NotFound for unknown, delisted and quarantined alike."""
    if "\x00" in slug:
        raise missing_listing()
    with connection.cursor() as cursor:
        cursor.execute(LISTING_SQL, [slug])
        row = cursor.fetchone()
        if row is None:
            raise missing_listing()
        listing, score = _listing_of(row)
        cursor.execute(RELEASES_SQL, [listing.pk])
        releases = [ListingRelease.from_db("default", _RELEASE_FIELDS, found) for found in cursor]
        more_by, similar = _neighbours(cursor, listing)
    return About(listing=listing, score=score, releases=releases, more_by=more_by, similar=similar)


def _listing_of(row: tuple[Any, ...]) -> tuple[Listing, ListingScore]:
    listing = Listing.from_db("default", ABOUT_FIELDS, row[: len(ABOUT_FIELDS)])
    score = ListingScore.from_db("default", _SCORE_FIELDS, row[len(ABOUT_FIELDS) :])
    listing.score = score
    return listing, score


def _neighbours(cursor: Any, listing: Listing) -> tuple[list[Card], list[Card]]:
    """More by the builder, and the best of the category with a word of the name, else the best of it."""
    parameters = {
        "id": listing.pk,
        "handle": listing.builder_handle,
        "category": listing.category,
        "named": named_words(listing.name),
    }
    cursor.execute(NEIGHBOURS_SQL, parameters)
    rows = cursor.fetchall()
    if all(is_same_builder for is_same_builder, *_card in rows):
        cursor.execute(BEST_OF_CATEGORY_SQL, parameters)
        rows += cursor.fetchall()
    more_by = [_card_of(row) for row in rows if row[0]]
    return more_by, [_card_of(row) for row in rows if not row[0]]


def _card_of(row: tuple[Any, ...]) -> Card:
    return Card(**dict(zip(CARD_FIELDS, row[1:], strict=True)))


def no_ratings() -> Page[Rating]:
    """The page of ratings of a listing that has none, which needs no query."""
    return Page(items=[], next_cursor="", previous_cursor="")

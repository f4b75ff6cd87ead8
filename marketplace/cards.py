"""Cards: a listing as lists show it, with the sentence that explains its rank."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import F, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core.min_group import MIN_GROUP
from marketplace.models.listings import TAGLINE_LENGTH

SENTENCE_ENDS = (". ", "! ", "? ", "。", "！", "？", "\n")
# Below this many ratings no average is shown.
MIN_SHOWN_RATINGS = MIN_GROUP

_COLUMNS = (
    "id", "slug", "name", "tagline", "icon", "category", "builder_name", "builder_verified", "popularity",
)  # fmt: skip
_FIGURES = (
    "rating_count", "rating_sum", "conversations_total", "users_28d", "users_7d", "rank", "category_rank",
    "trend_rank", "previous_trend_rank", "previous_category_rank", "previous_rank",
)  # fmt: skip

# The columns of a card for raw SQL: "l" is the listing, "s" its score.
CARD_SQL = ", ".join([f"l.{name}" for name in _COLUMNS] + [f"s.{name}" for name in _FIGURES])
CARD_FIELDS = (*_COLUMNS, *_FIGURES)


@dataclass(frozen=True, slots=True)
class Card:
    """The content of one card or row; attribute names are those of the card components."""

    id: int
    slug: str
    name: str
    tagline: str
    icon: str
    category: str
    builder_name: str
    builder_verified: bool
    popularity: float
    rating_count: int
    rating_sum: int
    conversations_total: int
    users_28d: int
    users_7d: int
    rank: int
    category_rank: int
    trend_rank: int
    previous_trend_rank: int
    previous_category_rank: int
    previous_rank: int
    reason: str = ""

    @property
    def url(self) -> str:
        return f"/g/{self.slug}"

    @property
    def icon_url(self) -> str:
        return icon_url(self.icon)

    @property
    def rating_average(self) -> float | None:
        return rating_average(self.rating_sum, self.rating_count)

    @property
    def has_enough_ratings(self) -> bool:
        return self.rating_count >= MIN_SHOWN_RATINGS

    @property
    def conversations(self) -> int:
        return self.conversations_total

    @property
    def trend_movement(self) -> int | None:
        return compute_movement(self.trend_rank, self.previous_trend_rank)

    @property
    def category_movement(self) -> int | None:
        return compute_movement(self.category_rank, self.previous_category_rank)

    @property
    def why(self) -> str:
        return explain_rank(
            users=self.users_28d,
            average=self.rating_average,
            rating_count=self.rating_count,
            category_rank=self.category_rank,
        )


def explain_rank(*, users: int, average: float | None, rating_count: int, category_rank: int) -> str:
    """Return the figures behind a rank as one line in the reader's language."""
    parts = []
    if users:
        parts.append(
            ngettext(
                "%(count)d person outside the builder's workspace used it in the last 28 days",
                "%(count)d people outside the builder's workspace used it in the last 28 days",
                users,
            )
            % {"count": users}
        )
    if average is not None:
        parts.append(_("rated %(average).1f by %(count)d") % {"average": average, "count": rating_count})
    if category_rank:
        parts.append(_("place %(rank)d in its category") % {"rank": category_rank})
    return " · ".join(parts)


def icon_url(key: str) -> str:
    return f"/{key}" if key else ""


def rating_average(total: int, count: int) -> float | None:
    """Return the mean of the stars, None while there are too few ratings to show one."""
    return total / count if count >= MIN_SHOWN_RATINGS else None


def compute_movement(rank: int, previous_rank: int) -> int | None:
    """Return how many ranks were gained since last week, None without a rank then."""
    return previous_rank - rank if rank and previous_rank else None


def select_card_rows(listings: QuerySet[Any]) -> QuerySet[Any, dict[str, Any]]:
    """Select the columns of cards from a queryset of listings, in one query."""
    return listings.annotate(**{name: F(f"score__{name}") for name in _FIGURES}).values(*CARD_FIELDS)


def make_card(row: Mapping[str, Any], reason: str = "") -> Card:
    return Card(**{name: row[name] for name in CARD_FIELDS}, reason=reason)


def make_tagline(description: str) -> str:
    """Return the first sentence of a description, cut at a word boundary when it is too long for a card."""
    text = description.strip()
    ends = [text.find(end) + len(end.rstrip()) for end in SENTENCE_ENDS if end in text]
    sentence = text[: min(ends)].strip() if ends else text
    if len(sentence) <= TAGLINE_LENGTH:
        return sentence
    cut = sentence[: TAGLINE_LENGTH - 1]
    return (cut.rsplit(" ", 1)[0] if " " in cut else cut) + "…"

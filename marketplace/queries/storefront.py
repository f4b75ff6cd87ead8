"""The store's first page: shelf, trending, best of each category, noteworthy new ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.db.models import F, Q, QuerySet

from core.min_group import MIN_GROUP
from gpts.assistants.states import Category
from marketplace.cards import CARD_FIELDS, MIN_SHOWN_RATINGS, Card, make_card, select_card_rows
from marketplace.models import Listing, ShelfEntry
from marketplace.models.listings import LISTED
from marketplace.queries.public_role import as_public

ROW_SIZE = 4
TRENDING_SIZE = 10
# The best of a category from which its row is chosen: the reader's language first, then by the score.
ROW_CANDIDATES = 24
NEWEST_CONSIDERED = 200
# "New and noteworthy": listed in this time, used by enough people to say so, and not rated badly by many.
NOTEWORTHY_DAYS = 30
NOTEWORTHY_MIN_USERS = MIN_GROUP
NOTEWORTHY_MIN_STARS = 3.5


@dataclass(frozen=True)
class ShelfView:
    """The current editorial shelf. ``reasons_zh`` has an entry for each card, empty without a translation."""

    title: str
    title_zh: str
    cards: list[Card]
    reasons_zh: list[str]

    def cards_in(self, *, chinese: bool) -> list[Card]:
        """Return the cards with the editor's reason in the reader's language, where there is one."""
        if not chinese:
            return self.cards
        pairs = zip(self.cards, self.reasons_zh, strict=True)
        return [replace(card, reason=reason or card.reason) for card, reason in pairs]


@dataclass(frozen=True)
class Storefront:
    """The content of the first page, read in four queries. No GPT is in two parts of it."""

    shelf: ShelfView | None
    trending: list[Card]
    categories: list[tuple[Category, list[Card]]]
    noteworthy: list[Card]

    def list_cards(self) -> list[Card]:
        """Return the cards of all parts."""
        shelf = self.shelf.cards if self.shelf else []
        rows = [card for _category, cards in self.categories for card in cards]
        return [*shelf, *self.trending, *rows, *self.noteworthy]

    @property
    def is_empty(self) -> bool:
        return not (self.shelf or self.trending or self.categories or self.noteworthy)


@as_public
def get_storefront(*, today: date, language: str) -> Storefront:
    """Read the first page for readers of ``language`` (a code such as "en" or "zh-hans")."""
    shelf = _get_shelf(today)
    shown = {card.id for card in shelf.cards} if shelf else set()
    trending = _list_trending(shown)
    shown |= {card.id for card in trending}
    categories = _list_best_by_category(shown, language)
    shown |= {card.id for _category, cards in categories for card in cards}
    return Storefront(
        shelf=shelf,
        trending=trending,
        categories=categories,
        noteworthy=_list_noteworthy(shown, today, language),
    )


def _get_shelf(today: date) -> ShelfView | None:
    rows = list(
        select_card_rows(Listing.objects.filter(LISTED, shelf_entries__in=_filter_current_entries(today)))
        .annotate(
            shelf_start=F("shelf_entries__shelf__starts_on"),
            title=F("shelf_entries__shelf__title"),
            title_zh=F("shelf_entries__shelf__title_zh"),
            reason=F("shelf_entries__reason"),
            reason_zh=F("shelf_entries__reason_zh"),
        )
        .order_by("-shelf_start", "shelf_entries__position")[:12]
    )
    newest = [row for row in rows if row["shelf_start"] == rows[0]["shelf_start"]]
    if not newest:
        return None
    return ShelfView(
        title=newest[0]["title"],
        title_zh=newest[0]["title_zh"],
        cards=[make_card(row, reason=row["reason"]) for row in newest],
        reasons_zh=[row["reason_zh"] for row in newest],
    )


def _filter_current_entries(today: date) -> QuerySet[ShelfEntry]:
    return ShelfEntry.objects.filter(shelf__starts_on__lte=today, shelf__ends_on__gt=today)


def _list_trending(shown: set[int]) -> list[Card]:
    rows = select_card_rows(Listing.objects.filter(LISTED, score__trend_rank__gt=0).exclude(id__in=shown))
    return [make_card(row) for row in rows.order_by("score__trend_rank")[:TRENDING_SIZE]]


def _list_best_by_category(shown: set[int], language: str) -> list[tuple[Category, list[Card]]]:
    """Return the best of each category in one query: a union with one index scan for each category."""
    best = [
        _select_with_languages(
            Listing.objects.filter(LISTED, category=category).exclude(id__in=shown)
        ).order_by("-popularity", "-id")[:ROW_CANDIDATES]
        for category in Category
    ]
    by_category: dict[str, list[Mapping[str, Any]]] = {}
    for row in best[0].union(*best[1:], all=True):
        by_category.setdefault(row["category"], []).append(row)
    return [
        (category, _make_row(by_category[category], language, ROW_SIZE))
        for category in Category
        if category in by_category
    ]


def _list_noteworthy(shown: set[int], today: date, language: str) -> list[Card]:
    """Return new listings above the floor that the page does not show yet, the newest first."""
    since = datetime.combine(today - timedelta(days=NOTEWORTHY_DAYS), time.min, UTC)
    newest = (
        Listing.objects.filter(LISTED, published_at__gte=since)
        .exclude(id__in=shown)
        .order_by("-published_at", "-id")
        .values("id")[:NEWEST_CONSIDERED]
    )
    is_badly_rated = Q(
        score__rating_count__gte=MIN_SHOWN_RATINGS,
        score__rating_sum__lt=F("score__rating_count") * NOTEWORTHY_MIN_STARS,
    )
    rows = (
        _select_with_languages(
            Listing.objects.filter(id__in=newest, score__users_28d__gte=NOTEWORTHY_MIN_USERS)
        )
        .exclude(is_badly_rated)
        .order_by("-published_at", "-id")
    )
    return _make_row(list(rows), language, ROW_SIZE)


def _select_with_languages(listings: QuerySet[Any]) -> QuerySet[Any, dict[str, Any]]:
    return select_card_rows(listings).values(*CARD_FIELDS, "languages")


def _make_row(rows: list[Mapping[str, Any]], language: str, size: int) -> list[Card]:
    """Return the cards that the page shows of ordered rows; those in the reader's language come first."""
    spoken = language.split("-")[0]
    own_first = sorted(
        rows, key=lambda row: all(code.split("-")[0] != spoken for code in row["languages"])
    )  # stable: within both parts the order stays
    return [make_card(row) for row in own_first[:size]]

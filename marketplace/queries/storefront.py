"""The store's first page: shelf, trending, best of each category, noteworthy new ones."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

from django.db.models import F, QuerySet

from gpts.assistants.states import Category
from marketplace.cards import Card, make_card, select_card_rows
from marketplace.models import Listing, ShelfEntry
from marketplace.models.listings import LISTED
from marketplace.queries.public_role import as_public

ROW_SIZE = 4
TRENDING_SIZE = 10
NEWEST_CONSIDERED = 200


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
    """The content of the first page, read in four queries."""

    shelf: ShelfView | None
    trending: list[Card]
    categories: list[tuple[Category, list[Card]]]
    noteworthy: list[Card]


@as_public
def get_storefront(*, today: date) -> Storefront:
    return Storefront(
        shelf=_get_shelf(today),
        trending=_list_trending(),
        categories=_list_best_by_category(),
        noteworthy=_list_noteworthy(),
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


def _list_trending() -> list[Card]:
    rows = select_card_rows(Listing.objects.filter(LISTED, score__trend_rank__gt=0))
    return [make_card(row) for row in rows.order_by("score__trend_rank")[:TRENDING_SIZE]]


def _list_best_by_category() -> list[tuple[Category, list[Card]]]:
    """Return the best of each category in one query: a union with one index scan for each category."""
    best = [
        select_card_rows(Listing.objects.filter(LISTED, category=category)).order_by("-popularity", "-id")[
            :ROW_SIZE
        ]
        for category in Category
    ]
    rows = list(best[0].union(*best[1:], all=True))
    by_category: dict[str, list[Card]] = {}
    for row in rows:
        by_category.setdefault(row["category"], []).append(make_card(row))
    return [(category, by_category[category]) for category in Category if category in by_category]


def _list_noteworthy() -> list[Card]:
    newest = Listing.objects.filter(LISTED).order_by("-published_at", "-id").values("id")[:NEWEST_CONSIDERED]
    rows = select_card_rows(Listing.objects.filter(id__in=newest)).order_by("-popularity", "-id")
    return [make_card(row) for row in rows[: ROW_SIZE * 2]]

"""Lists of listings: search results, categories, leaderboards."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import QuerySet

from core.pagination import paginate
from gpts.assistants.states import Category
from marketplace.cards import CARD_FIELDS, Card, make_card, select_card_rows
from marketplace.models import Listing, ListingScore
from marketplace.models.listings import LISTED
from marketplace.queries.about import ABOUT_FIELDS
from marketplace.queries.public_role import as_public
from marketplace.search.query_vectors import QueryVector
from marketplace.search.ranking import SearchPage, search
from marketplace.states import Board

PAGE_SIZE = 24
LEADERBOARD_SIZE = 20
SCORE_FIELDS = tuple(f"score__{field.name}" for field in ListingScore._meta.concrete_fields)


def list_listings() -> QuerySet[Listing]:
    """Return the listings in the store, with only the columns that the public role may read."""
    return Listing.objects.filter(LISTED).select_related("score").only(*ABOUT_FIELDS, *SCORE_FIELDS)


BOARD_ORDER = {
    Board.BEST: ("-popularity", "-id"),
    Board.NEW: ("-published_at", "-id"),
}


@as_public
def search_listings(
    text: str,
    *,
    category: str = "",
    cursor: str = "",
    is_typing: bool = False,
    vector: QueryVector | None = None,
) -> SearchPage:
    """Search the store. Without text, return the best of the category or of all.

    ``vector`` is made by get_query_vector, before the transaction; without it, search is by words alone.
    """
    if text.strip():
        return search(text, category=category, cursor=cursor, is_typing=is_typing, vector=vector)
    page = _list_page(category=category, cursor=cursor, board=Board.BEST)
    return SearchPage(items=page.items, next_cursor=page.next_cursor, found=len(page.items))


@dataclass(frozen=True)
class CardPage:
    items: list[Card]
    next_cursor: str
    previous_cursor: str


@as_public
def browse_listings(*, category: str = "", cursor: str = "", board: Board = Board.BEST) -> CardPage:
    """Return one keyset page of a category (or of all) in the order of a board."""
    return _list_page(category=category, cursor=cursor, board=board)


def _list_page(*, category: str, cursor: str, board: Board) -> CardPage:
    listings = list_listings()
    if category:
        listings = listings.filter(category=category)
    page = paginate(listings, order=BOARD_ORDER[board], cursor=cursor, size=PAGE_SIZE)
    return CardPage(
        items=[build_card(listing) for listing in page.items],
        next_cursor=page.next_cursor,
        previous_cursor=page.previous_cursor,
    )


def build_card(listing: Listing) -> Card:
    """Return the card of a row of ``list_listings``, without a query."""
    score = listing.score
    return Card(
        **{
            name: getattr(listing, name) if hasattr(Listing, name) else getattr(score, name)
            for name in CARD_FIELDS
        }
    )


@as_public
def list_leaderboards() -> list[tuple[Category, list[Card]]]:
    """Return the first places of every category, by the published score."""
    boards = []
    best = [
        select_card_rows(Listing.objects.filter(LISTED, category=category)).order_by("-popularity", "-id")[
            :LEADERBOARD_SIZE
        ]
        for category in Category
    ]
    rows = list(best[0].union(*best[1:], all=True))
    for category in Category:
        cards = [make_card(row) for row in rows if row["category"] == category]
        if cards:
            boards.append((category, cards))
    return boards

"""Reading the store, as the public role: only marketplace tables, only columns that are granted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import wraps
from typing import ParamSpec, TypeVar

from django.db.models import F, QuerySet
from django.db.models.functions import Lower
from django.db.models.lookups import Exact
from django.utils.translation import gettext_lazy as _

from core.errors import NotFound
from core.pagination import Page, paginate
from core.scope import public_reader
from gpts.assistants.models import LiveVersion
from gpts.assistants.states import Audience, Category
from marketplace.about import ABOUT_FIELDS, About, read_about
from marketplace.cards import (
    CARD_FIELDS,
    Card,
    card_rows,
    icon_url,
    make_card,
    tagline_of,
)
from marketplace.models import (
    BuilderProfile,
    Listing,
    ListingScore,
    Rating,
    ShelfEntry,
)
from marketplace.models.listings import LISTED
from marketplace.search.find import Found
from marketplace.search.find import search as find
from marketplace.states import Board

ROW_SIZE = 4
TRENDING_SIZE = 10
NEWEST_CONSIDERED = 200
PAGE_SIZE = 24
RATINGS_SIZE = 10
LEADERBOARD_SIZE = 20

ArgsT = ParamSpec("ArgsT")
ValueT = TypeVar("ValueT")

SCORE_FIELDS = tuple(f"score__{field.name}" for field in ListingScore._meta.concrete_fields)


def as_public(query: Callable[ArgsT, ValueT]) -> Callable[ArgsT, ValueT]:
    """Run a query as the role that can read the public store and nothing else, whoever asks."""

    @wraps(query)
    def run(*args: ArgsT.args, **kwargs: ArgsT.kwargs) -> ValueT:
        with public_reader():
            return query(*args, **kwargs)

    return run


def listed() -> QuerySet[Listing]:
    """Listings that stand in the store, with only the columns that everybody may read."""
    return Listing.objects.filter(LISTED).select_related("score").only(*ABOUT_FIELDS, *SCORE_FIELDS)


# Storefront ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ShelfView:
    title: str
    title_zh: str
    cards: list[Card]
    reasons_zh: list[str]

    def cards_in(self, *, chinese: bool) -> list[Card]:
        """The cards with the editor's reason in the reader's language, where there is one."""
        if not chinese:
            return self.cards
        pairs = zip(self.cards, self.reasons_zh, strict=True)
        return [replace(card, reason=reason or card.reason) for card, reason in pairs]


@dataclass(frozen=True)
class Storefront:
    """Everything on the first page, in four queries."""

    shelf: ShelfView | None
    trending: list[Card]
    categories: list[tuple[Category, list[Card]]]
    noteworthy: list[Card]


@as_public
def storefront(*, today: date) -> Storefront:
    return Storefront(
        shelf=_shelf(today),
        trending=trending(TRENDING_SIZE),
        categories=_category_rows(),
        noteworthy=_noteworthy(),
    )


def _shelf(today: date) -> ShelfView | None:
    rows = list(
        card_rows(Listing.objects.filter(LISTED, shelf_entries__in=_current_entries(today)))
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


def _current_entries(today: date) -> QuerySet[ShelfEntry]:
    return ShelfEntry.objects.filter(shelf__starts_on__lte=today, shelf__ends_on__gt=today)


def trending(size: int) -> list[Card]:
    rows = card_rows(Listing.objects.filter(LISTED, score__trend_rank__gt=0))
    return [make_card(row) for row in rows.order_by("score__trend_rank")[:size]]


def _category_rows() -> list[tuple[Category, list[Card]]]:
    """The best of each category: one query of seven short walks along one index."""
    walks = [
        card_rows(Listing.objects.filter(LISTED, category=category)).order_by("-popularity", "-id")[:ROW_SIZE]
        for category in Category
    ]
    rows = list(walks[0].union(*walks[1:], all=True))
    by_category: dict[str, list[Card]] = {}
    for row in rows:
        by_category.setdefault(row["category"], []).append(make_card(row))
    return [(category, by_category[category]) for category in Category if category in by_category]


def _noteworthy() -> list[Card]:
    newest = Listing.objects.filter(LISTED).order_by("-published_at", "-id").values("id")[:NEWEST_CONSIDERED]
    rows = card_rows(Listing.objects.filter(id__in=newest)).order_by("-popularity", "-id")
    return [make_card(row) for row in rows[: ROW_SIZE * 2]]


# Lists ---------------------------------------------------------------------------------------------------

BOARD_ORDER = {
    Board.BEST: ("-popularity", "-id"),
    Board.NEW: ("-published_at", "-id"),
}


@as_public
def search_listings(text: str, *, category: str = "", cursor: str = "", is_typing: bool = False) -> Found:
    """Search the store; without text, the best of the category or of all."""
    if text.strip():
        return find(text, category=category, cursor=cursor, is_typing=is_typing)
    page = _browse(category=category, cursor=cursor, board=Board.BEST)
    return Found(items=page.items, next_cursor=page.next_cursor, found=len(page.items))


@dataclass(frozen=True)
class CardPage:
    items: list[Card]
    next_cursor: str
    previous_cursor: str


@as_public
def browse(*, category: str = "", cursor: str = "", board: Board = Board.BEST) -> CardPage:
    """One keyset page of a category (or of all) in the order of a board."""
    return _browse(category=category, cursor=cursor, board=board)


def _browse(*, category: str, cursor: str, board: Board) -> CardPage:
    found = listed()
    if category:
        found = found.filter(category=category)
    page = paginate(found, order=BOARD_ORDER[board], cursor=cursor, size=PAGE_SIZE)
    return CardPage(
        items=[_card_of(listing) for listing in page.items],
        next_cursor=page.next_cursor,
        previous_cursor=page.previous_cursor,
    )


def _card_of(listing: Listing) -> Card:
    score = listing.score
    return Card(
        **{
            name: getattr(listing, name) if hasattr(Listing, name) else getattr(score, name)
            for name in CARD_FIELDS
        }
    )


@as_public
def leaderboards() -> list[tuple[Category, list[Card]]]:
    """The first places of every category, by the published score."""
    boards = []
    walks = [
        card_rows(Listing.objects.filter(LISTED, category=category)).order_by("-popularity", "-id")[
            :LEADERBOARD_SIZE
        ]
        for category in Category
    ]
    rows = list(walks[0].union(*walks[1:], all=True))
    for category in Category:
        cards = [make_card(row) for row in rows if row["category"] == category]
        if cards:
            boards.append((category, cards))
    return boards


# About ---------------------------------------------------------------------------------------------------


@as_public
def about(slug: str) -> About:
    """Return what the About page shows. NotFound for unknown, delisted and quarantined alike."""
    return read_about(slug)


RATING_FIELDS = ("id", "author_name", "stars", "text", "version_number", "created_at", "updated_at")


def shown_ratings(listing_id: int) -> QuerySet[Rating]:
    """Ratings that moderation has not hidden, without their authors' ids."""
    return Rating.objects.filter(listing_id=listing_id, hidden_at__isnull=True).only(*RATING_FIELDS)


@as_public
def ratings_page(listing_id: int, *, cursor: str = "", size: int = RATINGS_SIZE) -> Page[Rating]:
    return paginate(shown_ratings(listing_id), order=("-updated_at", "-id"), cursor=cursor, size=size)


# Builders ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class BuilderPage:
    profile: BuilderProfile
    listings: CardPage


@as_public
def builder_page(handle: str, *, cursor: str = "") -> BuilderPage:
    """Return a builder's public page; NotFound for unknown handles. Handles are found in any case."""
    same: Exact[str] = Exact(Lower("handle"), handle.lower())
    profile = builder_profiles().filter(same).first() if "\x00" not in handle else None
    if profile is None:
        raise missing_builder()
    page = paginate(
        listed().filter(builder_handle=profile.handle),
        order=BOARD_ORDER[Board.BEST],
        cursor=cursor,
        size=PAGE_SIZE,
    )
    cards = CardPage([_card_of(row) for row in page.items], page.next_cursor, page.previous_cursor)
    return BuilderPage(profile=profile, listings=cards)


def builder_profiles() -> QuerySet[BuilderProfile]:
    return BuilderProfile.objects.only(
        "id", "handle", "display_name", "bio", "website", "verified_name_at", "verified_website_at",
        "created_at",
    )  # fmt: skip


def missing_builder() -> NotFound:
    return NotFound(_("There is no such builder."), code="builder_not_found")


# Private store of a workspace ----------------------------------------------------------------------------


@dataclass(frozen=True)
class PrivateCard:
    """A GPT in its company's own store; attribute names are those of the card component."""

    name: str
    slug: str
    tagline: str
    icon: str
    category: str
    builder_name: str
    conversations: int
    since: datetime

    builder_verified: bool = False
    rating_count: int = 0
    rating_average: float | None = None

    @property
    def url(self) -> str:
        return f"/g/{self.slug}/chat"

    @property
    def icon_url(self) -> str:
        return icon_url(self.icon)


def private_store(workspace_id: int, *, text: str = "") -> list[PrivateCard]:
    """GPTs live for a workspace's people, most used first. The caller has authorised the member."""
    live = LiveVersion.objects.filter(
        audience=Audience.WORKSPACE,
        gpt__workspace_id=workspace_id,
        gpt__deleted_at__isnull=True,
        gpt__quarantined_at__isnull=True,
    )
    if text:
        live = live.filter(version__name__icontains=text) | live.filter(version__description__icontains=text)
    rows = live.order_by("-gpt__conversation_count", "-since").values_list(
        "version__name",
        "gpt__slug",
        "version__description",
        "version__icon",
        "version__category",
        "gpt__owner__display_name",
        "gpt__conversation_count",
        "since",
    )[:200]
    return [
        PrivateCard(name, slug, tagline_of(description), icon, category, owner, count, since)
        for name, slug, description, icon, category, owner, count, since in rows
    ]

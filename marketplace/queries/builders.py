"""A builder's public page."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import QuerySet
from django.db.models.functions import Lower
from django.db.models.lookups import Exact
from django.utils.translation import gettext_lazy as _

from core.errors import NotFound
from core.pagination import paginate
from marketplace.models import BuilderProfile
from marketplace.queries.listings import BOARD_ORDER, PAGE_SIZE, CardPage, build_card, list_listings
from marketplace.queries.public_role import as_public
from marketplace.states import Board


@dataclass(frozen=True)
class BuilderPage:
    profile: BuilderProfile
    listings: CardPage


@as_public
def get_builder_page(handle: str, *, cursor: str = "") -> BuilderPage:
    """Return a builder's public page; NotFound for unknown handles. Handles ignore case."""
    same: Exact[str] = Exact(Lower("handle"), handle.lower())
    profile = _list_profiles().filter(same).first() if "\x00" not in handle else None
    if profile is None:
        raise builder_not_found()
    page = paginate(
        list_listings().filter(builder_handle=profile.handle),
        order=BOARD_ORDER[Board.BEST],
        cursor=cursor,
        size=PAGE_SIZE,
    )
    cards = CardPage([build_card(row) for row in page.items], page.next_cursor, page.previous_cursor)
    return BuilderPage(profile=profile, listings=cards)


def _list_profiles() -> QuerySet[BuilderProfile]:
    return BuilderProfile.objects.only(
        "id", "handle", "display_name", "bio", "website", "verified_name_at", "verified_website_at",
        "created_at",
    )  # fmt: skip


def builder_not_found() -> NotFound:
    return NotFound(_("There is no such builder."), code="builder_not_found")

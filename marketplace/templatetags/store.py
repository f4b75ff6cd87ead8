"""Cards of listings: the template is rendered once for each shape of card, then only filled in."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from django import template
from django.conf import settings
from django.template.context import Context
from django.template.defaultfilters import floatformat
from django.template.loader import render_to_string
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language

from core.look import formats, illustrations
from marketplace.cards import Card
from marketplace.queries import MARK_KINDS, PrivateCard
from marketplace.states import Mark

register = template.Library()

CARD = "components/card_listing.html"
# A few megabytes in each process. The key is the whole card, so no entry can be outdated.
CARD_CACHE_SIZE = 5_000
_PLACEHOLDER = re.compile("card-(arch|url|name|tagline|builder|average|used|why|reason)-71f3b8")


@dataclass(frozen=True, slots=True)
class Shape:
    """The facts that decide which elements a card has."""

    is_verified: bool
    is_rated: bool
    is_used: bool
    is_explained: bool
    is_refused: bool = False
    is_large: bool = False
    has_reason: bool = False
    # One of Mark, or empty.
    mark: str = ""


@register.simple_tag(takes_context=True)
def listing_card(context: Context, item: Card | PrivateCard, *, large: object = False) -> SafeString:
    """Render a card; ``refused`` of the context has the ids of listings that the reader's company refuses.

    Cards of private stores are not cached: what a company wrote stays in no process.
    """
    is_refused = item.id in (context.get("refused") or ())
    if settings.DEBUG or (large and isinstance(item, Card)):
        return render_to_string(CARD, {"item": item, "is_refused": is_refused, "large": large})
    language = get_language() or "en"
    if isinstance(item, PrivateCard):
        return _fill_card(item, language, is_large=bool(large), reason=item.reason, mark=item.mark)
    return _render_cached_card(item, language, is_refused=is_refused)


@lru_cache(maxsize=CARD_CACHE_SIZE)
def _render_cached_card(item: Card, language: str, *, is_refused: bool = False) -> SafeString:
    return _fill_card(item, language, is_refused=is_refused, why=item.why)


def _fill_card(
    item: Card | PrivateCard,
    language: str,
    *,
    is_refused: bool = False,
    is_large: bool = False,
    reason: str = "",
    mark: str = "",
    why: str = "",
) -> SafeString:
    average = item.rating_average
    shape = Shape(
        is_verified=item.builder_verified,
        is_rated=average is not None,
        is_used=bool(item.conversations),
        is_explained=bool(why),
        is_refused=is_refused,
        is_large=is_large,
        has_reason=bool(reason),
        mark=mark,
    )
    size = "lg" if is_large else "md"
    values = {
        "arch": illustrations.arch_icon(item.name, item.icon_url, item.category, size, item.slug),
        "url": escape(item.url),
        "name": escape(item.name),
        "tagline": escape(item.tagline),
        "builder": escape(item.builder_name),
        "average": escape(floatformat(average, 1)),
        "used": escape(formats.compact_number(item.conversations)) if item.conversations else "",
        "why": escape(why),
        "reason": escape(reason),
    }
    # Every value is escaped above; the rest comes from the template.
    return mark_safe(_PLACEHOLDER.sub(lambda match: values[match[1]], _render_shape(shape, language)))  # noqa: S308


@lru_cache(maxsize=256)
def _render_shape(shape: Shape, language: str) -> str:
    """Render the template with placeholders for the values of a card."""
    item = {
        "url": "card-url-71f3b8",
        "name": "card-name-71f3b8",
        "tagline": "card-tagline-71f3b8",
        "builder_name": "card-builder-71f3b8",
        "builder_verified": shape.is_verified,
        "rating_average": "card-average-71f3b8" if shape.is_rated else None,
        "conversations": "card-used-71f3b8" if shape.is_used else 0,
        "why": "card-why-71f3b8" if shape.is_explained else "",
        "reason": "card-reason-71f3b8" if shape.has_reason else "",
        "mark": shape.mark,
        "mark_kind": MARK_KINDS[Mark(shape.mark)] if shape.mark else "",
        "mark_label": Mark(shape.mark).label if shape.mark else "",
    }
    return render_to_string(
        CARD,
        {
            "item": item,
            "arch": "card-arch-71f3b8",
            "is_filled_later": True,
            "is_refused": shape.is_refused,
            "large": shape.is_large,
        },
    )

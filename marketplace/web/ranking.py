"""The page that says how the store ranks, with the constants of the formula as they are."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from core.min_group import MIN_GROUP
from marketplace import scoring
from marketplace.cards import MIN_SHOWN_RATINGS
from marketplace.page_cache import PAGE_SECONDS
from marketplace.queries.storefront import NOTEWORTHY_DAYS, NOTEWORTHY_MIN_STARS
from marketplace.web.visitor_pages import visitor_context, visitor_page


@visitor_page(PAGE_SECONDS)
def ranking_show(request: HttpRequest) -> HttpResponse:
    context = {
        "breadth": scoring.BREADTH_SHARE,
        "quality": scoring.QUALITY_SHARE,
        "freshness": scoring.FRESHNESS_SHARE,
        "full": scoring.BREADTH_FULL,
        "prior_count": scoring.PRIOR_COUNT,
        "prior_stars": scoring.PRIOR_STARS,
        "half_life": scoring.FRESHNESS_HALF_LIFE_WEEKS,
        "min_group": MIN_GROUP,
        "min_ratings": MIN_SHOWN_RATINGS,
        "noteworthy_days": NOTEWORTHY_DAYS,
        "noteworthy_stars": NOTEWORTHY_MIN_STARS,
        **visitor_context(request),
    }
    return render(request, "marketplace/ranking.html", context)

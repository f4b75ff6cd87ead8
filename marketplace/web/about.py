"""The About page of a listing, and rating it."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from core.errors import DomainError
from marketplace import queries
from marketplace.about import About, no_ratings
from marketplace.access import access_listing, own_rating, rating_obstacle
from marketplace.models import Listing, ListingScore
from marketplace.services.ratings import delete_rating, rate_listing
from marketplace.stamps import PAGE_SECONDS, cached
from marketplace.states import RatingObstacle
from marketplace.web.forms import RatingForm
from marketplace.web.pages import capability_labels, cursor_of, data_lines, language, language_labels
from marketplace.web.visitor_pages import visitor_context, visitor_page
from workspaces.models import User


@visitor_page(PAGE_SECONDS)
@require_http_methods(["GET", "HEAD"])
def about_show(request: HttpRequest, slug: str) -> HttpResponse:
    about = _about(request, slug)
    listing = about.listing
    # Who has no rating needs no query for them.
    ratings = (
        queries.ratings_page(listing.pk, cursor=cursor_of(request))
        if about.score.rating_count
        else no_ratings()
    )
    context: dict[str, Any] = {
        "about": about,
        "listing": listing,
        "ratings": ratings,
        "histogram": [
            {"label": _("%(count)d stars") % {"count": star}, "count": count, "share": share}
            for star, count, share in about.histogram
        ],
        "starters": [(text, chat_url(request, slug, text)) for text in listing.starters],
        "chat_url": chat_url(request, slug),
        "share_url": request.build_absolute_uri(reverse("marketplace:about-show", args=[slug])),
        "data_lines": data_lines(listing),
        "facts": _facts(listing),
        "score_parts": _score_parts(about.score),
        "form": None,
        **visitor_context(request),
    }
    if getattr(request, "htmx", None) and cursor_of(request):
        return render(request, "marketplace/_ratings.html", context)
    if isinstance(request.user, User):
        context |= rating_context(request.user, access_listing(slug))
    return render(request, "marketplace/about.html", context)


def _about(request: HttpRequest, slug: str) -> About:
    """Return the facts: kept for people, whose pages are not, and read anew for a visitor's, which are."""
    if getattr(request, "visitor_page", False):
        return queries.about(slug)
    return cached(
        f"about:{slug[:80]}",
        language(),
        lambda: queries.about(slug),
        path=request.path,
        seconds=PAGE_SECONDS,
    )


def chat_url(request: HttpRequest, slug: str, text: str = "") -> str:
    """Return where a chat begins; visitors pass through sign-up and arrive there with their text."""
    url = f"/g/{slug}/chat"
    if text:
        url += "?" + urlencode({"text": text})
    if isinstance(request.user, User):
        return url
    return reverse("account_signup") + "?" + urlencode({"next": url})


def _facts(listing: Listing) -> list[dict[str, str]]:
    abilities = _(", ").join(capability_labels(listing))
    return [
        {"label": _("Model"), "value": listing.model_label or _("The instance's default")},
        *([{"label": _("Can do"), "value": abilities}] if abilities else []),
        {"label": _("Languages"), "value": _(", ").join(language_labels(listing))},
    ]


def _score_parts(score: ListingScore) -> list[dict[str, Any]]:
    return [
        {"label": _("Score, 0 to 100"), "value": score.score},
        {"label": _("Different people (60)"), "value": score.breadth},
        {"label": _("Ratings (30)"), "value": score.quality},
        {"label": _("Freshness (10)"), "value": score.freshness},
    ]


def rating_context(user: User, listing: Listing, form: RatingForm | None = None) -> dict[str, Any]:
    """Return what the rating form needs: the form, or why there is none."""
    mine = own_rating(user, listing)
    obstacle = rating_obstacle(user, listing)
    initial = {"stars": str(mine.stars), "text": mine.text} if mine else None
    return {
        "listing": listing,
        "own_rating": mine,
        "obstacle": RatingObstacle(obstacle).label if obstacle else "",
        "form": None if obstacle else form or RatingForm(initial=initial),
    }


@login_required
@require_POST
def rating_save(request: HttpRequest, slug: str) -> HttpResponse:
    """Write or change one's rating; a refusal keeps what was typed."""
    assert isinstance(request.user, User)
    listing = access_listing(slug)
    form = RatingForm(request.POST)
    if form.is_valid():
        try:
            rate_listing(
                listing=listing,
                stars=int(form.cleaned_data["stars"]),
                text=form.cleaned_data["text"],
                by=request.user,
                at=timezone.now(),
            )
        except DomainError as error:
            if error.status != 400:
                raise
            form.add_error(error.field if error.field in form.fields else None, str(error.message))
        else:
            messages.success(request, _("Your rating is saved."))
            return _after(request, listing)
    context = rating_context(request.user, listing, form)
    is_fragment = bool(getattr(request, "htmx", None))
    template = "marketplace/_rate.html" if is_fragment else "marketplace/rate.html"
    return render(request, template, context, status=200 if is_fragment else 400)


@login_required
@require_POST
def rating_delete(request: HttpRequest, slug: str) -> HttpResponse:
    assert isinstance(request.user, User)
    listing = access_listing(slug)
    delete_rating(listing=listing, by=request.user, at=timezone.now())
    messages.success(request, _("Your rating is removed."))
    return _after(request, listing)


def _after(request: HttpRequest, listing: Listing) -> HttpResponse:
    url = reverse("marketplace:about-show", args=[listing.slug])
    if getattr(request, "htmx", None):
        # The whole page: histogram, average and list have changed as well.
        return HttpResponse(status=204, headers={"HX-Redirect": f"{url}#ratings"})
    return redirect(f"{url}#ratings")

"""The About page of a listing, and rating it."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from core.errors import DomainError, Forbidden, NotFound
from core.links import absolute_url
from core.pagination import is_own_cursor
from gpts.assistants.access import GPT_BLOCKED, access_gpt, find_version_for
from gpts.assistants.models import GPT
from gpts.assistants.models.adoptions import REASON_LENGTH
from gpts.assistants.queries.gpts import find_company, find_gpt, find_live_version
from gpts.assistants.rules import GPTAct
from gpts.chat.queries.payers import choose_payer_id
from gpts.llm.built_in import get_shown_label
from gpts.llm.catalogue import get_usable_model
from gpts.metering.queries.price_ceilings import get_foreign_price
from marketplace import queries
from marketplace.access import access_listing, get_own_rating, get_rating_obstacle, listing_not_found
from marketplace.models import Listing, ListingScore
from marketplace.page_cache import PAGE_SECONDS, get_or_build
from marketplace.queries.about import About
from marketplace.queries.private_about import PrivateAbout
from marketplace.queries.ratings import build_empty_page
from marketplace.services.ratings import delete_rating, rate_listing
from marketplace.states import Mark, RatingObstacle
from marketplace.web.forms import RatingForm
from marketplace.web.labels import (
    get_cursor,
    list_capability_labels,
    list_data_lines,
    list_language_labels,
)
from marketplace.web.visitor_pages import visitor_context, visitor_page
from workspaces.access import WorkspaceAct
from workspaces.models import User, Workspace
from workspaces.web.asked_question import LONGEST
from workspaces.web.people import person_of

# The form's field "place", when it is a dialog over a chat.
_CHAT = "chat"


@visitor_page(PAGE_SECONDS, query={"cursor": is_own_cursor})
@require_http_methods(["GET", "HEAD"])
def about_show(request: HttpRequest, slug: str) -> HttpResponse:
    try:
        about = _get_about(request, slug)
    except NotFound:
        if not isinstance(request.user, User):
            raise
        return _show_private(request, request.user, slug)
    listing = about.listing
    # A listing without ratings needs no query.
    ratings = (
        queries.list_ratings(listing.pk, cursor=get_cursor(request))
        if about.score.rating_count or get_cursor(request)
        else build_empty_page()
    )
    context: dict[str, Any] = {
        "about": about,
        "listing": listing,
        "ratings": ratings,
        "histogram": [
            {
                "label": ngettext("%(count)d star", "%(count)d stars", star) % {"count": star},
                "count": count,
                "share": share,
            }
            for star, count, share in about.histogram
        ],
        "longest_question": LONGEST,
        "chat_url": build_chat_url(request, slug),
        "share_url": absolute_url(reverse("marketplace:about-show", args=[slug])),
        "data_lines": list_data_lines(listing),
        "facts": _build_facts(listing),
        "score_parts": _build_score_parts(about.score),
        "form": None,
        "price": None,
        **visitor_context(request),
    }
    if getattr(request, "htmx", None) and get_cursor(request):
        return render(request, "marketplace/_ratings.html", context)
    if isinstance(request.user, User):
        context |= build_rating_context(request.user, access_listing(slug))
        context |= _build_use_context(request.user, slug, about)
    return render(request, "marketplace/about.html", context)


def _build_use_context(user: User, slug: str, about: About) -> dict[str, Any]:
    """Return why the person may not use the GPT, which of its neighbours are refused, and what answers cost
    the person's workspace if another one sets the price of their model."""
    rules = queries.get_external_rules(user)
    refused = rules.find_refused([*about.more_by, *about.similar]) if rules else frozenset()
    context: dict[str, Any] = {"refused": refused}
    try:
        gpt = access_gpt(user, slug, to=GPTAct.CHAT)
    except Forbidden as refusal:
        if refusal.code == GPT_BLOCKED:  # by the company whose own it is: nothing to ask for
            return context | {"refusal": refusal} | _build_store_context(user, find_gpt(slug))
        offer = queries.get_adoption_offer(user, access_listing(slug).gpt, refusal)
        return context | {"refusal": refusal, "offer": offer, "longest_reason": REASON_LENGTH}
    except DomainError:
        return context
    company = find_company(user, gpt)
    context |= {"company": company, "accent": "" if company is None else company.accent}
    context |= _build_store_context(user, gpt)
    payer_id = choose_payer_id(user, gpt)
    try:
        version = find_version_for(user, gpt, payer_id=payer_id)
    except Forbidden as refusal:  # the approved version was taken back
        return context | {"refusal": refusal}
    price = get_foreign_price(get_usable_model(version or gpt, gpt.workspace), payer_id)
    return context | {"price": price, "currency": settings.PAYOUT_CURRENCY}


def _build_store_context(user: User, gpt: GPT | None) -> dict[str, Any]:
    """Return the company in whose store the person may block the GPT, its own; nothing for others."""
    company = None if gpt is None else find_company(user, gpt)
    if company is None or not user.has_perm(WorkspaceAct.MANAGE_STORE, company):
        return {}
    return {"store_company": company}


def _show_private(request: HttpRequest, user: User, slug: str) -> HttpResponse:
    """Show a GPT that is not in the public store to the members of its company who may chat with it.

    Also one that the company blocked in its store: with the reason, and without ways to use it.
    """
    gpt, refusal = _access_private(user, slug)
    company, version = find_company(user, gpt), find_live_version(user, gpt)
    if company is None or version is None:
        raise listing_not_found()
    private = queries.get_private_about(gpt, version)
    context = {
        "about": private,
        "workspace": company,
        "accent": company.accent,
        "chat_url": build_chat_url(request, gpt.slug),
        "data_lines": list_data_lines(private),
        "facts": _build_facts(private),
        "refusal": refusal,
        "may_manage_store": user.has_perm(WorkspaceAct.MANAGE_STORE, company),
        **_build_mark(user, company, gpt, is_blocked=refusal is not None),
    }
    return render(request, "marketplace/private_about.html", context)


def _access_private(user: User, slug: str) -> tuple[GPT, Forbidden | None]:
    try:
        return access_gpt(user, slug, to=GPTAct.CHAT), None
    except Forbidden as refusal:
        gpt = find_gpt(slug)
        if gpt is None or refusal.code != GPT_BLOCKED:
            raise
        return gpt, refusal


def _build_mark(user: User, company: Workspace, gpt: GPT, *, is_blocked: bool) -> dict[str, str]:
    found = Mark.BLOCKED if is_blocked else queries.load_marks(company, user, gpt=gpt).get(gpt.pk, "")
    if not found:
        return {}
    mark = Mark(found)
    return {"mark": mark.value, "mark_label": str(mark.label), "mark_kind": queries.MARK_KINDS[mark]}


def _get_about(request: HttpRequest, slug: str) -> About:
    """Return the page's facts. For visitors the whole page is cached, for signed-in people these facts."""
    if getattr(request, "visitor_page", False):
        return queries.get_about(slug)
    return get_or_build(
        "about",
        lambda: queries.get_about(slug),
        path=request.path,
        seconds=PAGE_SECONDS,
    )


def build_chat_url(request: HttpRequest, slug: str) -> str:
    """Return the URL of a new chat; visitors reach it through sign-up."""
    url = f"/g/{slug}/chat"
    if isinstance(request.user, User):
        workspace = request.GET.get("workspace", "")
        return f"{url}?{urlencode({'workspace': workspace})}" if workspace else url
    return reverse("account_signup") + "?" + urlencode({"next": url})


def _build_facts(listing: Listing | PrivateAbout) -> list[dict[str, str]]:
    abilities = _(", ").join(list_capability_labels(listing))
    return [
        {"label": _("Model"), "value": get_shown_label(listing.model_label) or _("The instance's default")},
        *([{"label": _("Can do"), "value": abilities}] if abilities else []),
        *(
            [{"label": _("Languages"), "value": _(", ").join(list_language_labels(listing))}]
            if isinstance(listing, Listing)
            else []
        ),
    ]


def _build_score_parts(score: ListingScore) -> list[dict[str, Any]]:
    return [
        {"label": _("Score, 0 to 100"), "value": score.score},
        {"label": _("Different people (60)"), "value": score.breadth},
        {"label": _("Ratings (30)"), "value": score.quality},
        {"label": _("Freshness (10)"), "value": score.freshness},
    ]


def build_rating_context(user: User, listing: Listing, form: RatingForm | None = None) -> dict[str, Any]:
    """Return the context of the rating form: the form, or why the person may not rate."""
    rating = get_own_rating(user, listing)
    obstacle = get_rating_obstacle(user, listing)
    initial = {"stars": str(rating.stars), "text": rating.text} if rating else None
    return {
        "listing": listing,
        "own_rating": rating,
        "obstacle": RatingObstacle(obstacle).label if obstacle else "",
        "form": None if obstacle else form or RatingForm(initial=initial),
    }


@login_required
@require_http_methods(["GET", "POST"])
def rating_save(request: HttpRequest, slug: str) -> HttpResponse:
    """Show the form, create or change one's rating; errors keep the input."""
    person = person_of(request)
    listing = access_listing(slug)
    if request.method == "GET":
        context = build_rating_context(person, listing)
        if getattr(request, "htmx", None):
            return render(request, "marketplace/_rate_dialog.html", context | {"place": _CHAT})
        return render(request, "marketplace/rate.html", context)
    form = RatingForm(request.POST)
    if form.is_valid():
        try:
            rate_listing(
                listing=listing,
                stars=int(form.cleaned_data["stars"]),
                text=form.cleaned_data["text"],
                by=person,
                at=timezone.now(),
            )
        except DomainError as error:
            if error.status != 400:
                raise
            form.add_error(error.field if error.field in form.fields else None, str(error.message))
        else:
            return _tell_success(request, person, listing, _("Your rating is saved."))
    context = build_rating_context(person, listing, form) | {"place": _get_place(request)}
    is_fragment = bool(getattr(request, "htmx", None))
    template = "marketplace/_rate.html" if is_fragment else "marketplace/rate.html"
    return render(request, template, context, status=200 if is_fragment else 400)


@login_required
@require_POST
def rating_delete(request: HttpRequest, slug: str) -> HttpResponse:
    person = person_of(request)
    listing = access_listing(slug)
    delete_rating(listing=listing, by=person, at=timezone.now())
    return _tell_success(request, person, listing, _("Your rating is removed."))


def _get_place(request: HttpRequest) -> str:
    return _CHAT if request.POST.get("place") == _CHAT else ""


def _tell_success(request: HttpRequest, person: User, listing: Listing, text: str) -> HttpResponse:
    """In the dialog over a chat, say it there; otherwise on the page with all ratings."""
    if getattr(request, "htmx", None) and _get_place(request):
        context = build_rating_context(person, listing) | {"place": _CHAT, "said": text}
        return render(request, "marketplace/_rate.html", context)
    messages.success(request, text)
    url = reverse("marketplace:about-show", args=[listing.slug])
    if getattr(request, "htmx", None):
        # Reload the page, as histogram, average and list have changed as well.
        return HttpResponse(status=204, headers={"HX-Redirect": f"{url}#ratings"})
    return redirect(f"{url}#ratings")

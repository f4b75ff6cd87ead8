"""The list below a search field of the store while somebody types, as a fragment for its script."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.views.decorators.http import require_GET

from core.rate_limits import require_within
from core.scope import open_scope
from marketplace import queries
from marketplace.queries.suggestions import Suggestion
from marketplace.search.limits import NETWORK_LIMIT, PERSON_LIMIT
from marketplace.web.browse import get_search_text
from marketplace.web.visitor_pages import vary
from workspaces.models import User
from workspaces.web.client_address import get_client_network
from workspaces.web.own_scopes import get_scope, opens_own_scopes
from workspaces.web.public import public_page


@public_page
@opens_own_scopes
@require_GET
def suggestions_show(request: HttpRequest) -> HttpResponse:
    """Show suggestions for ``q``; anything but the script is sent to the search page.

    Visitors are answered from the cache without a transaction where it knows the text. Raises RateLimited.
    """
    text = get_search_text(request)
    if not getattr(request, "htmx", None):
        return HttpResponseRedirect(f"{reverse('marketplace:listing-search')}?{urlencode({'q': text})}")
    person = request.user if isinstance(request.user, User) else None
    limit, key = (PERSON_LIMIT, str(person.pk)) if person else (NETWORK_LIMIT, get_client_network(request))
    require_within(limit, key, at=timezone.now())
    familiar: list[Suggestion] = []
    if person is not None:
        with open_scope(get_scope(request)):
            familiar = queries.suggest_familiar(person, text)
    listings = queries.suggest_listings(text)
    if person is not None:
        with open_scope(get_scope(request)):
            listings = queries.leave_out_refused(person, listings)
    found = queries.list_suggestions(text, familiar=familiar, listings=listings)
    context = {"suggestions": found, "count": len(found)}
    return vary(render(request, "marketplace/_suggestions.html", context))

"""Pages with many listings: storefront, search, categories, leaderboards."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.translation import gettext as _

from core.pagination import is_own_cursor
from core.scope import NOBODY, open_scope, public_reader
from gpts.assistants.states import Category
from marketplace import queries
from marketplace.page_cache import LIST_SECONDS, PUBLIC, get_or_build
from marketplace.queries.external import ExternalRules, get_external_rules
from marketplace.queries.storefront import NOTEWORTHY_DAYS, NOTEWORTHY_MIN_STARS, NOTEWORTHY_MIN_USERS
from marketplace.search.query_vectors import QueryVector, get_query_vector
from marketplace.search.tsquery import MAX_TEXT_LENGTH
from marketplace.states import Board
from marketplace.web.labels import (
    build_category_links,
    get_category,
    get_cursor,
    get_language_code,
    is_chinese,
)
from marketplace.web.visitor_pages import visitor_context, visitor_page
from workspaces.web.own_scopes import get_scope, opens_own_scopes
from workspaces.web.public import public_page


@visitor_page(LIST_SECONDS)
def home(request: HttpRequest) -> HttpResponse:
    rules = get_external_rules(request.user)
    body = get_or_build(
        "home", lambda: _render_home_body(rules), path=request.path, tenant=get_tenant_key(rules)
    )
    context = {"body": body, "external": rules, **visitor_context(request)}
    return render(request, "marketplace/storefront.html", context)


def get_tenant_key(rules: ExternalRules | None) -> str:
    return PUBLIC if rules is None else rules.build_key()


def _render_home_body(rules: ExternalRules | None) -> str:
    front = queries.get_storefront(today=timezone.now().date(), language=get_language_code())
    context = {
        "refused": rules.find_refused(front.list_cards()) if rules else frozenset(),
        "front": front,
        "shelf_cards": front.shelf.cards_in(chinese=is_chinese()) if front.shelf else [],
        "in_chinese": is_chinese(),
        "categories": build_category_links(),
        "noteworthy_days": NOTEWORTHY_DAYS,
        "noteworthy_users": NOTEWORTHY_MIN_USERS,
        "noteworthy_stars": NOTEWORTHY_MIN_STARS,
    }
    return render_to_string("marketplace/_storefront.html", context)


@public_page
@opens_own_scopes
def search(request: HttpRequest) -> HttpResponse:
    """Show results for the text, category and cursor of the URL; for htmx, only the results."""
    # Before the transaction, because it takes some milliseconds of computing.
    vector = get_query_vector(get_search_text(request))
    scope = get_scope(request)
    with public_reader() if scope is NOBODY else open_scope(scope):
        return _render_results(request, vector)


def get_search_text(request: HttpRequest) -> str:
    return request.GET.get("q", "")[:MAX_TEXT_LENGTH].strip()


def _render_results(request: HttpRequest, vector: QueryVector | None) -> HttpResponse:
    text = get_search_text(request)
    category = request.GET.get("category", "")
    category = category if category in Category.values else ""
    htmx = getattr(request, "htmx", None)
    found = queries.search_listings(
        text, category=category, cursor=get_cursor(request), is_typing=bool(htmx), vector=vector
    )
    rules = get_external_rules(request.user)
    context = {
        "external": rules,
        "refused": rules.find_refused(found.items) if rules else frozenset(),
        "q": text,
        "category": category,
        "category_label": Category(category).label if category else "",
        "found": found,
        "categories": build_category_links(category),
    }
    is_fragment = bool(htmx) and not getattr(htmx, "boosted", False)
    template = "marketplace/_results.html" if is_fragment else "marketplace/search.html"
    return render(request, template, context)


def is_newest(sort: str) -> bool:
    return sort == Board.NEW


@visitor_page(LIST_SECONDS, query={"sort": is_newest, "cursor": is_own_cursor})
def category_show(request: HttpRequest, slug: str) -> HttpResponse:
    category = get_category(slug)
    board = Board.NEW if request.GET.get("sort") == Board.NEW else Board.BEST
    page = queries.browse_listings(category=category, cursor=get_cursor(request), board=board)
    rules = get_external_rules(request.user)
    context = {
        "external": rules,
        "refused": rules.find_refused(page.items) if rules else frozenset(),
        "category": category,
        "page": page,
        "board": board,
        "tabs": [
            {"label": _("Best"), "url": "?", "current": board == Board.BEST, "count": ""},
            {"label": _("New"), "url": "?sort=new", "current": board == Board.NEW, "count": ""},
        ],
        **visitor_context(request),
    }
    return render(request, "marketplace/category.html", context)


@visitor_page(LIST_SECONDS)
def leaderboards(request: HttpRequest) -> HttpResponse:
    rules = get_external_rules(request.user)
    body = get_or_build(
        "leaderboards",
        lambda: _render_leaderboards_body(rules),
        path=request.path,
        tenant=get_tenant_key(rules),
    )
    context = {"body": body, "external": rules, **visitor_context(request)}
    return render(request, "marketplace/leaderboards.html", context)


def _render_leaderboards_body(rules: ExternalRules | None) -> str:
    boards = queries.list_leaderboards()
    shown = [card for _category, cards in boards for card in cards]
    context = {"boards": boards, "refused": rules.find_refused(shown) if rules else frozenset()}
    return render_to_string("marketplace/_leaderboards.html", context)

"""The search column of listings, and counts of their words, from which spelling corrections are taken."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import connection
from django.db.models import F

from marketplace.models import Listing, SearchTerm
from marketplace.scope import open_store_scope
from marketplace.search.spelling import build_trigrams, get_terms
from marketplace.search.tsvector import VECTOR_SQL, Searchable


def build_searchable(listing: Listing) -> Searchable:
    return Searchable.from_texts(
        name=listing.name,
        tagline=listing.tagline,
        description=listing.description,
        starters=listing.starters,
    )


def write_search_column(listing: Listing) -> None:
    """Compute the search column of a saved listing in the database."""
    text = build_searchable(listing)
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE marketplace_listing SET search = {VECTOR_SQL} WHERE id = %s",  # noqa: S608 - a constant
            [text.build_exact_vector(), *text.build_english_texts(), listing.pk],
        )


def update_term_counts(*, added: Iterable[str], removed: Iterable[str]) -> None:
    """Add one to the count of every word in ``added`` and subtract one for every word in ``removed``.

    Rows are locked in alphabetical order, so that two publications cannot deadlock.
    """
    with open_store_scope():
        _update_counts(set(added), set(removed))


def _update_counts(added: set[str], removed: set[str]) -> None:
    rows = [(term, build_trigrams(term)) for term in sorted(added - removed)]
    if rows:
        with connection.cursor() as cursor:
            cursor.executemany(
                "INSERT INTO marketplace_searchterm (term, trigrams, listing_count)"
                " VALUES (%s, %s::varchar[], 1) ON CONFLICT (term) DO UPDATE"
                " SET listing_count = marketplace_searchterm.listing_count + 1",
                rows,
            )
    gone = sorted(removed - added)
    if gone:
        locked = SearchTerm.objects.select_for_update().filter(term__in=gone).order_by("term")
        SearchTerm.objects.filter(term__in=[row.term for row in locked], listing_count__gt=0).update(
            listing_count=F("listing_count") - 1
        )


def get_listing_terms(listing: Listing) -> set[str]:
    return get_terms(build_searchable(listing))

"""Counting the words of the public store, so that typing errors are mended by words that visitors may see."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import connection
from django.db.models import F

from marketplace.models import Listing, SearchTerm
from marketplace.search.terms import terms_of, trigrams
from marketplace.search.vectors import VECTOR_SQL, Searchable


def searchable_of(listing: Listing) -> Searchable:
    return Searchable.of(
        name=listing.name,
        tagline=listing.tagline,
        description=listing.description,
        starters=listing.starters,
    )


def write_search_column(listing: Listing) -> None:
    """Compute the search column of a saved listing in the database."""
    text = searchable_of(listing)
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE marketplace_listing SET search = {VECTOR_SQL} WHERE id = %s",  # noqa: S608 - a constant
            [text.exact_vector(), *text.english(), listing.pk],
        )


def count_terms(*, come: Iterable[str], go: Iterable[str]) -> None:
    """Add one to every word of ``come`` and take one from every word of ``go``.

    Words are touched in alphabetical order, so that two publications never wait for each other in a ring.
    """
    arriving, leaving = set(come), set(go)
    rows = [(term, trigrams(term)) for term in sorted(arriving - leaving)]
    if rows:
        with connection.cursor() as cursor:
            cursor.executemany(
                "INSERT INTO marketplace_searchterm (term, trigrams, listing_count)"
                " VALUES (%s, %s::varchar[], 1) ON CONFLICT (term) DO UPDATE"
                " SET listing_count = marketplace_searchterm.listing_count + 1",
                rows,
            )
    gone = sorted(leaving - arriving)
    if gone:
        locked = SearchTerm.objects.select_for_update().filter(term__in=gone).order_by("term")
        SearchTerm.objects.filter(term__in=[row.term for row in locked], listing_count__gt=0).update(
            listing_count=F("listing_count") - 1
        )


def terms_of_listing(listing: Listing) -> set[str]:
    return terms_of(searchable_of(listing))

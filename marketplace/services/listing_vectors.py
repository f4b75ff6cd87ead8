"""Making vectors of listings in the background, always by the built-in model.

A provider's model is not used: the searches of visitors would have to be sent to it.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from django.conf import settings
from django.core.cache import cache
from django.db import connection
from django.db.models import Exists, F, OuterRef, QuerySet

from core.scope import system_scope
from gpts.assistants.states import Category
from gpts.llm.embeddings import BuiltinState, embed_built_in, get_builtin_state, get_search_mode
from gpts.llm.runtime.types import ModelFailure
from gpts.llm.states import SearchMode
from marketplace.models import Listing, ListingVector
from marketplace.models.listings import LISTED
from marketplace.search.meaning import RECIPE
from marketplace.search.vectors import Vector, encode_vector

BATCH = 16
# A listing's vector is that of its texts, mixed with what its name and description, and its starters, are as
# searches: in the model's space searches are nearer to each other than to texts.
TEXT_SHARE, SUMMARY_SHARE, STARTERS_SHARE = 0.5, 0.2, 0.3
JOB_SECONDS = 60
LEASE_SECONDS = 180
_LEASE = "store:embedding"
PURPOSE = "marketplace.embed_listings"

# Saves nothing when another version was listed while the model computed, or none any more.
_INSERT = """
INSERT INTO marketplace_listingvector (listing_id, version_id, recipe, code)
SELECT id, version_id, %s, %s FROM marketplace_listing
WHERE id = %s AND version_id = %s AND state = 'listed'
ON CONFLICT (listing_id) DO NOTHING
"""


def build_text(listing: Listing) -> str:
    """Return what a listing is compared by: public texts only, in English or Chinese as they are."""
    parts = [listing.name, listing.description or listing.tagline, *listing.starters]
    return "\n".join([*parts, Category(listing.category).name.replace("_", " ").capitalize()])


def compute_vector(listing: Listing) -> Vector:
    """Return the vector of a listing's public texts, by a tenth of a second of computing.

    Its length carries no meaning. Raises ModelFailure.
    """
    [text] = embed_built_in([build_text(listing)], kind="passage", timeout=JOB_SECONDS)
    summary = f"{listing.name} {listing.description or listing.tagline}"
    searches = embed_built_in(
        [each.lower() for each in (summary, *listing.starters)], kind="query", timeout=JOB_SECONDS
    )
    summary_vector, *starters = np.asarray(searches, np.float32)
    vector: Vector = TEXT_SHARE * np.asarray(text, np.float32) + SUMMARY_SHARE * summary_vector
    if starters:
        vector += STARTERS_SHARE * np.mean(starters, axis=0, dtype=np.float32)
    return vector


def embed_listings(*, clock: Callable[[], datetime], seconds: float = JOB_SECONDS) -> int:
    """Remove vectors of listings that left the store, make missing ones; returns how many were made.

    Idempotent, in batches of a transaction each, for ``seconds`` at most. One run at a time; another returns
    at once. Where search by meaning is off, all vectors are removed, so that pages search by words.
    """
    if not cache.add(_LEASE, True, LEASE_SECONDS):
        return 0
    try:
        return _embed(clock, seconds)
    finally:
        cache.delete(_LEASE)


def _embed(clock: Callable[[], datetime], seconds: float) -> int:
    with system_scope(PURPOSE):
        if not settings.SEMANTIC_SEARCH or get_search_mode() == SearchMode.FULL_TEXT:
            ListingVector.objects.all().delete()
            return 0
        ListingVector.objects.exclude(listing__state="listed").delete()
    made = 0
    ends_at = clock() + timedelta(seconds=seconds)
    while get_builtin_state() == BuiltinState.AVAILABLE and clock() < ends_at:
        cache.touch(_LEASE, LEASE_SECONDS)
        with system_scope(PURPOSE):
            batch = list(list_waiting_listings()[:BATCH])
        if not batch:
            break
        # No transaction is open while the model computes.
        try:
            vectors = [compute_vector(listing) for listing in batch]
        except ModelFailure:
            break
        with system_scope(PURPOSE):
            made += _save(batch, vectors)
    return made


def list_waiting_listings() -> QuerySet[Listing]:
    """Return listings in the store without a vector of their version, the most popular first."""
    current = ListingVector.objects.filter(listing=OuterRef("pk"), version=OuterRef("version"), recipe=RECIPE)
    return Listing.objects.filter(LISTED & ~Exists(current)).defer("search").order_by("-popularity", "-id")


def remove_vectors() -> int:
    """Remove all vectors, so that they are made again; returns how many there were."""
    return ListingVector.objects.all().delete()[0]


def _save(batch: list[Listing], vectors: list[Vector]) -> int:
    rows: list[list[Any]] = [
        [RECIPE, encode_vector(vector), listing.pk, listing.version_id]
        for listing, vector in zip(batch, vectors, strict=True)
    ]
    ListingVector.objects.filter(listing__in=[listing.pk for listing in batch]).exclude(
        version=F("listing__version"), recipe=RECIPE
    ).delete()
    with connection.cursor() as cursor:
        cursor.executemany(_INSERT, rows)
        return max(0, cursor.rowcount)

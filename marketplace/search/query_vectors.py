"""The vector of a search, from the cache or by the built-in model, made before the transaction that searches.

The model is never a provider's: the searches of visitors would have to be sent to it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from hashlib import blake2b

import numpy as np
from django.core.cache import cache

from gpts.llm.embeddings import embed_built_in
from gpts.llm.runtime.types import ModelFailure
from marketplace.search.meaning import RECIPE, get_background, get_matrix
from marketplace.search.tokens import split_segments
from marketplace.search.tsquery import MAX_TEXT_LENGTH
from marketplace.search.vectors import Vector

# How long a search waits for a free slot of the model, before text search answers alone.
SLOT_SECONDS = 0.1
# Each search has one of these keys by its digest and takes the place of the one before: strangers who search
# for millions of texts fill 6 MB, not the cache.
SLOTS = 4_096
CACHE_SECONDS = 24 * 3600
# How much of the mean of ordinary searches is subtracted: see background_queries.
BACKGROUND_SHARE = 0.4

_REPEATED = re.compile(r"(.)\1\1", re.DOTALL)
_NO_VOWELS = re.compile(r"[bcdfghjklmnpqrstvwxz]{6}")


@dataclass(frozen=True)
class QueryVector:
    """``values`` are multiplied with the listings' vectors.

    ``centre`` is the mean of ordinary searches, as far as it is still in them.
    """

    values: Vector
    centre: Vector
    is_chinese: bool


def get_query_vector(text: str) -> QueryVector | None:
    """Return the vector of a search; None while this process has no vectors or model, or no slot in time.

    Computes on this process's CPU, for milliseconds; asks no other server than the cache. Call it before the
    transaction is opened.
    """
    normalised = " ".join(text.lower().split())[:MAX_TEXT_LENGTH]
    background = get_background()
    if background is None or get_matrix() is None or is_noise(normalised):
        return None
    embedded = _read_or_embed(normalised)
    if embedded is None:
        return None
    is_chinese = any(segment.is_han for segment in split_segments(normalised))
    mean = background.get(is_chinese=is_chinese)
    share = mean * np.float32(BACKGROUND_SHARE)
    return QueryVector(values=embedded - share, centre=mean - share, is_chinese=is_chinese)


def is_noise(text: str) -> bool:
    """Whether ``text`` has only keyboard noise: a character three times in a row, no vowels for long.

    The model finds something near to any text.
    """
    segments = split_segments(text)
    return all(
        _REPEATED.search(segment.text) is not None
        or (not segment.is_han and _NO_VOWELS.search(segment.text) is not None)
        or segment.text.isdigit()
        for segment in segments
    )


def _read_or_embed(text: str) -> Vector | None:
    digest = blake2b(f"{RECIPE} {text}".encode(errors="surrogatepass"), digest_size=16).digest()
    key = f"store:query-vector:{int.from_bytes(digest[:4]) % SLOTS}"
    found = cache.get(key)
    if found is not None and found[0] == digest:
        return np.frombuffer(found[1], np.float16).astype(np.float32)
    try:
        [values] = embed_built_in([text], kind="query", timeout=SLOT_SECONDS)
    except ModelFailure:
        return None
    vector = np.asarray(values, np.float16)
    cache.set(key, (digest, vector.tobytes()), CACHE_SECONDS)
    return vector.astype(np.float32)

"""Vectors of synthetic listings: that of their topic with noise, because computing each would take hours."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from gpts.llm.embeddings import BuiltinState, embed_built_in, get_builtin_state
from marketplace.search.meaning import RECIPE
from marketplace.search.vectors import Vector, encode_vector
from marketplace.synthetic.generate import SyntheticListing

# The length of the noise beside a vector of length one: listings of a topic then differ as real ones do.
NOISE = 0.3
SLOT_SECONDS = 60.0

_INSERT = """
INSERT INTO marketplace_listingvector (listing_id, version_id, recipe, code)
SELECT listing_id, version_id, %s, code
FROM unnest(%s::bigint[], %s::bigint[], %s::bytea[]) AS made (listing_id, version_id, code)
"""


class TopicVectors:
    """The vector of each topic, made when a listing first needs it: 420 at most, some 50 ms each."""

    def __init__(self) -> None:
        self._vectors: dict[str, Vector] = {}

    def prepare(self, listings: Iterable[SyntheticListing]) -> None:
        """Compute the missing vectors; call it outside a transaction. Raises ModelFailure."""
        missing = {item.topic: item for item in listings if item.topic not in self._vectors}
        texts = [f"{item.topic}\n{item.description}" for item in missing.values()]
        made = embed_built_in(texts, kind="passage", timeout=SLOT_SECONDS) if texts else []
        for topic, vector in zip(missing, made, strict=True):
            self._vectors[topic] = np.asarray(vector, np.float32)

    def encode(self, item: SyntheticListing) -> bytes:
        """Return the stored vector of a listing, the same each time."""
        noise = np.random.default_rng(item.number).normal(size=len(self._vectors[item.topic]))
        return encode_vector(self._vectors[item.topic] + NOISE * noise / np.linalg.norm(noise))


def is_possible() -> bool:
    return get_builtin_state() == BuiltinState.AVAILABLE


def insert_vectors(cursor: Any, rows: Mapping[tuple[int, int], bytes]) -> None:
    """Insert vectors by the ids of listing and version."""
    listings, versions = ([ids[place] for ids in rows] for place in (0, 1))
    cursor.execute(_INSERT, [RECIPE, listings, versions, list(rows.values())])

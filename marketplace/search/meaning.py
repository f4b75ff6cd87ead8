"""What this process needs to compare searches with listings: their vectors, and the model for searches.

A thread keeps both up to date (start_keeping), so that no request waits for them: until they are there, text
search answers alone.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import structlog
from django.db import Error, connection
from psycopg.pq import Format

from core.scope import public_reader
from gpts.llm.embeddings import BuiltinState, embed_built_in, get_builtin_state
from gpts.llm.runtime.builtin_embeddings import DIMENSIONS
from gpts.llm.runtime.types import ModelFailure
from marketplace.search.background_queries import CHINESE, ENGLISH, list_background_queries
from marketplace.search.vectors import Matrix, Row, Vector, build_matrix, keep_rows

log = structlog.get_logger(__name__)

# Raise it with a change of the model or of the texts: all vectors are then made again.
RECIPE = 2
REFRESH_SECONDS = 15.0
# Vectors are read in pieces, so that the interpreter's lock is free in between.
READ_ROWS = 2_000
# How long the thread waits for a free slot of the model; requests do not wait for it.
MODEL_SECONDS = 60.0

_STATE = "SELECT count(*), coalesce(max(id), 0) FROM marketplace_listingvector WHERE recipe = %s"
_IDS = "SELECT id FROM marketplace_listingvector WHERE recipe = %s"
_ROWS = """
SELECT v.id, v.listing_id, l.category, v.code FROM marketplace_listingvector v
JOIN marketplace_listing l ON l.id = v.listing_id
WHERE v.id = ANY(%s::bigint[]) AND v.recipe = %s
"""


@dataclass(frozen=True)
class Background:
    """Mean vectors of ordinary searches, by whether the search has Chinese characters."""

    english: Vector
    chinese: Vector

    def get(self, *, is_chinese: bool) -> Vector:
        return self.chinese if is_chinese else self.english


class _Kept:
    """The state of this process. Both parts are replaced whole, so that readers need no lock."""

    def __init__(self) -> None:
        self.matrix: Matrix | None = None
        self.background: Background | None = None
        self.thread_of: int | None = None


_kept = _Kept()
_refreshing = threading.Lock()


def get_matrix() -> Matrix | None:
    """Return the vectors of listings; None while there are none, or search by meaning is off."""
    matrix = _kept.matrix
    return matrix if matrix is not None and len(matrix) and is_wanted() else None


def get_background() -> Background | None:
    """Return what is subtracted from searches; None while the model is not loaded."""
    return _kept.background


def is_wanted() -> bool:
    return get_builtin_state() == BuiltinState.AVAILABLE


def start_keeping(seconds: float = REFRESH_SECONDS) -> None:
    """Start the thread of this process, once: it loads vectors and model, and then follows changes."""
    if _kept.thread_of == os.getpid():
        return
    _kept.thread_of = os.getpid()
    threading.Thread(target=_keep, args=(seconds, time.sleep), name="store-vectors", daemon=True).start()


def _keep(seconds: float, sleep: Callable[[float], None]) -> None:
    while True:
        try:
            refresh()
        except (Error, ModelFailure) as error:
            log.warning("store_vectors_not_refreshed", error=type(error).__name__)
        finally:
            connection.close()
        sleep(seconds)


def refresh() -> None:
    """Read what changed of the vectors, then load the model where there are any. Not in a request."""
    if not is_wanted():
        _kept.matrix = None
        return
    with _refreshing:
        with public_reader():
            _kept.matrix = _read_matrix(_kept.matrix)
        if _kept.background is None and len(_kept.matrix):
            _kept.background = Background(_compute_mean(ENGLISH), _compute_mean(CHINESE))


def forget() -> None:
    """Forget the vectors, so that the next refresh reads them all."""
    _kept.matrix = None


def _compute_mean(queries: str) -> Vector:
    vectors = embed_built_in(list_background_queries(queries), kind="query", timeout=MODEL_SECONDS)
    mean: Vector = np.asarray(vectors, np.float32).mean(axis=0)
    return mean


def _read_matrix(before: Matrix | None) -> Matrix:
    before = before if before is not None else build_matrix([], dimensions=DIMENSIONS)
    with connection.cursor() as cursor:
        cursor.execute(_STATE, [RECIPE])
        if cursor.fetchone() == (len(before), int(before.ids.max(initial=0))):
            return before
        cursor.execute(_IDS, [RECIPE])
        ids = np.fromiter((row[0] for row in cursor.fetchall()), np.int64)
        rows: list[Row] = []
        missing = np.setdiff1d(ids, before.ids)
        # As bytes: hexadecimal text would be twice as much to send and to decode.
        cursor.cursor.format = Format.BINARY
        for start in range(0, len(missing), READ_ROWS):
            cursor.execute(_ROWS, [missing[start : start + READ_ROWS].tolist(), RECIPE])
            rows += cursor.fetchall()
    kept = before if np.isin(before.ids, ids).all() else keep_rows(before, ids)
    return build_matrix(rows, dimensions=DIMENSIONS, before=kept)

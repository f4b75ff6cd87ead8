"""A matrix of the listings' vectors, and which of them are near to one.

A byte for each dimension: 38 MB for 100,000 listings. Up to EXACT listings are compared whole; of more, the
signs of the dimensions (5 MB) choose a shortlist first.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gpts.assistants.states import Category

EXACT = 4_000
SHORTLIST = 1_500
_CATEGORIES = {category.value: number for number, category in enumerate(Category)}

Vector = NDArray[np.float32]
# A vector's id, its listing, the listing's category, and the signed bytes of encode_vector.
Row = tuple[int, int, str, bytes]


@dataclass(frozen=True)
class Matrix:
    """Vectors of listings in ascending order of the listings' ids; row i belongs to ``listings[i]``.

    ``signs`` say for each dimension whether it is above the mean: a row for each 64 dimensions, because
    comparing one word of all listings at a time is ten times as fast as comparing whole codes.
    """

    ids: NDArray[np.int64]
    listings: NDArray[np.int64]
    categories: NDArray[np.uint8]
    codes: NDArray[np.int8]
    norms: Vector
    signs: NDArray[np.uint64]

    def __len__(self) -> int:
        return len(self.listings)

    def find_nearest(
        self, vector: Vector, *, centre: Vector, category: str = "", most: int, margin: float, floor: float
    ) -> dict[int, float]:
        """Return up to ``most`` listings with their products with ``vector``, the nearest first.

        Only those at most ``margin`` below the nearest, and none where that is below ``floor``. ``centre`` is
        subtracted from the vector before its signs are compared.
        """
        rows = np.flatnonzero(self.categories == _CATEGORIES[category]) if category else None
        if (len(self) if rows is None else len(rows)) > EXACT:
            differing = self._count_differing(np.packbits(vector - centre > 0))
            found = _list_smallest(differing if rows is None else differing[rows], SHORTLIST)
            rows = found if rows is None else rows[found]
        elif rows is None:
            rows = np.arange(len(self))
        products = self._multiply(rows, vector)
        order = np.lexsort((-self.listings[rows], -products))[:most]
        if not len(order):
            return {}
        best = float(products[order[0]])
        if best < floor:
            return {}
        order = order[products[order] >= best - margin]
        return dict(zip(self.listings[rows[order]].tolist(), products[order].tolist(), strict=True))

    def compare(self, listings: Sequence[int], vector: Vector) -> dict[int, float]:
        """Return the products of these listings' vectors with ``vector``; those without one are left out."""
        if not len(self):
            return {}
        wanted = np.array(listings, np.int64)
        rows = np.minimum(np.searchsorted(self.listings, wanted), len(self) - 1)
        rows = rows[self.listings[rows] == wanted]
        products = self._multiply(rows, vector)
        return dict(zip(self.listings[rows].tolist(), products.tolist(), strict=True))

    def get_vector(self, listing: int) -> Vector | None:
        row = self._find_row(listing)
        return None if row is None else self.codes[row].astype(np.float32) / self.norms[row]

    def _find_row(self, listing: int) -> int | None:
        row = int(np.searchsorted(self.listings, listing))
        return row if row < len(self) and self.listings[row] == listing else None

    def _multiply(self, rows: NDArray[np.int64], vector: Vector) -> Vector:
        # In this thread alone: a matrix product would wait for threads of its own, which are slow to get on a
        # busy machine.
        products: Vector = np.einsum("ij,j->i", self.codes.take(rows, axis=0).astype(np.float32), vector)
        return products / self.norms[rows]

    def _count_differing(self, signs: NDArray[np.uint8]) -> NDArray[np.uint16]:
        """Return for each listing how many of its signs differ."""
        differing = np.zeros(len(self), np.uint16)
        words = signs.view(np.uint64)
        crossed, counted = np.empty(len(self), np.uint64), np.empty(len(self), np.uint8)
        # Three words of 64 signs differ in 192 at most, which a byte holds: adding bytes is the fastest.
        for first in range(0, len(words), 3):
            sums = np.zeros(len(self), np.uint8)
            for column, word in zip(self.signs[first : first + 3], words[first : first + 3], strict=True):
                np.bitwise_xor(column, word, out=crossed)
                np.bitwise_count(crossed, out=counted)
                sums += counted
            differing += sums
        return differing


def _list_smallest(counts: NDArray[np.uint16], wanted: int) -> NDArray[np.int64]:
    """Return the places of the smallest counts: ``wanted``, and those equal to the largest of them."""
    below = np.cumsum(np.bincount(counts))
    return np.flatnonzero(counts <= np.searchsorted(below, wanted))


def build_matrix(rows: Iterable[Row], *, dimensions: int, before: Matrix | None = None) -> Matrix:
    """Return a matrix of ``rows``, which replace those of the same listings in ``before``."""
    new = {listing: (vector, category, code) for vector, listing, category, code in rows}
    ids = np.array([vector for vector, _category, _code in new.values()], dtype=np.int64)
    listings = np.array(list(new), dtype=np.int64)
    categories = np.array([_CATEGORIES[category] for _id, category, _code in new.values()], dtype=np.uint8)
    joined = b"".join(code for _vector, _category, code in new.values())
    codes = np.frombuffer(joined, np.int8).reshape(len(new), dimensions)
    if before is not None:
        kept = ~np.isin(before.listings, listings)
        ids = np.concatenate([before.ids[kept], ids])
        listings = np.concatenate([before.listings[kept], listings])
        categories = np.concatenate([before.categories[kept], categories])
        codes = np.concatenate([before.codes[kept], codes])
    order = np.argsort(listings)
    return _finish(ids[order], listings[order], categories[order], codes[order])


def keep_rows(matrix: Matrix, ids: NDArray[np.int64]) -> Matrix:
    """Return the matrix without the vectors whose ids are not among ``ids``."""
    kept = np.isin(matrix.ids, ids)
    return _finish(matrix.ids[kept], matrix.listings[kept], matrix.categories[kept], matrix.codes[kept])


def encode_vector(vector: Sequence[float] | Vector) -> bytes:
    """Return a signed byte for each dimension; the length of the vector is not kept."""
    values = np.asarray(vector, np.float32)
    return np.rint(values * (127 / max(float(np.abs(values).max()), 1e-9))).astype(np.int8).tobytes()


def _finish(
    ids: NDArray[np.int64],
    listings: NDArray[np.int64],
    categories: NDArray[np.uint8],
    codes: NDArray[np.int8],
) -> Matrix:
    norms = np.sqrt(np.einsum("ij,ij->i", codes, codes, dtype=np.float32))
    norms[norms == 0] = 1.0
    sample = codes[:: max(1, len(codes) // EXACT)].astype(np.float32)
    mean = sample.mean(axis=0) if len(sample) else np.zeros(codes.shape[1], np.float32)
    bits = np.packbits(codes > np.rint(mean).astype(np.int8), axis=1)
    signs = np.ascontiguousarray(bits.view(np.uint64).T)
    return Matrix(ids, listings, categories, codes, norms, signs)

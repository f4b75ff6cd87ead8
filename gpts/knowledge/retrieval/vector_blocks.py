"""Codes of passages, the signs of their vectors' dimensions, packed into few rows and compared in memory.

PostgreSQL takes 2 to 4 µs for each code in a row of its own; a block of BLOCK_PASSAGES codes of 384 bits is
read and compared in 0.4 ms.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from django.db import connection
from psycopg.pq import Format

from gpts.knowledge.models import VectorBlock

BLOCK_PASSAGES = 4_000

_PACK = """
INSERT INTO gpts_vectorblock (workspace_id, document_id, model_id, number, dimensions, passages, codes)
SELECT workspace_id, document_id, model_id, number, %(dimensions)s,
  string_agg(int8send(passage_id), ''::bytea ORDER BY passage_id),
  string_agg(substring(varbit_send(code) FROM 5), ''::bytea ORDER BY passage_id)
FROM (
  SELECT workspace_id, document_id, model_id, passage_id, code,
    (row_number() OVER (ORDER BY passage_id) - 1) / %(size)s AS number
  FROM gpts_passagevector
  WHERE document_id = %(document)s AND model_id = %(model)s AND length(code) = %(dimensions)s
) AS numbered
GROUP BY workspace_id, document_id, model_id, number
"""

_READ = """
SELECT document_id, passages, codes FROM gpts_vectorblock
WHERE document_id = ANY(%s::bigint[]) AND model_id = %s AND dimensions = %s
"""


@dataclass(frozen=True)
class PackedCandidates:
    """Ids of the passages whose codes differ least and most from a question's.

    ``documents`` are those with blocks: the codes of all others must be read from their rows.
    """

    documents: frozenset[int]
    near: tuple[int, ...]
    far: tuple[int, ...]


def pack_vectors(document_id: int, model_id: int, dimensions: int) -> None:
    """Make the blocks of a document anew from its vectors by one model."""
    delete_blocks(document_id)
    with connection.cursor() as cursor:
        cursor.execute(
            _PACK,
            {"document": document_id, "model": model_id, "dimensions": dimensions, "size": BLOCK_PASSAGES},
        )


def delete_blocks(document_id: int) -> None:
    """Delete a document's blocks: until they are made again its vectors are compared row by row."""
    VectorBlock.objects.filter(document_id=document_id).delete()


def find_candidates(
    documents: Sequence[int], model_id: int, question: Sequence[float], *, near: int, far: int
) -> PackedCandidates:
    """Return the ``near`` passages most like a question by their codes, and the ``far`` least like it."""
    with connection.cursor() as cursor:
        # As bytes: hexadecimal text would be twice as much to send and to decode.
        cursor.cursor.format = Format.BINARY
        cursor.execute(_READ, [list(documents), model_id, len(question)])
        rows: list[tuple[int, bytes, bytes]] = cursor.fetchall()
    if not rows:
        return PackedCandidates(frozenset(), (), ())
    asked = np.packbits(np.asarray(question) > 0)
    passages = np.concatenate([np.frombuffer(row[1], dtype=">i8") for row in rows])
    differing = np.concatenate([_count_differing(row[2], asked) for row in rows])
    return PackedCandidates(
        frozenset(row[0] for row in rows),
        tuple(passages[_list_smallest(differing, near)].tolist()),
        tuple(passages[_list_smallest(-differing, far)].tolist()),
    )


def _count_differing(codes: bytes, asked: np.ndarray) -> np.ndarray:
    """Return for each code of a block the number of bits that differ from ``asked``, as i64."""
    # By eight bytes at once where a code has a multiple of them, as those of nearly all models have.
    word = np.dtype(np.uint64 if len(asked) % 8 == 0 else np.uint8)
    compared = np.frombuffer(codes, dtype=word).reshape(-1, len(asked) // word.itemsize)
    return np.bitwise_count(compared ^ asked.view(word)).sum(axis=1, dtype=np.int64)


def _list_smallest(values: np.ndarray, count: int) -> np.ndarray:
    """Return the indexes of the ``count`` smallest values, in no order."""
    return np.arange(len(values)) if len(values) <= count else np.argpartition(values, count)[:count]

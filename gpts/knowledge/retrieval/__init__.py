"""Finding the passages of a GPT's knowledge that answer a question.

A search, from the question to the passages:

1. ``terms``      the question becomes stemmed words and pairs of Chinese characters
2. ``reading``    of each document that the GPT holds (draft or version), the few index blocks that have them
3. ``mending``    a Latin word that stands nowhere becomes the nearest word that does
4. ``ranking``    BM25 with rarity from the GPT's own documents; then the best forty are read for nearness
5. ``vectors``    with an embeddings model: the nearest passages by meaning; both orders are fused
6. ``find``       floor of relevance, no two passages that say the same, neighbours joined

The index is our own, in three tables (``models.search_index``; layout in ``postings``), because
PostgreSQL's GIN index belongs to all GPTs at once and ``ts_rank`` reads every matching row: over 80 MB of
text a question took half a second (benchmarks/README.md). Written by ``index``, vectors by
``embedding``. ``terms``, ``postings``, ``mending`` and ``ranking`` are pure.
"""

from gpts.knowledge.retrieval.find import (
    ANSWERABLE_SCORE,
    FoundPassage,
    Hit,
    Lookup,
    find_passages,
    is_answerable,
    look_up,
)
from gpts.knowledge.retrieval.index import index_passages, remove_from_index

__all__ = [
    "ANSWERABLE_SCORE",
    "FoundPassage",
    "Hit",
    "Lookup",
    "find_passages",
    "index_passages",
    "is_answerable",
    "look_up",
    "remove_from_index",
]

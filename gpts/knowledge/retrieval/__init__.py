"""Search: the passages of a GPT's knowledge that answer a question.

The steps of a search (``find`` calls the others):

1. ``terms``          splits the question into stemmed words and pairs of Chinese characters: ``folding``
                      makes one spelling of several, ``compounds`` joins numbers, ``stems`` cuts endings
2. ``index_reading``  loads the index blocks with these terms, of the documents of the draft or version
3. ``spelling``       replaces a Latin word that occurs nowhere by the nearest word that does
4. ``ranking``        BM25 with the GPT's own document frequencies, then proximity for the best 40
5. ``vectors``        with an embeddings model: the passages nearest in meaning, and how near those of 4 are
6. ``find``           weighs both scores, drops passages below a minimum and duplicates, and joins neighbours

The index is our own, in three tables (``models.search_index``; layout in ``postings``): PostgreSQL's GIN
index would span all GPTs, and ``ts_rank`` reads every matching row, which took half a second a question over
80 MB of text (benchmarks/README.md). ``index`` writes it, ``embedding`` the vectors of passages,
``question_vectors`` those of questions. ``terms`` and what it uses, ``postings``, ``spelling`` and
``ranking`` are pure.
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
from gpts.knowledge.retrieval.question_vectors import (
    QuestionEmbedder,
    QuestionVector,
    get_question_embedder,
    get_workspace_embedder,
)

__all__ = [
    "ANSWERABLE_SCORE",
    "FoundPassage",
    "Hit",
    "Lookup",
    "QuestionEmbedder",
    "QuestionVector",
    "find_passages",
    "get_question_embedder",
    "get_workspace_embedder",
    "index_passages",
    "is_answerable",
    "look_up",
    "remove_from_index",
]

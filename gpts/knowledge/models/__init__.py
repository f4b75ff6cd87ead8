"""Tables of documents, files, passages and the search index."""

from gpts.knowledge.models.documents import Document, KnowledgeFile, Passage
from gpts.knowledge.models.search_index import (
    IndexBlock,
    IndexSegment,
    IndexShelf,
    PassageVector,
    VectorBlock,
)

__all__ = [
    "Document",
    "IndexBlock",
    "IndexSegment",
    "IndexShelf",
    "KnowledgeFile",
    "Passage",
    "PassageVector",
    "VectorBlock",
]

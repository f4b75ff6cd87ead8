"""The search index: a packed inverted index of each document, and embeddings of its passages."""

from __future__ import annotations

from django.db import models
from pgvector.django import BitField, HalfVectorField

from gpts.knowledge.models.documents import Document, Passage
from gpts.llm.models import LanguageModel
from workspaces.models import Workspace


class IndexSegment(models.Model):
    """The index of consecutive passages of a document, from position ``first`` on.

    ``lengths`` has the number of terms of each passage as u16; retrieval/postings.py describes the layout.
    ``terms_version`` says by which rules its terms were made (TERMS_VERSION in retrieval/terms.py).
    """

    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="+")
    document = models.ForeignKey(Document, on_delete=models.CASCADE, related_name="segments")
    first = models.PositiveIntegerField()
    passage_count = models.PositiveIntegerField()
    block_count = models.PositiveIntegerField()
    lengths = models.BinaryField()
    terms_version = models.PositiveSmallIntegerField(default=1, db_default=1)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["document", "first"], name="gpts_segment_first"),
        ]

    def __str__(self) -> str:
        return f"{self.document_id}+{self.first}"


class IndexBlock(models.Model):
    """Postings of the terms whose hash modulo ``IndexSegment.block_count`` is ``number``."""

    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="+", db_index=False)
    segment = models.ForeignKey(IndexSegment, on_delete=models.CASCADE, related_name="+", db_index=False)
    number = models.PositiveIntegerField()
    data = models.BinaryField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["segment", "number"], name="gpts_block_number"),
        ]

    def __str__(self) -> str:
        return f"{self.segment_id}#{self.number}"


class IndexShelf(models.Model):
    """Unstemmed words with the same first letter and length, for correcting typing errors."""

    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="+", db_index=False)
    segment = models.ForeignKey(IndexSegment, on_delete=models.CASCADE, related_name="+", db_index=False)
    key = models.CharField(max_length=4)
    words = models.TextField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["segment", "key"], name="gpts_shelf_key"),
        ]

    def __str__(self) -> str:
        return f"{self.segment_id} {self.key}"


class PassageVector(models.Model):
    """A passage's embedding by one model. ``code`` has the sign of each dimension, for preselection."""

    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="+", db_index=False)
    document = models.ForeignKey(Document, on_delete=models.CASCADE, related_name="+", db_index=False)
    passage = models.ForeignKey(Passage, on_delete=models.CASCADE, related_name="vectors")
    model = models.ForeignKey(LanguageModel, on_delete=models.CASCADE, related_name="+")
    code = BitField()
    vector = HalfVectorField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["passage", "model"], name="gpts_vector_once"),
        ]
        indexes = [
            models.Index(fields=["document", "model"], name="gpts_vector_document"),
        ]

    def __str__(self) -> str:
        return f"{self.passage_id} by {self.model_id}"


class VectorBlock(models.Model):
    """The codes of up to BLOCK_PASSAGES passages of a document in one row, so that a search reads few rows.

    Made of PassageVector when a document has all its vectors, deleted when these change. ``passages`` has ids
    as i64, big-endian; ``codes`` in the same order the sign of each dimension, a bit each, in whole bytes.
    """

    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="+", db_index=False)
    document = models.ForeignKey(Document, on_delete=models.CASCADE, related_name="+", db_index=False)
    model = models.ForeignKey(LanguageModel, on_delete=models.CASCADE, related_name="+")
    number = models.PositiveIntegerField()
    dimensions = models.PositiveIntegerField()
    passages = models.BinaryField()
    codes = models.BinaryField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["document", "model", "number"], name="gpts_vectorblock_number"),
        ]

    def __str__(self) -> str:
        return f"{self.document_id} by {self.model_id}#{self.number}"

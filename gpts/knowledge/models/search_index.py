"""What finds passages: a packed inverted index per document, and vectors where a model makes them."""

from __future__ import annotations

from django.db import models
from pgvector.django import BitField, HalfVectorField

from gpts.knowledge.models.documents import Document, Passage
from gpts.llm.models import LanguageModel
from workspaces.models import Workspace


class IndexSegment(models.Model):
    """A stretch of a document's passages from position ``first`` on.

    ``lengths`` has the terms of each passage as u16; retrieval/postings.py has the layout of all bytes.
    """

    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="+")
    document = models.ForeignKey(Document, on_delete=models.CASCADE, related_name="segments")
    first = models.PositiveIntegerField()
    passage_count = models.PositiveIntegerField()
    block_count = models.PositiveIntegerField()
    lengths = models.BinaryField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["document", "first"], name="gpts_segment_first"),
        ]

    def __str__(self) -> str:
        return f"{self.document_id}+{self.first}"


class IndexBlock(models.Model):
    """Postings of the terms whose hash is ``number``."""

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
    """Words of one first letter and length, as they were written: what mistyped ones are compared with."""

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
    """A passage's embedding by one model. ``code`` has the sign of each dimension, for the first sieve."""

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

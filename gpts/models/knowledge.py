"""What a GPT knows: files and the passages that retrieval finds in them."""

from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models

from gpts.models.gpts import GPT
from gpts.states import FileState
from workspaces.models import Workspace


class KnowledgeFile(models.Model):
    """One uploaded document of a GPT. Sizes in bytes; ``content_hash`` is the SHA-256 of the upload."""

    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="+")
    gpt = models.ForeignKey(GPT, on_delete=models.CASCADE, related_name="knowledge_files")
    name = models.CharField(max_length=255)
    media_type = models.CharField(max_length=100)
    size = models.PositiveBigIntegerField()
    content_hash = models.CharField(max_length=64)
    storage_key = models.CharField(max_length=200)
    state = models.CharField(max_length=12, choices=FileState.choices, default=FileState.WAITING)
    failure = models.CharField(max_length=60, blank=True)
    uploaded_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    # Taken out of the draft, but kept for the frozen versions that answer from it.
    removed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["gpt", "content_hash"], name="gpts_file_once"),
        ]

    def __str__(self) -> str:
        return self.name


class Passage(models.Model):
    """A piece of a document that an answer can cite. ``search`` is filled by the indexing service."""

    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="+")
    file = models.ForeignKey(KnowledgeFile, on_delete=models.CASCADE, related_name="passages")
    gpt = models.ForeignKey(GPT, on_delete=models.CASCADE, related_name="+")
    position = models.PositiveIntegerField()
    heading = models.CharField(max_length=300, blank=True)
    page = models.PositiveIntegerField(null=True)
    text = models.TextField()
    search = SearchVectorField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["file", "position"], name="gpts_passage_position"),
        ]
        indexes = [
            GinIndex(fields=["search"], name="gpts_passage_search"),
            models.Index(fields=["gpt"], name="gpts_passage_gpt"),
        ]

    def __str__(self) -> str:
        return f"{self.file_id}#{self.position}"

"""Documents of a workspace, the files that link them to GPTs, and their passages."""

from __future__ import annotations

from django.conf import settings
from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import Q

from gpts.assistants.models.gpts import GPT
from gpts.knowledge.extraction.kinds import VERSIONS
from gpts.knowledge.extraction.remarks import RemarkCode, parse_remarks
from gpts.knowledge.states import FileState, ReadingStage
from workspaces.models import Workspace

# A document that timed out so often is not read again: one time-out may be repeated, by us or by hand.
MAX_TIMEOUTS = 2


class Document(models.Model):
    """Uploaded content, stored and read once for each workspace, however many GPTs use it.

    ``size`` in bytes, ``content_hash`` the SHA-256 of the bytes, ``progress`` of reading in percent,
    ``remarks`` what reading left out (extraction.remarks has their shape, parse_remarks reads them). Reading
    takes a lease: ``claim`` identifies the run, ``heartbeat_at`` is its last heartbeat. A run that lost its
    claim writes nothing more. ``retry_at`` is set while it waits after a crash.

    ``reader_version`` is that of the kind's reader (extraction.kinds.VERSIONS), 0 for one from before
    versions. ``reread_at`` is set while a document that is ready waits to be read again, or is being read
    again: its state stays, and its passages answer, until the new ones take their place. ``reread_failure``
    says why that did not work, in the codes of ``failure``.
    """

    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="+")
    content_hash = models.CharField(max_length=64)
    media_type = models.CharField(max_length=100)
    size = models.PositiveBigIntegerField()
    storage_key = models.CharField(max_length=200)
    state = models.CharField(max_length=12, choices=FileState.choices, default=FileState.WAITING)
    stage = models.CharField(max_length=12, choices=ReadingStage.choices, blank=True)
    failure = models.CharField(max_length=60, blank=True)
    progress = models.PositiveSmallIntegerField(default=0, validators=[MaxValueValidator(100)])
    characters = models.PositiveBigIntegerField(default=0)
    passage_count = models.PositiveIntegerField(default=0)
    remarks = models.JSONField(default=list, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    # How often reading it ran out of time, over all attempts and retries.
    timeouts = models.PositiveSmallIntegerField(default=0)
    claim = models.UUIDField(null=True, blank=True)
    heartbeat_at = models.DateTimeField(null=True, blank=True)
    retry_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()
    extracted_at = models.DateTimeField(null=True, blank=True)
    embedded_at = models.DateTimeField(null=True, blank=True)
    reader_version = models.PositiveSmallIntegerField(default=0, db_default=0)
    reread_at = models.DateTimeField(null=True, blank=True)
    reread_failure = models.CharField(max_length=60, blank=True, default="", db_default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workspace", "content_hash"], name="gpts_document_once"),
            models.CheckConstraint(condition=Q(progress__lte=100), name="gpts_document_progress"),
        ]
        indexes = [
            models.Index(
                fields=["created_at"],
                condition=Q(state__in=[FileState.WAITING, FileState.EXTRACTING]),
                name="gpts_document_unread",
            ),
            models.Index(
                fields=["reread_at"], condition=Q(reread_at__isnull=False), name="gpts_document_reread"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.media_type} {self.content_hash[:12]}"

    @property
    def may_be_read_again(self) -> bool:
        return self.state == FileState.FAILED and self.timeouts < MAX_TIMEOUTS

    @property
    def is_outdated(self) -> bool:
        """Whether an older reader than today's read it."""
        return self.state == FileState.READY and self.reader_version < VERSIONS.get(self.media_type, 0)

    @property
    def may_be_reread(self) -> bool:
        """Whether reading it again may give another text: another reader, or languages installed since."""
        if self.state != FileState.READY or self.reread_at is not None:
            return False
        codes = {remark.code for remark in parse_remarks(self.remarks)}
        return self.is_outdated or RemarkCode.OCR_LANGUAGES_MISSING in codes


class KnowledgeFileQuerySet(models.QuerySet["KnowledgeFile"]):
    """Packages below this one use it as ``gpt.knowledge_files``."""

    def in_draft(self) -> KnowledgeFileQuerySet:
        return self.filter(removed_at__isnull=True)

    def readable(self) -> KnowledgeFileQuerySet:
        return self.filter(document__state=FileState.READY)


class KnowledgeFile(models.Model):
    """A document in one GPT, under the name shown there; ``content_hash`` is the document's.

    ``review_on`` is the date from which the content counts as stale. A file that was deleted everywhere
    keeps its row, without a document, so that versions frozen with it can name what is missing.
    """

    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="+")
    gpt = models.ForeignKey(GPT, on_delete=models.CASCADE, related_name="knowledge_files")
    document = models.ForeignKey(Document, on_delete=models.PROTECT, null=True, related_name="files")
    name = models.CharField(max_length=255)
    content_hash = models.CharField(max_length=64)
    # The address of a web page and when it was fetched; empty for an upload.
    source_url = models.CharField(max_length=2000, blank=True)
    fetched_at = models.DateTimeField(null=True, blank=True)
    review_on = models.DateField(null=True, blank=True)
    review_noted_on = models.DateField(null=True, blank=True)
    uploaded_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    # Removed from the draft, but kept for the frozen versions that answer from it.
    removed_at = models.DateTimeField(null=True, blank=True)
    # Deleted everywhere by the owner: no version answers from it any more.
    erased_at = models.DateTimeField(null=True, blank=True)

    objects = KnowledgeFileQuerySet.as_manager()

    # Set by upload_knowledge_file: whether the draft had this content before. Not a column.
    is_already_there = False

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["gpt", "content_hash"], name="gpts_file_once"),
            models.CheckConstraint(
                condition=Q(document__isnull=False) | Q(erased_at__isnull=False, removed_at__isnull=False),
                name="gpts_file_document",
            ),
        ]
        indexes = [
            models.Index(
                fields=["review_on"],
                condition=Q(review_on__isnull=False, removed_at__isnull=True),
                name="gpts_file_review",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Passage(models.Model):
    """A part of a document that an answer can cite; IndexSegment has its search index.

    ``heading`` is the path of headings ("Returns › Refunds"), ``page`` the page, sheet or slide,
    ``paragraph`` the number of the passage's first paragraph in the document, from 1, ``first_row`` and
    ``last_row`` the rows of a sheet or CSV as people count them.
    """

    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="+")
    document = models.ForeignKey(Document, on_delete=models.CASCADE, related_name="passages")
    position = models.PositiveIntegerField()
    heading = models.CharField(max_length=300, blank=True)
    page = models.PositiveIntegerField(null=True)
    paragraph = models.PositiveIntegerField(default=1)
    first_row = models.PositiveIntegerField(null=True)
    last_row = models.PositiveIntegerField(null=True)
    text = models.TextField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["document", "position"], name="gpts_passage_position"),
        ]

    def __str__(self) -> str:
        return f"{self.document_id}#{self.position}"

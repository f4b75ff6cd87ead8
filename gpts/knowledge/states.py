"""States of a document and the stages of reading it."""

from __future__ import annotations

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class FileState(TextChoices):
    WAITING = "waiting", _("Waiting")
    EXTRACTING = "extracting", _("Reading")
    READY = "ready", _("Ready")
    FAILED = "failed", _("Failed")


class ReadingStage(TextChoices):
    """What a worker is doing with a document in state EXTRACTING."""

    NONE = "", _("Waiting")
    FETCHING = "fetching", _("Preparing")
    READING = "reading", _("Reading")
    INDEXING = "indexing", _("Indexing")

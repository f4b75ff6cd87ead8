"""The closed sets of knowledge files and of reading them."""

from __future__ import annotations

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class FileState(TextChoices):
    WAITING = "waiting", _("Waiting")
    EXTRACTING = "extracting", _("Reading")
    READY = "ready", _("Ready")
    FAILED = "failed", _("Failed")


class ReadingStage(TextChoices):
    """What is being done to a document whose state is EXTRACTING."""

    NONE = "", _("Waiting")
    FETCHING = "fetching", _("Preparing")
    READING = "reading", _("Reading")
    INDEXING = "indexing", _("Indexing")

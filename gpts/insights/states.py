"""Choices of insights."""

from __future__ import annotations

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class InsightSeries(TextChoices):
    """What insights count; each series has its own periods, as long as five people need."""

    USE = "use", _("Use")
    OUTCOME = "outcome", _("Failures")
    ANSWERED = "answered", _("Unanswered questions")
    WORDS = "words", _("Words of unanswered questions")
    THUMBS = "thumbs", _("Thumbs")

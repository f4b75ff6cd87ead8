"""Vectors of attached documents, by which questions in other words and languages find their pieces."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from gpts.chat.models.attachments import Attachment
from gpts.llm.models import LanguageModel
from workspaces.models import Workspace


class AttachmentVectors(models.Model):
    """The vectors of a document's first pieces by one model.

    ``vectors`` holds ``pieces`` rows of ``dimensions`` signed bytes, in the order of split_into_pieces; a row
    of zeros is a piece that the model had no vector for. Copies of an attachment use those of the original.
    """

    attachment = models.OneToOneField(
        Attachment, on_delete=models.CASCADE, primary_key=True, related_name="vectors"
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="+", db_index=False)
    model = models.ForeignKey(LanguageModel, on_delete=models.CASCADE, related_name="+")
    dimensions = models.PositiveIntegerField()
    pieces = models.PositiveIntegerField()
    is_complete = models.BooleanField(default=False)
    vectors = models.BinaryField()

    def __str__(self) -> str:
        return f"{self.pieces} vectors of {self.attachment_id}"

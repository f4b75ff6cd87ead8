"""E-mails that a request wrote and a worker has not sent yet."""

from __future__ import annotations

from django.db import models

from core.ids import uuid7


class OutgoingMail(models.Model):
    """One e-mail, encrypted: it may hold a link or code that signs somebody in. Removed once it is sent.

    ``claimed_at`` is the lease of the worker that sends it.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    sealed = models.TextField()
    created_at = models.DateTimeField()
    claimed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [models.Index(fields=["created_at"], name="workspaces_outgoingmail_age")]

    def __str__(self) -> str:
        return str(self.pk)

"""Versions that were live for an audience until a newer one replaced them."""

from __future__ import annotations

from django.db import models

from gpts.assistants.models.gpts import GPT, Version
from gpts.assistants.states import Audience


class PastVersion(models.Model):
    """A conversation that began with ``version`` may continue with it while ``audience`` has a live version.

    A version that its owner or a moderator withdrew has no row: no conversation continues with it.
    """

    gpt = models.ForeignKey(GPT, on_delete=models.CASCADE, related_name="past_versions")
    version = models.ForeignKey(Version, on_delete=models.CASCADE, related_name="past_for")
    audience = models.CharField(max_length=10, choices=Audience.choices)
    replaced_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["version", "audience"], name="gpts_pastversion_once"),
        ]
        indexes = [models.Index(fields=["gpt", "audience"], name="gpts_pastversion_gpt")]

    def __str__(self) -> str:
        return f"{self.version_id} was live for {self.audience}"

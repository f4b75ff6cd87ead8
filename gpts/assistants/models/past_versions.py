"""Versions that served an audience until a newer one took their place."""

from __future__ import annotations

from django.db import models

from gpts.assistants.models.gpts import GPT, Version
from gpts.assistants.states import Audience


class PastVersion(models.Model):
    """A conversation that began with ``version`` may go on with it while ``audience`` is served.

    A version that was taken back, by its maker or by a decision, has no row: nobody goes on with it.
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

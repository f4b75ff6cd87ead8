"""Marks of codes and links that were used."""

from __future__ import annotations

from django.db import models


class UsedToken(models.Model):
    """A code or link that was used. ``digest`` is its SHA-256, so the row names nobody."""

    digest = models.CharField(max_length=64, primary_key=True)
    used_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["used_at"], name="workspaces_usedtoken_time")]

    def __str__(self) -> str:
        return self.digest[:12]

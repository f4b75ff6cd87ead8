"""The audit log: append-only, hash-chained, one chain per workspace and one for the platform."""

from __future__ import annotations

from django.conf import settings
from django.db import models


class AuditEvent(models.Model):
    """One change: who did what to which object, when and why.

    ``sequence``, ``previous_hash`` and ``hash`` are set by a database trigger, which also locks the chain;
    UPDATE, DELETE and TRUNCATE raise. ``data`` never holds content or secrets.
    """

    chain = models.CharField(max_length=40)
    sequence = models.BigIntegerField(default=0)
    at = models.DateTimeField()
    action = models.CharField(max_length=80)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", db_constraint=False
    )
    actor_label = models.CharField(max_length=254)
    is_automated = models.BooleanField()
    # Not a foreign key: core must not depend on workspaces.
    workspace_id = models.BigIntegerField(null=True)
    subject_type = models.CharField(max_length=60)
    subject_id = models.CharField(max_length=64)
    reason = models.TextField(blank=True)
    data = models.JSONField(default=dict)
    previous_hash = models.CharField(max_length=64, default="")
    hash = models.CharField(max_length=64, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["chain", "sequence"], name="core_audit_chain_sequence"),
        ]
        indexes = [
            models.Index(fields=["workspace_id", "-id"], name="core_audit_workspace"),
            models.Index(fields=["subject_type", "subject_id", "-id"], name="core_audit_subject"),
        ]

    def __str__(self) -> str:
        return f"{self.chain}#{self.sequence} {self.action}"

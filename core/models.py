"""The audit log (append-only, hash-chained, one chain for each workspace) and failed background jobs."""

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
            # The filters of one log, and what they offer, read no more of it than they show.
            models.Index(fields=["workspace_id", "action", "-id"], name="core_audit_action"),
            models.Index(fields=["workspace_id", "subject_type", "-id"], name="core_audit_kind"),
            models.Index(fields=["workspace_id", "actor", "-id"], name="core_audit_actor"),
        ]

    def __str__(self) -> str:
        return f"{self.chain}#{self.sequence} {self.action}"


class AuditMention(models.Model):
    """An id in the data of an audit event, kept by a trigger, so that a log is searched for an object.

    Row-level security uses no index on JSON, whose operators may tell of rows that are hidden. Append-only.
    """

    # Not foreign keys: whoever records an event need not see it, and core must not depend on workspaces.
    event_id = models.BigIntegerField()
    workspace_id = models.BigIntegerField(null=True)
    # The key in ``AuditEvent.data``, or in its changes.
    name = models.CharField(max_length=60)
    value = models.CharField(max_length=36)

    class Meta:
        indexes = [
            models.Index(
                fields=["workspace_id", "value", "name", "-event_id"], name="core_auditmention_found"
            )
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.value} in event {self.event_id}"


class FailedJob(models.Model):
    """A background job that broke off; one row for the same job with the same arguments.

    Removed when the same job succeeds. ``sealed_arguments`` are encrypted, because they may hold an address.
    ``error_class`` and ``error_place`` name the exception and our line that raised it; its message, which may
    quote what people wrote, is not kept.
    """

    task = models.CharField(max_length=100)
    digest = models.CharField(max_length=64, unique=True)
    sealed_arguments = models.TextField()
    error_class = models.CharField(max_length=100)
    error_place = models.CharField(max_length=200, blank=True)
    count = models.PositiveIntegerField(default=1)
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()
    retried_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(count__gte=1), name="core_failedjob_count"),
        ]
        indexes = [models.Index(fields=["-last_at"], name="core_failedjob_newest")]

    def __str__(self) -> str:
        return f"{self.task} ×{self.count}"


class InstanceSetting(models.Model):
    """A setting that an operator changed (core.instance_settings); without a row the environment decides."""

    key = models.CharField(max_length=60, unique=True)
    value = models.JSONField(null=True)
    changed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", db_constraint=False
    )
    changed_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.key

"""Calls to other hosts and e-mails that a worker takes over from requests, and who sees them."""

from __future__ import annotations

from typing import ClassVar

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.models import Q

from core.ids import uuid7
from core.migration_operations import (
    ANYBODY,
    NOBODY,
    SetRowPolicies,
    has_staff_role,
    in_own_workspaces,
    is_person,
)

STATES = [("queued", "Waiting"), ("running", "Running"), ("done", "Done"), ("failed", "Failed")]
INSIDE = in_own_workspaces("workspace_id")
ASKED = is_person("requested_by_id")
# Calls of the instance's own providers.
OPERATOR = f"(workspace_id IS NULL AND {has_staff_role('operator')})"


class Migration(migrations.Migration):
    dependencies: ClassVar = [("workspaces", "0005_erasures_and_used_tokens")]

    operations: ClassVar = [
        migrations.CreateModel(
            name="OutboundJob",
            fields=[
                (
                    "id",
                    models.UUIDField(default=uuid7, editable=False, primary_key=True, serialize=False),
                ),
                ("kind", models.CharField(max_length=40)),
                ("subject_id", models.BigIntegerField()),
                ("address", models.CharField(max_length=2000)),
                ("payload", models.JSONField(blank=True, default=dict)),
                ("language", models.CharField(default="en", max_length=10)),
                ("state", models.CharField(choices=STATES, default="queued", max_length=10)),
                ("error_code", models.CharField(blank=True, max_length=60)),
                ("error", models.CharField(blank=True, max_length=500)),
                ("result", models.JSONField(blank=True, default=dict)),
                ("attempts", models.PositiveSmallIntegerField(default=0)),
                ("created_at", models.DateTimeField()),
                ("started_at", models.DateTimeField(blank=True, null=True)),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
                (
                    "requested_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="outbound_jobs",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "workspace",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="outbound_jobs",
                        to="workspaces.workspace",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=Q(("state__in", ["queued", "running"])),
                        fields=["created_at"],
                        name="workspaces_outboundjob_open",
                    ),
                    models.Index(
                        fields=["kind", "subject_id", "-created_at"], name="workspaces_outboundjob_subject"
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=Q(
                            Q(("ended_at__isnull", True), ("started_at__isnull", True), ("state", "queued")),
                            Q(
                                ("ended_at__isnull", True),
                                ("started_at__isnull", False),
                                ("state", "running"),
                            ),
                            Q(("ended_at__isnull", False), ("state__in", ["done", "failed"])),
                            _connector="OR",
                        ),
                        name="workspaces_outboundjob_times",
                    ),
                    models.CheckConstraint(
                        condition=Q(
                            Q(("state", "failed"), Q(("error_code", ""), _negated=True)),
                            Q(Q(("state", "failed"), _negated=True), ("error_code", "")),
                            _connector="OR",
                        ),
                        name="workspaces_outboundjob_error",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="OutgoingMail",
            fields=[
                (
                    "id",
                    models.UUIDField(default=uuid7, editable=False, primary_key=True, serialize=False),
                ),
                ("sealed", models.TextField()),
                ("created_at", models.DateTimeField()),
                ("claimed_at", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "indexes": [models.Index(fields=["created_at"], name="workspaces_outgoingmail_age")],
            },
        ),
        # Written by every request that sends a mail, also a visitor's; read by workers alone.
        SetRowPolicies("workspaces_outgoingmail", read=NOBODY, add=ANYBODY, change=NOBODY, remove=NOBODY),
        # Seen by members of the workspace, as what comes of the call is; asked for by nobody but oneself.
        SetRowPolicies(
            "workspaces_outboundjob",
            read=f"{INSIDE} OR {ASKED} OR {OPERATOR}",
            add=f"{ASKED} AND ({INSIDE} OR {OPERATOR})",
            change=f"{INSIDE} OR {OPERATOR}",
            change_to=f"{ASKED} AND ({INSIDE} OR {OPERATOR})",
            remove=f"{INSIDE} OR {ASKED} OR {OPERATOR}",
        ),
    ]

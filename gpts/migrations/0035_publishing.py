"""When a company wants approval before sharing, and requests for it, with who reads and writes."""

from __future__ import annotations

from typing import ClassVar

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from core.migration_operations import (
    NOBODY,
    KeepTenant,
    SetRowPolicies,
    automatic_id,
    in_administered_workspaces,
    in_own_workspaces,
    is_person,
)

INSIDE = in_own_workspaces("workspace_id")
ADMIN = in_administered_workspaces("workspace_id")
SYSTEM = "(SELECT loggia_is_system())"
# Owner and editors take requests back and replace them; only admins answer them.
EDITED = "(gpts_gpt_is_owned(gpt_id) OR gpts_gpt_is_edited(gpt_id))"
ANSWERS = f"""
ALTER POLICY gpts_publishrequest_update ON gpts_publishrequest
  USING ({SYSTEM} OR {ADMIN} OR ({INSIDE} AND {EDITED} AND state = 'open'))
  WITH CHECK ({SYSTEM} OR {ADMIN} OR ({INSIDE} AND {EDITED} AND state IN ('withdrawn', 'superseded')));
"""


class Migration(migrations.Migration):
    dependencies: ClassVar = [
        ("gpts", "0034_rereading"),
        ("workspaces", "0016_cost_centres"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations: ClassVar = [
        migrations.CreateModel(
            name="PublishingRule",
            fields=[
                automatic_id(),
                (
                    "need",
                    models.CharField(
                        choices=[
                            ("none", "Nobody: who may share, shares at once"),
                            ("outside", "Another person, before it leaves the company"),
                            ("company", "Another person, before the whole company gets it or it leaves"),
                        ],
                        default="none",
                        max_length=10,
                    ),
                ),
                ("changed_at", models.DateTimeField()),
                (
                    "workspace",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="workspaces.workspace",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="PublishRequest",
            fields=[
                automatic_id(),
                (
                    "audience",
                    models.CharField(
                        choices=[
                            ("shared", "People and groups you choose"),
                            ("unlisted", "Anyone in the workspace with the link"),
                            ("workspace", "Everyone in the workspace"),
                            ("link", "Anyone with the link"),
                            ("public", "The public store"),
                        ],
                        max_length=10,
                    ),
                ),
                ("note", models.TextField(blank=True, max_length=1000)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("open", "Waiting for approval"),
                            ("approved", "Approved"),
                            ("sent_back", "Sent back"),
                            ("withdrawn", "Taken back"),
                            ("superseded", "Replaced by a newer request"),
                        ],
                        default="open",
                        max_length=10,
                    ),
                ),
                ("requested_at", models.DateTimeField()),
                ("answer", models.TextField(blank=True, max_length=1000)),
                ("decided_at", models.DateTimeField(null=True)),
                (
                    "decided_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "gpt",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="publish_requests",
                        to="gpts.gpt",
                    ),
                ),
                (
                    "requested_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "version",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="gpts.version"
                    ),
                ),
                (
                    "workspace",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="workspaces.workspace",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["workspace", "-id"], name="gpts_publishrequest_place"),
                    models.Index(fields=["gpt", "-id"], name="gpts_publishrequest_gpt"),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("state", "open")),
                        fields=("gpt", "audience"),
                        name="gpts_publishrequest_once",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state__in", ["approved", "sent_back"]), _negated=True),
                            ("decided_by__isnull", True),
                            models.Q(("decided_by", models.F("requested_by")), _negated=True),
                            _connector="OR",
                        ),
                        name="gpts_publishrequest_two",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("decided_at__isnull", True), ("state", "open")),
                            models.Q(
                                models.Q(("state", "open"), _negated=True), ("decided_at__isnull", False)
                            ),
                            _connector="OR",
                        ),
                        name="gpts_publishrequest_decided",
                    ),
                ],
            },
        ),
        # Members read whether they need approval; admins set it.
        SetRowPolicies("gpts_publishingrule", read=INSIDE, add=ADMIN, change=ADMIN, remove=NOBODY),
        KeepTenant("gpts_publishingrule", "workspace_id"),
        SetRowPolicies(
            "gpts_publishrequest",
            read=INSIDE,
            add=f"{INSIDE} AND {is_person('requested_by_id')} AND {EDITED} AND state = 'open'",
            change=ADMIN,
            remove=NOBODY,
            refers={"version_id": "gpts_version"},
        ),
        KeepTenant("gpts_publishrequest", "workspace_id", "gpt_id", "requested_by_id"),
        migrations.RunSQL(ANSWERS, migrations.RunSQL.noop),
    ]

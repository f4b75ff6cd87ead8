"""Submissions to the public store in the export of a workspace."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from reviews.models import Submission
from workspaces.exports import ExportPart, Table, columns

PART = ExportPart(
    steps=(
        Table(
            "store/submissions.jsonl",
            _("Versions that were submitted to the public store"),
            lambda workspace: Submission.objects.filter(
                gpt__workspace=workspace, gpt__deleted_at__isnull=True
            ),
            columns(
                "id",
                "gpt_id",
                "version_id",
                "state",
                "note",
                "attested_at",
                "submitted_at",
                "checks_started_at",
                "closed_at",
                people=("submitted_by",),
            ),
        ),
    )
)

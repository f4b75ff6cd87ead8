"""Notes in the audit log who took a company's usage away as a file."""

from __future__ import annotations

from datetime import datetime

from core.audit import record
from gpts.metering.usage_ranges import UsageQuery
from workspaces.models import User, Workspace


def record_usage_export(*, workspace: Workspace, query: UsageQuery, by: User, at: datetime) -> None:
    """Record the days, steps and lines of an export, and which dimensions were filtered."""
    record(
        action="gpts.usage_exported",
        by=by,
        at=at,
        subject=workspace,
        workspace_id=workspace.pk,
        data={
            "first_day": query.range.start.isoformat(),
            "last_day": query.range.last.isoformat(),
            "step": str(query.step),
            "lines": str(query.lines),
            "filters": sorted(query.filters),
        },
    )

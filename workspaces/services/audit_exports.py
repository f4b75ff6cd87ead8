"""Notes in the audit log who took the log itself away as a file."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import date, datetime

from django.db.models import Count, Max

from core.audit import record
from workspaces.audit_filter import AuditFilter
from workspaces.models import User, Workspace
from workspaces.queries import list_audit_events


@dataclass(frozen=True)
class AuditExport:
    """Which events a file has: ``rows`` of them, the newest with the id ``newest``."""

    rows: int
    newest: int


def record_audit_export(
    *,
    workspace: Workspace | None,
    wanted: AuditFilter,
    kind: str,
    by: User,
    at: datetime,
    most: int | None = None,
) -> AuditExport:
    """Record an export of a workspace's log, or for None of the platform's: filter, format and rows.

    The event itself is not in the file: read events up to ``newest``. ``most`` is the length of the file.
    """
    events = list_audit_events(workspace, wanted)
    found = events.order_by().aggregate(rows=Count("pk"), newest=Max("pk"))
    rows = found["rows"] if most is None else min(found["rows"], most)
    record(
        action="workspaces.audit_exported",
        by=by,
        at=at,
        subject=by if workspace is None else workspace,
        workspace_id=None if workspace is None else workspace.pk,
        data={"format": kind, "rows": rows, "filter": _read_values(wanted)},
    )
    return AuditExport(rows, found["newest"] or 0)


def _read_values(wanted: AuditFilter) -> dict[str, str | int]:
    """Return what was filtered by: ids, codes and days, no texts."""
    found = {one.name: getattr(wanted, one.name) for one in fields(wanted)}
    return {
        name: value.isoformat() if isinstance(value, date) else value
        for name, value in found.items()
        if value not in (None, "")
    }

"""Notes in the audit log who took the table of a workspace's GPTs away as a file."""

from __future__ import annotations

from dataclasses import fields
from datetime import date, datetime

from core.audit import record
from gpts.assistants.gpt_filters import GPTFilter
from gpts.assistants.queries.gpt_table import list_company_gpts
from workspaces.models import User, Workspace


def record_gpt_table_export(
    *, workspace: Workspace, wanted: GPTFilter, today: date, by: User, at: datetime
) -> int:
    """Record an export with its filter; return how many GPTs it has.

    What was searched for is not kept, because it is part of a name; that something was is.
    """
    rows = list_company_gpts(workspace, wanted, today=today).order_by().count()
    values = {one.name: getattr(wanted, one.name) for one in fields(wanted) if one.name != "order"}
    kept = {name: value for name, value in values.items() if value}
    if "q" in kept:
        kept["q"] = ""
    record(
        action="gpts.gpt_table_exported",
        by=by,
        at=at,
        subject=workspace,
        workspace_id=workspace.pk,
        data={"rows": rows, "filter": kept},
    )
    return rows

"""Exports of a workspace."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Q, QuerySet

from workspaces.models import Workspace, WorkspaceExport


def list_exports(workspace: Workspace, *, at: datetime) -> QuerySet[WorkspaceExport]:
    """Return the exports that have not expired, newest first: a handful at most."""
    rows = WorkspaceExport.objects.filter(
        Q(expires_at__isnull=True) | Q(expires_at__gt=at), workspace=workspace
    )
    return rows.select_related("requested_by").order_by("-id")

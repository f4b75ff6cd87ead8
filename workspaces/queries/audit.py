"""Events of the audit log, and what it can be filtered by."""

from __future__ import annotations

from django.db.models import Q, QuerySet

from core.audit_words import list_staff_acts
from core.models import AuditEvent
from workspaces.audit_filter import AuditFilter
from workspaces.models import Member, User, Workspace

# As many people a filter offers; others are reached through their names in the log.
AUDIT_PEOPLE = 500


def list_audit_events(workspace: Workspace | None, wanted: AuditFilter) -> QuerySet[AuditEvent]:
    """Return the events of a workspace, or for None those of the platform.

    Row-level security shows the former to its admins only, the latter to operators. A workspace's log cannot
    be filtered by staff of the platform who acted on it, as it does not name them either.
    """
    if workspace is None:
        return wanted.apply(AuditEvent.objects.filter(workspace_id__isnull=True))
    events = wanted.apply(AuditEvent.objects.filter(workspace_id=workspace.pk))
    if wanted.person is None or Member.objects.filter(workspace=workspace, user_id=wanted.person).exists():
        return events
    return events.exclude(action__in=list_staff_acts())


def list_audit_actions(workspace: Workspace | None) -> list[str]:
    """Return the actions that occur in the log, for the filter."""
    rows = list_audit_events(workspace, AuditFilter())
    return sorted(rows.order_by().values_list("action", flat=True).distinct())


def list_audit_people(workspace: Workspace | None, *, also: int | None = None) -> list[User]:
    """Return people by whom the log can be filtered: members, or the staff of the platform.

    ``also`` adds another person whom the log names.
    """
    if workspace is None:
        found = Q(staff_roles__isnull=False)
    else:
        found = Q(pk__in=Member.objects.filter(workspace=workspace).values("user_id"))
    if also is not None and _names_actor(workspace, also):
        found |= Q(pk=also)
    rows = User.objects.filter(found)
    return list(rows.distinct().order_by("display_name", "pk")[:AUDIT_PEOPLE])


def _names_actor(workspace: Workspace | None, person: int) -> bool:
    return list_audit_events(workspace, AuditFilter(person=person)).exists()

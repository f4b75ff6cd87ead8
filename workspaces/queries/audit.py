"""Events of the audit log, and what it can be filtered by."""

from __future__ import annotations

from collections.abc import Collection

from django.db import connection
from django.db.models import Q, QuerySet

from core.audit_words import Reader, list_staff_acts, load_words, read_numbers
from core.models import AuditEvent
from workspaces.audit_filter import AuditFilter
from workspaces.models import Member, User, Workspace

USER = "workspaces.user"
# As many people a filter offers; others are reached through their names in the log.
AUDIT_PEOPLE = 500
AUDIT_OBJECTS = 500
# They are looked for among so many events.
AUDIT_OBJECT_EVENTS = 20_000


def list_audit_events(workspace: Workspace | None, wanted: AuditFilter) -> QuerySet[AuditEvent]:
    """Return the events of a workspace, or for None those of the platform.

    Row-level security shows the former to its admins only, the latter to operators. A workspace's log cannot
    be filtered by staff of the platform who acted on it, as it does not name them either.
    """
    if workspace is None:
        return wanted.apply(None)
    events = wanted.apply(workspace.pk)
    people = {wanted.person} - {None}
    if wanted.object.startswith(f"{USER}:"):
        people |= set(read_numbers([wanted.object.partition(":")[2]])) or {None}
    if not people or len(people) == _count_members(workspace, people):
        return events
    return events.exclude(action__in=list_staff_acts())


def _count_members(workspace: Workspace, people: Collection[int | None]) -> int:
    return Member.objects.filter(workspace=workspace, user_id__in=[one for one in people if one]).count()


def list_audit_actions(workspace: Workspace | None) -> list[str]:
    """Return the known actions that occur in the log, for the filter."""
    return sorted(_find_values(workspace, "action", load_words().actions))


def list_audit_kinds(workspace: Workspace | None) -> list[tuple[str, str]]:
    """Return the kinds of objects that occur in the log and have a label, by label."""
    labels = {kind: str(words.label) for kind, words in load_words().objects.items() if words.label}
    found = _find_values(workspace, "subject_type", labels)
    return sorted(((kind, labels[kind]) for kind in found), key=lambda pair: pair[1])


def _find_values(workspace: Workspace | None, column: str, known: Collection[str]) -> list[str]:
    """Return those of the ``known`` values that a column of the log has: a step in its index for each value.

    Looking for each value by itself would read all events where one is missing, as the planner expects to
    meet it soon.
    """
    place = "workspace_id IS NULL" if workspace is None else "workspace_id = %(workspace)s"
    first = f"SELECT {column} FROM core_auditevent WHERE {place}"  # noqa: S608 - names of ours
    query = (
        f"WITH RECURSIVE found (value) AS (({first} ORDER BY {column} LIMIT 1) UNION ALL"  # noqa: S608 - as above
        f" SELECT ({first} AND {column} > found.value ORDER BY {column} LIMIT 1) FROM found"
        " WHERE found.value IS NOT NULL) SELECT value FROM found"
    )
    with connection.cursor() as cursor:
        cursor.execute(query, {"workspace": None if workspace is None else workspace.pk})
        return [value for (value,) in cursor.fetchall() if value in known]


def list_audit_objects(workspace: Workspace | None, kind: str, reader: Reader) -> list[tuple[str, str]]:
    """Return the objects of a kind that the log is about, as the filter takes them, by their names.

    The latest 500 of the latest 20,000 events; those without a name are left out, as a name is what they
    would be chosen by. The log itself links to the filter for each of its objects.
    """
    rows = list_audit_events(workspace, AuditFilter(kind=kind)).order_by("-id")
    latest = dict.fromkeys(rows.values_list("subject_id", flat=True)[:AUDIT_OBJECT_EVENTS])
    names = load_words().objects[kind].resolve(list(latest)[:AUDIT_OBJECTS], reader)
    found = [(f"{kind}:{identifier}", named.text) for identifier, named in names.items()]
    return sorted(found, key=lambda pair: pair[1].casefold())


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

"""/w/<workspace>/admin/audit and /operator/audit: who did what and when, in words."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from django.contrib.auth.decorators import login_required
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from core.audit_words import Area, Reader, load_words
from core.csv_files import write_csv
from core.errors import InvalidInput
from core.models import AuditEvent
from core.pagination import paginate
from workspaces.access import WorkspaceAct, access_workspace
from workspaces.audit_filter import AuditFilter, read_filter
from workspaces.audit_log import AuditEntry, describe_events
from workspaces.models import Workspace
from workspaces.queries import (
    list_audit_actions,
    list_audit_events,
    list_audit_kinds,
    list_audit_objects,
    list_audit_people,
)
from workspaces.services.audit_exports import record_audit_export
from workspaces.web.audit_files import stream_audit_lines
from workspaces.web.people import person_of
from workspaces.web.staff import staff_required

PAGE_ROWS = 50
EXPORT_ROWS = 50_000
# Events whose names are looked up together.
EXPORT_BATCH = 1_000
COLUMNS = (
    "sequence", "at", "who", "sentence", "changes", "details", "reason", "is_automated", "action",
    "object_type", "object_id", "data", "hash",
)  # fmt: skip


@login_required
@require_safe
def workspace_audit(request: HttpRequest, workspace: str) -> HttpResponseBase:
    """Show the audit log; ``format=csv`` downloads up to 50,000 events, ``jsonl`` all, newest first."""
    tenant = access_workspace(person_of(request), workspace, to=WorkspaceAct.VIEW_AUDIT)
    context = {"workspace": tenant, "accent": tenant.accent}
    return _show(request, tenant, "workspaces/admin/audit.html", context, name=f"audit-{tenant.slug}")


@require_safe
@staff_required("operator")
def operator_audit(request: HttpRequest) -> HttpResponseBase:
    """Show the log of the platform: what belongs to no workspace."""
    return _show(request, None, "workspaces/operator/audit.html", {}, name="audit")


def _show(
    request: HttpRequest, workspace: Workspace | None, template: str, context: dict[str, Any], *, name: str
) -> HttpResponseBase:
    person = person_of(request)
    reader = Reader(person, *((workspace.pk, workspace.slug) if workspace else (None,)))
    refusal: InvalidInput | None = None
    try:
        wanted = read_filter(request.GET)
    except InvalidInput as error:
        wanted, refusal = AuditFilter(), error
    events = list_audit_events(workspace, wanted)
    kind = request.GET.get("format", "")
    if kind in ("csv", "jsonl") and refusal is None and request.method == "GET":
        export = record_audit_export(
            workspace=workspace,
            wanted=wanted,
            kind=kind,
            most=EXPORT_ROWS if kind == "csv" else None,
            by=person,
            at=timezone.now(),
        )
        if kind == "jsonl":
            return stream_audit_lines(workspace, wanted, user=person, newest=export.newest)
        chosen = events.filter(pk__lte=export.newest).order_by("-id")[:EXPORT_ROWS]
        return _csv(chosen, reader, name=f"{name}.csv")
    page = paginate(events, order=("-id",), cursor=request.GET.get("cursor", ""), size=PAGE_ROWS)
    entries = describe_events(page.items, reader)
    context |= {
        "page": page,
        "entries": entries,
        "wanted": wanted,
        "filtered_object": _get_filtered_object(wanted, reader),
        "actions": _group_actions(list_audit_actions(workspace)),
        "areas": Area.choices,
        "kinds": list_audit_kinds(workspace),
        "objects": list_audit_objects(workspace, wanted.kind, reader) if wanted.kind else [],
        "people": list_audit_people(workspace, also=wanted.person),
        "refusal": refusal,
    }
    return render(request, template, context, status=400 if refusal else 200)


def _group_actions(codes: list[str]) -> list[tuple[str, list[tuple[str, str]]]]:
    """Return the labels of actions by area."""
    known = load_words().actions
    groups = []
    for area in Area:
        rows = [
            (code, str(known[code].label)) for code in codes if code in known and known[code].area == area
        ]
        if rows:
            groups.append((str(area.label), sorted(rows, key=lambda row: row[1])))
    return groups


def _get_filtered_object(wanted: AuditFilter, reader: Reader) -> str:
    if not wanted.object:
        return ""
    kind, _colon, identifier = wanted.object.partition(":")
    words = load_words().objects[kind]
    named = words.resolve([identifier], reader).get(identifier)
    return named.text if named else str(words.missing)


def _csv(events: QuerySet[AuditEvent], reader: Reader, *, name: str) -> HttpResponse:
    # The mark tells spreadsheets that names and sentences are UTF-8.
    content = write_csv(COLUMNS, _build_rows(events, reader), has_mark=True)
    response = HttpResponse(content, content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _build_rows(events: QuerySet[AuditEvent], reader: Reader) -> Iterator[list[object]]:
    batch: list[AuditEvent] = []
    for event in events.iterator(chunk_size=EXPORT_BATCH):
        batch.append(event)
        if len(batch) == EXPORT_BATCH:
            yield from map(_build_row, describe_events(batch, reader))
            batch = []
    yield from map(_build_row, describe_events(batch, reader))


def _build_row(entry: AuditEntry) -> list[object]:
    event = entry.event
    return [
        event.sequence,
        event.at.isoformat(),
        entry.actor.text,
        entry.sentence,
        "; ".join(
            f"{change.label}: {change.before} → {change.after}" if change.after is not None else change.label
            for change in entry.changes
        ),
        "; ".join(f"{detail.label}: {detail.text}" for detail in entry.details),
        entry.reason,
        "yes" if event.is_automated else "no",
        event.action,
        event.subject_type,
        event.subject_id,
        json.dumps(event.data, ensure_ascii=False, sort_keys=True),
        entry.hash,
    ]

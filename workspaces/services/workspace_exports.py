"""Exports of whole workspaces: asked for by an owner, made by a job, kept for some days.

The job reads as that owner, narrowed to the one workspace, so that row-level security shows it nothing of
another; before each page it looks whether they are an owner still.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import structlog
from django.conf import settings
from django.core.files.storage import default_storage
from django.db import connection, transaction
from django.db.models import F, Q, QuerySet
from django.urls import reverse
from django.utils import translation
from django.utils.formats import date_format
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from core.audit import record
from core.errors import Conflict, Forbidden, NotFound
from core.jobs import enqueue_on_commit, log_refused_task
from core.links import absolute_url
from core.look.formats import day_format
from core.scope import open_scope, system_scope
from core.stored_files import try_to_delete, write_file
from workspaces.access import WorkspaceAct, access_workspace, renew_scope
from workspaces.exports import load_steps
from workspaces.mail_text import MailText
from workspaces.models import User, Workspace, WorkspaceExport
from workspaces.queries.identity import list_owners
from workspaces.services.export_writing import ExportWriter, Sink
from workspaces.services.joining import refuse_personal
from workspaces.services.locks import lock_workspaces
from workspaces.services.mails import enqueue_mail
from workspaces.services.notifications import notify
from workspaces.states import OPEN_EXPORTS, ExportState

log = structlog.get_logger(__name__)

PURPOSE = "workspaces.run_export"
FOLDER = "exports"
READY_KIND, FAILED_KIND = "workspaces.export_ready", "workspaces.export_failed"
# How long a finished export can be downloaded.
KEPT = timedelta(days=7)
KEPT_COUNT = 3
# A run without a sign of life for this long was lost; one gives a sign for each page of rows and file.
LEASE = timedelta(minutes=30)
NOT_STARTED = timedelta(minutes=5)
# How long an export waits for a worker while none gives a sign of life.
WAITS_AT_MOST = timedelta(hours=24)
ATTEMPTS = 3
AT_ONCE = 100
# Advisory lock of whoever begins an export; no other code locks with this number.
_LOCK = 741_102_609


class ExportStopped(Exception):
    """The export was deleted, or another run has taken it over."""


def request_export(*, workspace: Workspace, by: User, at: datetime) -> WorkspaceExport:
    """Queue an export of everything that ``workspace`` holds. Audited.

    The caller has authorised an owner, with the password. Raises Conflict (``workspace_personal``,
    ``export_running``, ``exports_kept`` when KEPT_COUNT are there).
    """
    refuse_personal(workspace)
    with transaction.atomic():
        lock_workspaces([workspace.pk])
        found = WorkspaceExport.objects.filter(workspace=workspace)
        if found.filter(state__in=OPEN_EXPORTS).exists():
            raise Conflict(_("An export is being made already."), code="export_running")
        if found.filter(state=ExportState.READY).count() >= KEPT_COUNT:
            raise Conflict(_("Three exports are kept already. Delete one first."), code="exports_kept")
        export = WorkspaceExport.objects.create(
            workspace=workspace, requested_by=by, requested_at=at, steps_total=len(load_steps())
        )
        enqueue_on_commit("workspaces.run_export", export_id=str(export.pk))
        _record("export_requested", export, by=by, at=at)
    return export


def delete_export(*, export: WorkspaceExport, by: User | None, at: datetime) -> None:
    """Remove an export with its file; one that is being made stops at its next page or piece. Audited.

    The file goes after the commit. When that fails, ``sweep_export_files`` removes it.
    """
    with transaction.atomic():
        # A run may have given the file another name since the row was read.
        with connection.cursor() as cursor:
            cursor.execute(
                "DELETE FROM workspaces_workspaceexport WHERE id = %s RETURNING storage_key", [export.pk]
            )
            row = cursor.fetchone()
        if row is None:
            return
        _record("export_deleted", export, by=by, at=at)
        _delete_file_on_commit(row[0])


def record_download(*, export: WorkspaceExport, by: User, at: datetime) -> None:
    _record("export_downloaded", export, by=by, at=at)


def run_export(*, export_id: UUID, clock: Callable[[], datetime]) -> bool:
    """Write the file of an export; return whether it is ready. Call it without a transaction.

    One is written at a time on the instance, because exports share the worker that reads files; others wait.
    A second run at the same time does nothing; one after a lost run begins anew. Ends as FAILED when the
    requester is no owner any more. After any other error the export waits again, and the error is raised.
    Tells all owners when it is ready. Audited.
    """
    claim = uuid4()
    with system_scope(PURPOSE):
        export = _claim(export_id, claim, clock())
    if export is None:
        return False
    own = WorkspaceExport.objects.filter(pk=export.pk, claim=claim, state=ExportState.RUNNING)
    try:
        sink = _write(export, claim, clock)
        with system_scope(PURPOSE):
            is_ready = _finish(export, claim, sink, at=clock())
    except (Forbidden, NotFound):
        is_ready = False
        with system_scope(PURPOSE):
            _fail(own, export, "access_ended", clock())
    except ExportStopped:
        is_ready = False
    except Exception:
        with system_scope(PURPOSE):
            _give_back(own, export, clock())
            # The connection may have been lost in the commit that made it ready.
            is_named = WorkspaceExport.objects.filter(storage_key=export.storage_key).exists()
        if not is_named:
            default_storage.delete(export.storage_key)
        raise
    if not is_ready:
        default_storage.delete(export.storage_key)
    with system_scope(PURPOSE):
        _start_next(at=clock())
    return is_ready


def tend_exports(*, at: datetime) -> int:
    """Start a lost export again, remove old ones, fail what was lost too often or waits too long. Idempotent.


    Opens a scope for each; returns how many it dealt with.
    """
    with system_scope(PURPOSE):
        lost = WorkspaceExport.objects.filter(_is_lost(at), attempts__gte=ATTEMPTS)
        failed = [(export, "lost") for export in _read_failed(lost)]
        failed += [
            (export, "lost" if export.attempts else "not_begun")
            for export in _read_failed(_find_left_waiting(at))
        ]
        old = list(WorkspaceExport.objects.filter(expires_at__lte=at).order_by("pk")[:AT_ONCE])
    count = 0
    for export, failure in failed:
        same = WorkspaceExport.objects.filter(
            pk=export.pk, state=export.state, claim=export.claim, heartbeat_at=export.heartbeat_at
        )
        with system_scope(PURPOSE):
            count += _fail(same, export, failure, at)
    for export in old:
        with system_scope(PURPOSE):
            delete_export(export=export, by=None, at=at)
        count += 1
    with system_scope(PURPOSE):
        count += _start_next(at=at, only_lost=True)
    return count


def sweep_export_files() -> int:
    """Delete stored files that no export names; return how many. Idempotent.

    They are those of runs that were killed, and those whose deletion failed. A run notes the name of its file
    before it begins it. A file that cannot be deleted waits for the next sweep and keeps no other from it.
    Call it without a transaction.
    """
    try:
        workspaces = default_storage.listdir(FOLDER)[0]
    except FileNotFoundError:
        return 0
    count = 0
    for workspace in workspaces:
        folder = f"{FOLDER}/{workspace}"
        keys = [f"{folder}/{name}" for name in default_storage.listdir(folder)[1]]
        with system_scope(PURPOSE):
            known = set(
                WorkspaceExport.objects.filter(storage_key__in=keys).values_list("storage_key", flat=True)
            )
        for key in keys:
            if key not in known:
                count += try_to_delete(key)
    return count


def erase_exports(workspace: Workspace) -> int:
    """Remove all exports of a workspace, for its erasure, in the caller's transaction; return how many.

    The files go after the commit. When that fails, ``sweep_export_files`` removes them.
    """
    found = list(WorkspaceExport.objects.select_for_update(of=("self",)).filter(workspace=workspace))
    for export in found:
        _delete_file_on_commit(export.storage_key)
        export.delete()
    return len(found)


def _is_lost(at: datetime) -> Q:
    """Return what finds exports that no worker seems to have."""
    return Q(state=ExportState.WAITING, requested_at__lt=at - NOT_STARTED) | Q(
        state=ExportState.RUNNING, heartbeat_at__lt=at - LEASE
    )


def _find_left_waiting(at: datetime) -> QuerySet[WorkspaceExport]:
    """Return exports that waited too long, none while a worker makes exports: then they are in the queue.

    One that was begun and given back may wait as long again.
    """
    if WorkspaceExport.objects.filter(heartbeat_at__gte=at - 2 * LEASE).exists():
        return WorkspaceExport.objects.none()
    return WorkspaceExport.objects.filter(
        Q(attempts=0, requested_at__lt=at - WAITS_AT_MOST) | Q(requested_at__lt=at - 2 * WAITS_AT_MOST),
        state=ExportState.WAITING,
    )


def _read_failed(found: QuerySet[WorkspaceExport]) -> list[WorkspaceExport]:
    return list(found.select_related("workspace", "requested_by").order_by("pk")[:AT_ONCE])


def _delete_file_on_commit(key: str) -> None:
    if key:
        transaction.on_commit(lambda: default_storage.delete(key), robust=True)


def _find_running(at: datetime) -> Any:
    return WorkspaceExport.objects.filter(state=ExportState.RUNNING, heartbeat_at__gte=at - LEASE)


def _start_next(*, at: datetime, only_lost: bool = False) -> int:
    """Send the job of the export that has waited longest, unless one is being made; return how many.

    When it is not begun by the next look, it is sent again, so the message before expires.
    """
    if _find_running(at).exists():
        return 0
    waiting = _is_lost(at) if only_lost else Q(state=ExportState.WAITING)
    found = WorkspaceExport.objects.filter(waiting, attempts__lt=ATTEMPTS)
    identifier = found.order_by("requested_at", "pk").values_list("pk", flat=True).first()
    if identifier is None:
        return 0
    enqueue_on_commit("workspaces.run_export", expires=NOT_STARTED.total_seconds(), export_id=str(identifier))
    return 1


def _claim(export_id: UUID, claim: UUID, at: datetime) -> WorkspaceExport | None:
    """Begin a run, unless another export is being made or this one is not waiting."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
    free = Q(state=ExportState.WAITING) | Q(state=ExportState.RUNNING, heartbeat_at__lt=at - LEASE)
    rows = WorkspaceExport.objects.select_for_update(of=("self",)).filter(free, attempts__lt=ATTEMPTS)
    export = rows.select_related("workspace", "requested_by").filter(pk=export_id).first()
    if export is None:
        log_refused_task("workspaces.run_export", "not_waiting", export=str(export_id))
        return None
    if _find_running(at).exists():
        return None
    _delete_file_on_commit(export.storage_key)
    export.state, export.claim, export.heartbeat_at = ExportState.RUNNING, claim, at
    export.attempts, export.steps_done, export.size = export.attempts + 1, 0, 0
    export.steps_total = len(load_steps())
    export.storage_key = f"{FOLDER}/{export.workspace_id}/{uuid4().hex}.zip"
    export.save()
    return export


def _write(export: WorkspaceExport, claim: UUID, clock: Callable[[], datetime]) -> Sink:
    """Write the whole file in the language of the requester."""
    person = export.requested_by
    with (
        translation.override(person.language or settings.LANGUAGE_CODE),
        write_file(export.storage_key) as file,
    ):
        sink = Sink(file)

        def read(work: Callable[[Workspace, User], Any]) -> Any:
            _beat(export, claim, clock(), size=sink.size)
            user, scope = renew_scope(user_id=person.pk, api_key_id=None, at=clock())
            only = (export.workspace_id,)
            with open_scope(replace(scope, workspace_ids=only, admin_workspace_ids=only, staff=frozenset())):
                tenant = access_workspace(user, export.workspace.slug, to=WorkspaceAct.OWN)
                return work(tenant, user)

        with ExportWriter(sink, read=read, at=clock()) as writer:
            for step in load_steps():
                writer.write_step(step)
                _beat(export, claim, clock(), size=sink.size, steps=1)
            writer.close(workspace=export.workspace, steps=load_steps())
    return sink


def _beat(export: WorkspaceExport, claim: UUID, at: datetime, *, size: int, steps: int = 0) -> None:
    with system_scope(PURPOSE):
        own = WorkspaceExport.objects.filter(pk=export.pk, claim=claim, state=ExportState.RUNNING)
        if not own.update(heartbeat_at=at, size=size, steps_done=F("steps_done") + steps):
            raise ExportStopped


def _finish(export: WorkspaceExport, claim: UUID, sink: Sink, *, at: datetime) -> bool:
    own = WorkspaceExport.objects.filter(pk=export.pk, claim=claim, state=ExportState.RUNNING)
    expires_at = at + KEPT
    if not own.update(
        state=ExportState.READY, size=sink.size, sha256=sink.hash.hexdigest(), ended_at=at,
        expires_at=expires_at, claim=None,
    ):  # fmt: skip
        return False
    export.expires_at = expires_at
    for owner in list_owners(export.workspace):
        _tell(owner, READY_KIND, export, at)
    _record("export_made", export, by=None, at=at)
    return True


def _give_back(own: QuerySet[WorkspaceExport], export: WorkspaceExport, at: datetime) -> None:
    """Let a run that an error ended wait for the next one; after the last attempt it fails."""
    if export.attempts >= ATTEMPTS:
        _fail(own, export, "lost", at)
    else:
        own.update(
            state=ExportState.WAITING, claim=None, heartbeat_at=None, storage_key="", size=0, steps_done=0
        )


def _fail(own: QuerySet[WorkspaceExport], export: WorkspaceExport, failure: str, at: datetime) -> int:
    """End an export as failed if it is still what ``own`` finds; return how many.

    Its requester is told, unless they have lost their access.
    """
    if not own.update(
        state=ExportState.FAILED, failure=failure, ended_at=at, expires_at=at + KEPT, claim=None,
        storage_key="", size=0,
    ):  # fmt: skip
        return 0
    _delete_file_on_commit(export.storage_key)
    export.failure = failure
    _record("export_failed", export, by=None, at=at, failure=failure)
    if failure != "access_ended":
        _tell(export.requested_by, FAILED_KIND, export, at)
    return 1


def describe_failure(failure: str) -> str:
    """Return what the requester can do about a failed export."""
    if failure == "not_begun":
        return gettext("No worker took it within a day. Tell the operator, then ask for it again.")
    return gettext("Ask for it again. If it fails again, tell the operator.")


def _tell(owner: User, kind: str, export: WorkspaceExport, at: datetime) -> None:
    """Notify and mail an owner in their language."""
    url = reverse("workspaces:export-list", args=[export.workspace.slug])
    name = {"name": export.workspace.name}
    with translation.override(owner.language or settings.LANGUAGE_CODE):
        if kind == READY_KIND and export.expires_at is not None:
            title = gettext("The export of %(name)s is ready") % name
            day = date_format(export.expires_at, day_format())
            body = gettext("An owner can download it until %(day)s.") % {"day": day}
        else:
            title = gettext("The export of %(name)s failed") % name
            body = describe_failure(export.failure)
        notify(user=owner, kind=kind, title=title, body=body, url=url, at=at)
        text = MailText(title, (body,), link=absolute_url(url), label=gettext("Open the page of exports"))
        enqueue_mail(to=owner.email, text=text)


def _record(act: str, export: WorkspaceExport, *, by: User | None, at: datetime, failure: str = "") -> None:
    record(
        action=f"workspaces.{act}",
        by=by,
        at=at,
        subject=export.workspace,
        workspace_id=export.workspace_id,
        data={"failure": failure} if failure else {},
    )

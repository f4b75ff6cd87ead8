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
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import F, Q
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
# A run without a sign of life for this long was lost; a large file has one for each page of rows only.
LEASE = timedelta(minutes=30)
NOT_STARTED = timedelta(minutes=5)
ATTEMPTS = 3
AT_ONCE = 100


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
    """Remove an export with its file; one that is being made stops at its next page. Audited.

    The file goes first: one that nobody knows of would hold a company's data for ever.
    """
    with transaction.atomic():
        if export.storage_key:
            default_storage.delete(export.storage_key)
        if WorkspaceExport.objects.filter(pk=export.pk).delete()[0]:
            _record("export_deleted", export, by=by, at=at)


def record_download(*, export: WorkspaceExport, by: User, at: datetime) -> None:
    _record("export_downloaded", export, by=by, at=at)


def run_export(*, export_id: UUID, clock: Callable[[], datetime]) -> bool:
    """Write the file of an export; return whether it is ready. Call it without a transaction.

    A second run at the same time does nothing; one after a lost run begins anew. Ends as FAILED when the
    requester is no owner any more. Tells all owners when it is ready. Audited.
    """
    claim = uuid4()
    with system_scope(PURPOSE):
        export = _claim(export_id, claim, clock())
    if export is None:
        log_refused_task("workspaces.run_export", "not_waiting", export=str(export_id))
        return False
    try:
        sink = _write(export, claim, clock)
    except ExportStopped:
        default_storage.delete(export.storage_key)
        return False
    except (Forbidden, NotFound):
        default_storage.delete(export.storage_key)
        with system_scope(PURPOSE):
            _fail(WorkspaceExport.objects.filter(pk=export.pk, claim=claim), "access_ended", clock())
        return False
    with system_scope(PURPOSE):
        if _finish(export, claim, sink, at=clock()):
            return True
    default_storage.delete(export.storage_key)
    return False


def tend_exports(*, at: datetime) -> int:
    """Start lost exports again, fail those that were lost too often, remove old ones. Idempotent.

    In a system scope; returns how many it dealt with.
    """
    lost = Q(state=ExportState.WAITING, requested_at__lt=at - NOT_STARTED) | Q(
        state=ExportState.RUNNING, heartbeat_at__lt=at - LEASE
    )
    found = WorkspaceExport.objects.filter(lost).order_by("pk")
    count = 0
    for export in found.filter(attempts__lt=ATTEMPTS)[:AT_ONCE]:
        enqueue_on_commit("workspaces.run_export", export_id=str(export.pk))
        count += 1
    count += _fail(found.filter(attempts__gte=ATTEMPTS), "lost", at)
    for export in WorkspaceExport.objects.filter(expires_at__lte=at).order_by("pk")[:AT_ONCE]:
        delete_export(export=export, by=None, at=at)
        count += 1
    return count


def erase_exports(workspace: Workspace) -> int:
    """Remove all exports of a workspace, for its erasure; return how many."""
    found = list(WorkspaceExport.objects.filter(workspace=workspace))
    for export in found:
        if export.storage_key:
            default_storage.delete(export.storage_key)
        export.delete()
    return len(found)


def _claim(export_id: UUID, claim: UUID, at: datetime) -> WorkspaceExport | None:
    free = Q(state=ExportState.WAITING) | Q(state=ExportState.RUNNING, heartbeat_at__lt=at - LEASE)
    rows = WorkspaceExport.objects.select_for_update(of=("self",)).filter(free, attempts__lt=ATTEMPTS)
    export = rows.select_related("workspace", "requested_by").filter(pk=export_id).first()
    if export is None:
        return None
    if export.storage_key:
        default_storage.delete(export.storage_key)
    export.state, export.claim, export.heartbeat_at = ExportState.RUNNING, claim, at
    export.attempts, export.steps_done, export.size = export.attempts + 1, 0, 0
    export.steps_total = len(load_steps())
    export.storage_key = f"{FOLDER}/{export.workspace_id}/{uuid4().hex}.zip"
    export.save()
    return export


def _write(export: WorkspaceExport, claim: UUID, clock: Callable[[], datetime]) -> Sink:
    """Write the whole file in the language of the requester."""
    person = export.requested_by
    # Makes the folder where the store has folders.
    if default_storage.save(export.storage_key, ContentFile(b"")) != export.storage_key:
        raise ExportStopped
    with (
        translation.override(person.language or settings.LANGUAGE_CODE),
        default_storage.open(export.storage_key, "wb") as file,
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


def _fail(rows: Any, failure: str, at: datetime) -> int:
    """End exports as failed; each requester is told, unless they have lost their access."""
    count = 0
    for export in rows.select_related("workspace", "requested_by").order_by("pk")[:AT_ONCE]:
        if export.storage_key:
            default_storage.delete(export.storage_key)
        count += WorkspaceExport.objects.filter(pk=export.pk, state__in=OPEN_EXPORTS).update(
            state=ExportState.FAILED, failure=failure, ended_at=at, expires_at=at + KEPT, claim=None,
            storage_key="", size=0,
        )  # fmt: skip
        _record("export_failed", export, by=None, at=at, failure=failure)
        if failure == "access_ended":
            continue
        _tell(export.requested_by, FAILED_KIND, export, at)
    return count


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
            body = gettext("Ask for it again. If it fails again, tell the operator.")
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

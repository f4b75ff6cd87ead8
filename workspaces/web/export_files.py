"""The file of an export, sent in pieces while its reader is an owner."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.utils.translation import gettext as _

from core.errors import Conflict, Forbidden, NotFound
from core.scope import open_scope
from core.slots import HeldSlot, Slots, claim_slot
from core.stored_files import read_range
from gpts.chat.streaming.threads import in_thread
from workspaces.access import WorkspaceAct, access_export_file, access_workspace, renew_scope
from workspaces.models import ApiKey, User, WorkspaceExport
from workspaces.services.workspace_exports import record_download

PIECE = 4 * 1024 * 1024
# They only wait for the store, without a database connection; turns have threads of their own.
READ_THREADS = 4
_readers = ThreadPoolExecutor(max_workers=READ_THREADS, thread_name_prefix="export")
# Each owner reads for themselves; a lease is renewed with each piece, so a stalled download loses it.
DOWNLOADS = Slots("export-downloads", 2, 300)


class _Download(StreamingHttpResponse):
    """Releases its slot also if its reader left before the first piece."""

    slot: HeldSlot

    def close(self) -> None:
        super().close()
        self.slot.release()


def _claim_slot(user: User) -> HeldSlot:
    message = _("You are downloading two exports already. Wait until one of them has ended.")
    return claim_slot(DOWNLOADS, user.pk, message=message)


def start_download(
    export: WorkspaceExport, *, user: User, api_key: ApiKey | None = None
) -> StreamingHttpResponse:
    """Audit a download and stream the ZIP file; raises RateLimited (``too_many_at_once``).

    It breaks off when person or key lose the access meanwhile.

    Whoever gets less than Content-Length says, or a ZIP without its end, has not got the whole.
    """
    slot = _claim_slot(user)
    try:
        record_download(export=export, by=user, at=timezone.now())
    except BaseException:
        slot.release()
        raise
    slug, export_id, key, size = export.workspace.slug, export.pk, export.storage_key, export.size

    async def read() -> AsyncIterator[bytes]:
        loop = asyncio.get_running_loop()
        start = 0
        try:
            while start < size:
                try:
                    await in_thread(_check_access, slug, export_id, user, api_key, slot)
                    piece = await loop.run_in_executor(_readers, read_range, key, start, PIECE)
                except (Conflict, Forbidden, NotFound, FileNotFoundError):
                    return
                if not piece:
                    return
                start += len(piece)
                yield piece
        finally:
            # Not awaited: a reader who left has cancelled this.
            _readers.submit(slot.release)

    response = _Download(read())
    response.slot = slot
    _set_headers(response, export)
    return response


def describe_export_file(export: WorkspaceExport) -> HttpResponse:
    """Answer HEAD, for which no file is read."""
    response = HttpResponse()
    _set_headers(response, export)
    return response


def _set_headers(response: HttpResponseBase, export: WorkspaceExport) -> None:
    name = f"{export.workspace.slug}-{export.requested_at:%Y-%m-%d}.zip"
    response.headers["Content-Type"] = "application/zip"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    response.headers["Content-Length"] = str(export.size)
    response.headers["Cache-Control"] = "private, no-store"
    response.headers["X-Content-Type-Options"] = "nosniff"


def _check_access(slug: str, export_id: UUID, user: User, api_key: ApiKey | None, slot: HeldSlot) -> None:
    key_id = None if api_key is None else api_key.pk
    person, scope = renew_scope(user_id=user.pk, api_key_id=key_id, at=timezone.now())
    with open_scope(scope):
        tenant = access_workspace(person, slug, to=WorkspaceAct.OWN)
        access_export_file(tenant, export_id, at=timezone.now())
    slot.renew()

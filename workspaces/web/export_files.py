"""The file of an export, sent in pieces while its reader is an owner."""

from __future__ import annotations

from collections.abc import AsyncIterator
from uuid import UUID

from django.core.files import File
from django.core.files.storage import default_storage
from django.http import StreamingHttpResponse
from django.utils import timezone

from core.errors import Conflict, Forbidden, NotFound
from core.scope import open_scope
from gpts.chat.streaming.threads import in_thread
from workspaces.access import WorkspaceAct, access_export_file, access_workspace, renew_scope
from workspaces.models import ApiKey, User, WorkspaceExport

PIECE = 1024 * 1024


def stream_export_file(
    export: WorkspaceExport, *, user: User, api_key: ApiKey | None = None
) -> StreamingHttpResponse:
    """Stream the ZIP file. It breaks off when the person, or the key, loses the access meanwhile.

    Whoever gets less than Content-Length says, or a ZIP without its end, has not got the whole.
    """
    slug, export_id, key = export.workspace.slug, export.pk, export.storage_key

    def read_piece(stored: File) -> bytes:
        _check_access(slug, export_id, user, api_key)
        return stored.read(PIECE)

    async def read() -> AsyncIterator[bytes]:
        stored = await in_thread(default_storage.open, key)
        try:
            while True:
                try:
                    piece = await in_thread(read_piece, stored)
                except (Conflict, Forbidden, NotFound):
                    return
                if not piece:
                    return
                yield piece
        finally:
            stored.close()

    response = StreamingHttpResponse(read(), content_type="application/zip")
    name = f"{slug}-{export.requested_at:%Y-%m-%d}.zip"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    response.headers["Content-Length"] = str(export.size)
    response.headers["Cache-Control"] = "private, no-store"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


def _check_access(slug: str, export_id: UUID, user: User, api_key: ApiKey | None) -> None:
    key_id = None if api_key is None else api_key.pk
    person, scope = renew_scope(user_id=user.pk, api_key_id=key_id, at=timezone.now())
    with open_scope(scope):
        tenant = access_workspace(person, slug, to=WorkspaceAct.OWN)
        access_export_file(tenant, export_id, at=timezone.now())

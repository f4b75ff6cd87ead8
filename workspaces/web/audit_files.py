"""An audit log as JSON lines: an event each, newest first, sent in parts."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

from django.core.serializers.json import DjangoJSONEncoder
from django.http import StreamingHttpResponse
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from core.audit_words import Reader
from core.errors import Forbidden, NotFound
from core.scope import open_scope
from gpts.chat.streaming.threads import in_thread
from workspaces.access import WorkspaceAct, access_workspace, renew_scope
from workspaces.audit_filter import AuditFilter
from workspaces.audit_log import describe_events, serialize_entry
from workspaces.models import ApiKey, User, Workspace
from workspaces.queries import list_audit_events
from workspaces.rules import is_operator

ROWS = 500


def stream_audit_lines(
    workspace: Workspace | None,
    wanted: AuditFilter,
    *,
    user: User,
    newest: int | None = None,
    api_key: ApiKey | None = None,
) -> StreamingHttpResponse:
    """Stream the events of a workspace, or for None of the platform, while the person's access lasts.

    They go up to the one with the id ``newest``, if given.

    Sentences are in the language of the request. Each part is read in a scope and a transaction of its own,
    so that a slow reader holds none open. A last line {"error": "access_ended"} says that the access ended.
    """
    language, zone = translation.get_language(), timezone.get_current_timezone()

    def read_part(before: int | None) -> tuple[bytes, int | None]:
        person, scope = renew_scope(
            user_id=user.pk, api_key_id=None if api_key is None else api_key.pk, at=timezone.now()
        )
        with open_scope(scope), translation.override(language), timezone.override(zone):
            tenant = _check_access(workspace, person)
            reader = Reader(person, *((tenant.pk, tenant.slug) if tenant else (None,)))
            events = list_audit_events(tenant, wanted)
            if newest is not None:
                events = events.filter(pk__lte=newest)
            if before is not None:
                events = events.filter(pk__lt=before)
            rows = list(events.order_by("-pk")[:ROWS])
            lines = (
                json.dumps(serialize_entry(entry), cls=DjangoJSONEncoder, ensure_ascii=False) + "\n"
                for entry in describe_events(rows, reader)
            )
            return "".join(lines).encode(), rows[-1].pk if len(rows) == ROWS else None

    async def read() -> AsyncIterator[bytes]:
        before: int | None = None
        while True:
            try:
                lines, before = await in_thread(read_part, before)
            except (Forbidden, NotFound):
                yield b'{"error": "access_ended"}\n'
                return
            if lines:
                yield lines
            if before is None:
                return

    response = StreamingHttpResponse(read(), content_type="application/x-ndjson; charset=utf-8")
    name = "audit" if workspace is None else f"audit-{workspace.slug}"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}.jsonl"'
    response.headers["Cache-Control"] = "private, no-store"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


def _check_access(workspace: Workspace | None, person: User) -> Workspace | None:
    if workspace is not None:
        return access_workspace(person, workspace.slug, to=WorkspaceAct.VIEW_AUDIT)
    if not is_operator(person):
        raise Forbidden(_("Your access has ended. Sign in again to go on."), code="access_ended")
    return None

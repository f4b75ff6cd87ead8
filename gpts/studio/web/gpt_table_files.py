"""The GPTs of a workspace as CSV: one line each, sent in parts."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date
from decimal import Decimal

from django.conf import settings
from django.http import StreamingHttpResponse
from django.utils import timezone, translation

from core.csv_files import write_csv, write_csv_rows
from core.errors import Forbidden, NotFound
from core.scope import open_scope
from gpts.assistants.gpt_filters import GPTFilter
from gpts.assistants.models import GPT
from gpts.assistants.queries.gpt_table import describe_access, list_company_gpts
from gpts.chat.streaming.threads import in_thread
from workspaces.access import WorkspaceAct, access_workspace, renew_scope
from workspaces.models import ApiKey, User, Workspace

ROWS = 500
COLUMNS = (
    "address", "name", "owner", "owner_email", "has_owner", "access", "model", "chats", "members_28_days",
    "answers_28_days", "cost_28_days", "currency", "last_used", "created", "updated", "quarantined",
)  # fmt: skip


def stream_gpt_table(
    workspace: Workspace, wanted: GPTFilter, *, user: User, today: date, api_key: ApiKey | None = None
) -> StreamingHttpResponse:
    """Stream the lines by id while the access of the person lasts; a last line "access_ended" says if not.

    Each part is read in a scope and a transaction of its own, so that a slow reader holds none open.
    """
    language = translation.get_language()

    def read_part(after: int) -> tuple[bytes, int]:
        person, scope = renew_scope(
            user_id=user.pk, api_key_id=None if api_key is None else api_key.pk, at=timezone.now()
        )
        with open_scope(scope), translation.override(language):
            tenant = access_workspace(person, workspace.slug, to=WorkspaceAct.MANAGE_GPTS)
            rows = list(
                list_company_gpts(tenant, wanted, today=today).filter(pk__gt=after).order_by("pk")[:ROWS]
            )
            return write_csv_rows(map(_build_row, rows)), rows[-1].pk if len(rows) == ROWS else 0

    async def read() -> AsyncIterator[bytes]:
        # The mark tells spreadsheets that names are UTF-8.
        yield write_csv(COLUMNS, (), has_mark=True)
        after, is_first = 0, True
        while after or is_first:
            try:
                rows, after = await in_thread(read_part, after)
            except (Forbidden, NotFound):
                yield write_csv_rows([["access_ended"]])
                return
            is_first = False
            if rows:
                yield rows

    response = StreamingHttpResponse(read(), content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="gpts-{workspace.slug}.csv"'
    response.headers["Cache-Control"] = "private, no-store"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


def _build_row(gpt: GPT) -> list[object]:
    has_owner = bool(getattr(gpt, "has_owner", False))
    return [
        gpt.slug,
        gpt.name,
        gpt.owner.display_name,
        # The address of somebody who left is not the company's any more.
        gpt.owner.email if has_owner else "",
        "yes" if has_owner else "no",
        "; ".join(describe_access(gpt)),
        "" if gpt.language_model is None else gpt.language_model.shown_label,
        gpt.shown_conversations,
        gpt.shown_members,
        gpt.recent_answers,
        f"{Decimal(gpt.recent_cost_micros).scaleb(-6):f}",
        settings.PAYOUT_CURRENCY,
        "" if gpt.last_used is None else gpt.last_used.isoformat(),
        gpt.created_at.isoformat(),
        gpt.updated_at.isoformat(),
        "yes" if gpt.quarantined_at else "no",
    ]

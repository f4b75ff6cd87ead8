"""Quarantine: moderation stops a GPT at once for everybody, and releases it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction

from core.audit import record
from gpts.assistants.models import GPT


@transaction.atomic
def quarantine_gpt(*, gpt: GPT, at: datetime, by: Any = None) -> GPT:
    """Stop a GPT at once for everybody; its owner may still read it. What was live stays noted, so that
    release_gpt brings back exactly that. Doing it twice keeps the first moment.
    """
    return _set_quarantine(gpt, moment=at, at=at, by=by)


@transaction.atomic
def release_gpt(*, gpt: GPT, at: datetime, by: Any = None) -> GPT:
    """Undo quarantine_gpt; harmless when it is not quarantined."""
    return _set_quarantine(gpt, moment=None, at=at, by=by)


def _set_quarantine(gpt: GPT, *, moment: datetime | None, at: datetime, by: Any) -> GPT:
    # Deleted ones too: moderation must be able to hold what its owner threw away.
    fresh = GPT.objects.select_for_update(of=("self",)).select_related("workspace").get(pk=gpt.pk)
    if (fresh.quarantined_at is None) == (moment is None):
        return fresh
    fresh.quarantined_at = moment
    fresh.save(update_fields=["quarantined_at"])
    record(
        action="gpts.gpt_released" if moment is None else "gpts.gpt_quarantined",
        by=by,
        at=at,
        subject=fresh,
        workspace_id=fresh.workspace_id,
    )
    return fresh

"""Quarantine: moderation stops a GPT for everybody, and releases it."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from core.audit import record
from gpts.assistants.models import GPT
from workspaces.models import User


@transaction.atomic
def quarantine_gpt(*, gpt: GPT, at: datetime, by: User | None = None) -> GPT:
    """Stop a GPT for everybody; its owner may still read it. Idempotent: the first time stays.

    Live versions are kept, so that release_gpt makes the same ones serve again.
    """
    return _set_quarantine(gpt, quarantined_at=at, at=at, by=by)


@transaction.atomic
def release_gpt(*, gpt: GPT, at: datetime, by: User | None = None) -> GPT:
    """Undo quarantine_gpt; does nothing when the GPT is not quarantined."""
    return _set_quarantine(gpt, quarantined_at=None, at=at, by=by)


def _set_quarantine(gpt: GPT, *, quarantined_at: datetime | None, at: datetime, by: User | None) -> GPT:
    # Deleted GPTs too: an owner must not escape moderation by deleting.
    fresh = GPT.objects.select_for_update(of=("self",)).select_related("workspace").get(pk=gpt.pk)
    if (fresh.quarantined_at is None) == (quarantined_at is None):
        return fresh
    fresh.quarantined_at = quarantined_at
    fresh.save(update_fields=["quarantined_at"])
    record(
        action="gpts.gpt_released" if quarantined_at is None else "gpts.gpt_quarantined",
        by=by,
        at=at,
        subject=fresh,
        workspace_id=fresh.workspace_id,
    )
    return fresh

"""Temporary conversations end by themselves: removed for good, with everything that was said in them."""

from __future__ import annotations

from datetime import datetime

import structlog
from django.db import transaction

from gpts.models import Conversation, Turn
from gpts.services.attachments import erase_attachments_of
from gpts.states import TurnState

log = structlog.get_logger(__name__)

BATCH = 200


def remove_expired_conversations(*, at: datetime) -> int:
    """Remove every temporary conversation whose hour has come; returns how many. Idempotent.

    One with a running answer waits for its end. Usage events stay: what was used stays counted.
    """
    removed = 0
    while found := _remove_some(at):
        removed += found
    if removed:
        log.info("temporary_conversations_removed", count=removed)
    return removed


@transaction.atomic
def _remove_some(at: datetime) -> int:
    running = Turn.objects.filter(state=TurnState.RUNNING).values("conversation_id")
    expired = list(
        Conversation.objects.select_for_update(of=("self",), skip_locked=True)
        .filter(is_temporary=True, expires_at__lte=at)
        .exclude(pk__in=running)
        .values_list("pk", flat=True)[:BATCH]
    )
    if expired:
        erase_attachments_of(expired)
        Conversation.objects.filter(pk__in=expired).delete()
    return len(expired)

"""Deleting conversations for good, with messages and files: temporary ones, and long deleted ones."""

from __future__ import annotations

from datetime import datetime, timedelta

import structlog
from django.db import transaction
from django.db.models import Q

from core.instance_settings import get_setting
from gpts.chat.models import Conversation, Turn
from gpts.chat.queries.retention import filter_held
from gpts.chat.services.attachments import erase_attachments
from gpts.llm.states import TurnState

log = structlog.get_logger(__name__)

BATCH = 200


def remove_expired_conversations(*, at: datetime) -> int:
    """Delete expired temporary conversations, and those deleted too long ago to be restored.

    Returns how many. Idempotent. Conversations with a running answer are left for a later run, and so are
    those under a legal hold. Usage events stay.
    """
    removed = 0
    while count := _remove_batch(at):
        removed += count
    if removed:
        log.info("conversations_removed", count=removed)
    return removed


@transaction.atomic
def _remove_batch(at: datetime) -> int:
    running = Turn.objects.filter(state=TurnState.RUNNING).values("conversation_id")
    expired = list(
        Conversation.objects.select_for_update(of=("self",), skip_locked=True)
        .filter(
            Q(is_temporary=True, expires_at__lte=at)
            | Q(deleted_at__lte=at - timedelta(days=get_setting("chat_deleted_days")))
        )
        .exclude(pk__in=running)
        .exclude(filter_held())
        .values_list("pk", flat=True)[:BATCH]
    )
    if expired:
        erase_attachments(expired)
        Conversation.objects.filter(pk__in=expired).delete()
    return len(expired)

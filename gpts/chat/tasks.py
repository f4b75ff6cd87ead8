"""Jobs of chats: attachments, expired conversations, words for search, shown counts, notices to members."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from celery import shared_task
from django.utils import timezone

from core.jobs import log_refused_task
from core.scope import system_scope
from gpts.chat.services import attachments, min_group, recent_members, turn_words
from gpts.chat.services.attachment_vectors import embed_waiting_attachments
from gpts.chat.services.content_access import announce_content_access
from gpts.chat.services.removal import remove_expired_conversations
from gpts.chat.services.retention import apply_retention, count_rule


@shared_task(name="gpts.sweep_attachments")
def sweep_attachments() -> int:
    """Remove uploads that were never sent. Running twice finds nothing the second time."""
    with system_scope("gpts.sweep_attachments"):
        return attachments.remove_unsent_attachments(at=timezone.now())


@shared_task(name="gpts.embed_attachments")
def embed_attachments() -> int:
    """Make missing vectors of attached documents. Running twice makes each once."""
    return embed_waiting_attachments(clock=timezone.now)


@shared_task(name="gpts.remove_temporary_conversations")
def remove_temporary_conversations() -> int:
    """Remove expired temporary conversations and long deleted ones. Running twice finds nothing."""
    with system_scope("gpts.remove_temporary_conversations"):
        return remove_expired_conversations(at=timezone.now())


@shared_task(name="gpts.index_turn_words")
def index_turn_words() -> int:
    """Index the words of recently ended turns for search. Running twice finds nothing the second time."""
    with system_scope("gpts.index_turn_words"):
        return turn_words.index_turn_words(at=timezone.now())


@shared_task(name="gpts.index_missed_words")
def index_missed_words() -> int:
    """Index turns of any age that were missed. Running twice finds nothing the second time."""
    with system_scope("gpts.index_turn_words"):
        return turn_words.index_turn_words(at=timezone.now(), since=None)


@shared_task(name="gpts.mark_used_gpts")
def mark_used() -> int:
    """Mark GPTs that enough people used. Running twice finds nothing the second time."""
    with system_scope("gpts.mark_used_gpts"):
        return min_group.mark_used_gpts()


@shared_task(name="gpts.count_recent_members")
def count_recent_members() -> int:
    """Count who used each GPT of a company lately. Running twice counts the same."""
    with system_scope("gpts.count_recent_members"):
        return recent_members.count_recent_members(at=timezone.now())


@shared_task(name="gpts.announce_content_access")
def announce_content_access_to_members(*, workspace_id: int, since: str) -> int:
    """Tell members that conversations can be opened. Running twice tells nobody twice."""
    with system_scope("gpts.announce_content_access"):
        told = announce_content_access(
            workspace_id=workspace_id, since=datetime.fromisoformat(since), at=timezone.now()
        )
    if told is None:
        log_refused_task("gpts.announce_content_access", "not_allowed", workspace_id=workspace_id)
    return told or 0


@shared_task(name="gpts.apply_retention")
def delete_by_rules() -> int:
    """Delete conversations by the rules of companies. Running twice finds nothing."""
    return apply_retention(clock=timezone.now)


@shared_task(name="gpts.count_retention")
def count_what_a_rule_deletes(*, rule_id: str) -> bool:
    """Count what a proposed rule would delete. Running twice counts anew."""
    return count_rule(rule_id=UUID(rule_id), at=timezone.now())

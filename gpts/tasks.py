"""Jobs of this floor."""

from __future__ import annotations

from uuid import UUID

from celery import shared_task
from django.utils import timezone

from core.jobs import enqueue_on_commit
from core.scope import system_scope
from gpts.golden_tasks import ask_golden_prompt, sweep_golden_runs
from gpts.insight_tasks import fill_insights, fill_insights_of_gpt
from gpts.knowledge_tasks import read_document
from gpts.retrieval.embedding import embed_passages, waiting_documents
from gpts.retrieval.index import index_passages, unindexed_documents
from gpts.runtime.types import ModelFailure
from gpts.services import attachments, turn_words
from gpts.services.budgets import release_stale
from gpts.services.chat_temporary import remove_expired_conversations
from gpts.services.retirement import remind_owners
from gpts.streaming.lost import interrupt_lost_turns

# Jobs that live in modules of their own; Celery finds them through this one.
__all__ = [
    "ask_golden_prompt",
    "fill_insights",
    "fill_insights_of_gpt",
    "read_document",
    "sweep_golden_runs",
]


@shared_task(name="gpts.reap_lost_turns")
def reap_lost_turns() -> int:
    """End turns whose web process died. Running twice finds nothing the second time."""
    with system_scope("gpts.reap_lost_turns"):
        return interrupt_lost_turns(at=timezone.now())


@shared_task(name="gpts.read_attachment")
def read_attachment(*, attachment_id: str) -> None:
    """Read the text of a file in a chat. Running twice reads a file once: what is read is not waiting."""
    attachments.read_attachment(attachment_id=UUID(attachment_id))


@shared_task(name="gpts.sweep_attachments")
def sweep_attachments() -> int:
    """Remove uploads that were never sent. Running twice finds nothing the second time."""
    with system_scope("gpts.sweep_attachments"):
        return attachments.sweep_loose_attachments(at=timezone.now())


@shared_task(name="gpts.remove_temporary_conversations")
def remove_temporary_conversations() -> int:
    """Remove temporary conversations past their hour, and long deleted ones. Running twice finds nothing."""
    with system_scope("gpts.remove_temporary_conversations"):
        return remove_expired_conversations(at=timezone.now())


@shared_task(name="gpts.release_stale_budgets")
def release_stale_budgets() -> int:
    """Give back what budgets hold for turns that ended without it. Running twice finds nothing more."""
    with system_scope("gpts.release_stale_budgets"):
        return release_stale(at=timezone.now())


@shared_task(name="gpts.index_turn_words")
def index_turn_words() -> int:
    """Keep the words of turns that ended, for searching. Running twice finds nothing the second time."""
    with system_scope("gpts.index_turn_words"):
        return turn_words.index_turn_words(at=timezone.now())


@shared_task(name="gpts.index_missed_words")
def index_missed_words() -> int:
    """Keep the words of turns of any age that have none. Running twice finds nothing the second time."""
    with system_scope("gpts.index_turn_words"):
        return turn_words.index_turn_words(at=timezone.now(), since=None)


@shared_task(
    name="gpts.embed_document",
    autoretry_for=(ModelFailure,),
    retry_backoff=5,
    retry_backoff_max=600,
    max_retries=6,
)
def embed_document(*, document_id: int) -> int:
    """Make the vectors that a document lacks. Running twice makes each once; the sweep takes up the rest."""
    return embed_passages(document_id, at=timezone.now())


@shared_task(name="gpts.embed_waiting")
def embed_waiting() -> int:
    """Have vectors made that are missing, also after the model changed. Running twice makes each once."""
    with system_scope("gpts.embed_waiting"):
        waiting = waiting_documents()
        for document_id in waiting:
            enqueue_on_commit(embed_document, document_id=document_id)
    return len(waiting)


@shared_task(name="gpts.remind_of_retirements")
def remind_of_retirements() -> int:
    """Tell owners of GPTs two weeks before a model's last day. Running twice tells nobody twice."""
    with system_scope("gpts.remind_of_retirements"):
        return remind_owners(at=timezone.now())


@shared_task(name="gpts.index_waiting")
def index_waiting() -> int:
    """Index what was read before there was an index. Running twice finds nothing the second time."""
    with system_scope("gpts.index_waiting"):
        documents = unindexed_documents()
        for document in documents:
            index_passages(document)
    return len(documents)

"""Jobs of this floor, by what they tend. Celery finds them through this package."""

from __future__ import annotations

from gpts.tasks.chat import (
    index_missed_words,
    index_turn_words,
    read_attachment,
    reap_lost_turns,
    release_stale_budgets,
    remove_temporary_conversations,
    sweep_attachments,
)
from gpts.tasks.golden import ask_golden_prompt, sweep_golden_runs
from gpts.tasks.insights import fill_insights, fill_insights_of_gpt
from gpts.tasks.knowledge import note_stale_files, read_document, sweep_document_leftovers, sweep_documents
from gpts.tasks.models import remind_of_retirements
from gpts.tasks.retrieval import embed_document, embed_waiting, index_waiting

__all__ = [
    "ask_golden_prompt",
    "embed_document",
    "embed_waiting",
    "fill_insights",
    "fill_insights_of_gpt",
    "index_missed_words",
    "index_turn_words",
    "index_waiting",
    "note_stale_files",
    "read_attachment",
    "read_document",
    "reap_lost_turns",
    "release_stale_budgets",
    "remind_of_retirements",
    "remove_temporary_conversations",
    "sweep_attachments",
    "sweep_document_leftovers",
    "sweep_documents",
    "sweep_golden_runs",
]

"""Imports tasks and outbound jobs of all packages, as Celery looks here; has tasks that need several."""

from __future__ import annotations

from functools import partial

from celery import shared_task
from django.utils import timezone

from core.scope import system_scope
from gpts.assistants import tasks as assistants_tasks
from gpts.chat import tasks as chat_tasks
from gpts.chat.queries.conversations import find_running_turns
from gpts.chat.services.attachments import sweep_unread_attachments
from gpts.chat.services.file_queue import read_waiting_files
from gpts.chat.streaming.lost import interrupt_lost_turns
from gpts.evals import tasks as evals_tasks
from gpts.evals.queries import find_running_claims
from gpts.insights import tasks as insights_tasks
from gpts.knowledge import tasks as knowledge_tasks
from gpts.knowledge.services import web_pages
from gpts.knowledge.services.documents import sweep_documents
from gpts.llm import tasks as llm_tasks
from gpts.llm.services import probe
from gpts.metering import tasks as metering_tasks
from gpts.metering.services.budgets import release_stale
from gpts.studio.queries import find_running_answers
from gpts.studio.services.create import interrupt_lost_answers

__all__ = [
    "assistants_tasks",
    "chat_tasks",
    "evals_tasks",
    "insights_tasks",
    "knowledge_tasks",
    "llm_tasks",
    "metering_tasks",
    "probe",
    "web_pages",
]

# Each returns what is running and therefore holds a budget reservation.
FIND_RUNNING = (find_running_turns, find_running_answers, find_running_claims)


@shared_task(name="gpts.reap_lost_turns")
def reap_lost_turns() -> int:
    """End chat turns and Create answers whose process died. Running twice finds nothing the second time.

    Golden prompts whose worker died are asked again, which ``gpts.sweep_golden_runs`` does.
    """
    with system_scope("gpts.reap_lost_turns"):
        at = timezone.now()
        return interrupt_lost_turns(at=at) + interrupt_lost_answers(at=at)


@shared_task(name="gpts.release_stale_budgets")
def release_stale_budgets() -> int:
    """Release budget reservations of turns that are no longer running. Running twice finds none."""
    with system_scope("gpts.release_stale_budgets"):
        return release_stale(at=timezone.now(), running=FIND_RUNNING)


@shared_task(name="gpts.read_files")
def read_files() -> int:
    """Read waiting files of knowledge and chats, in fair order. A second run finds them claimed or read."""
    return read_waiting_files(step=partial(system_scope, "gpts.read_files"), clock=timezone.now)


@shared_task(name="gpts.sweep_files")
def sweep_files() -> int:
    """Wake the workers for files whose job was lost. Running twice wakes them twice; each is read once."""
    with system_scope("gpts.sweep_files"):
        at = timezone.now()
        return sweep_documents(at=at) + sweep_unread_attachments(at=at)

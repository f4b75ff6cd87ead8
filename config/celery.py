"""The Celery application and the whole beat schedule."""

from __future__ import annotations

import os
import warnings
from typing import Any

from celery import Celery
from celery.platforms import SecurityWarning
from celery.schedules import crontab

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

# Celery warns about root because of pickle; script/server may run as root, and tasks here are JSON.
warnings.filterwarnings("ignore", category=SecurityWarning)

app = Celery("loggia")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

# Queues keep kinds of work apart, because a job waits for all others of its queue: the mail of one person
# must not wait for the files of another. What is not named here is upkeep or a check, in the queue "celery".
# The workers are in embedded/start.py and docker-compose.yml.
QUEUES: dict[str, tuple[str, ...]] = {
    "mail": ("workspaces.send_*", "workspaces.discard_*", "workspaces.notify_*", "reviews.deliver_*"),
    "money": ("payouts.*",),
    # An erasure and an export may take hours.
    "files": ("gpts.read_files", "workspaces.run_erasure", "workspaces.run_export"),
    # Waiting for servers elsewhere.
    "outbound": (
        "gpts.ask_golden_prompt",
        "workspaces.run_outbound_jobs",
        "workspaces.settle_*",
        "workspaces.check_*",
    ),
    # Hours of computing, at a low priority.
    "search": (
        "gpts.embed_waiting",
        "gpts.embed_attachments",
        "gpts.index_waiting",
        "marketplace.embed_listings",
    ),
}
QUEUE_NAMES = ("celery", *QUEUES)
app.conf.task_routes = {name: {"queue": queue} for queue, names in QUEUES.items() for name in names}

# Every periodic job, by the app that owns it. "expires" drops a run that is late: the next one does its work.
SCHEDULE: dict[str, dict[str, Any]] = {}


def every(name: str, task: str, seconds: float) -> None:
    SCHEDULE[name] = {"task": task, "schedule": seconds, "options": {"expires": seconds}}


def daily(name: str, task: str, *, hour: int, minute: int = 0) -> None:
    SCHEDULE[name] = {
        "task": task,
        "schedule": crontab(hour=str(hour), minute=str(minute)),
        "options": {"expires": 3600},
    }


every("gpts: end turns whose process died", "gpts.reap_lost_turns", 30)
every("gpts: remove files that were never sent", "gpts.sweep_attachments", 900)
every("gpts: remove temporary conversations", "gpts.remove_temporary_conversations", 600)
every("gpts: release budget reservations of lost turns", "gpts.release_stale_budgets", 300)
every("gpts: resume interrupted golden runs", "gpts.sweep_golden_runs", 60)
every("gpts: delete conversations by the rules of companies", "gpts.apply_retention", 3600)
every("gpts: index the text of new turns", "gpts.index_turn_words", 15)
every("gpts: index the text of missed turns", "gpts.index_missed_words", 3600)
every("gpts: index passages that are not indexed", "gpts.index_waiting", 300)
every("gpts: compute missing embeddings", "gpts.embed_waiting", 60)
every("gpts: compute missing embeddings of files in chats", "gpts.embed_attachments", 60)
every("gpts: mark GPTs that enough people used", "gpts.mark_used_gpts", 300)
daily("gpts: count recent members", "gpts.count_recent_members", hour=2, minute=20)
every("gpts: resume waiting files", "gpts.sweep_files", 30)
daily("gpts: note files that are due for review", "gpts.note_stale_files", hour=6)
daily("gpts: delete unused files", "gpts.sweep_document_leftovers", hour=3, minute=30)
daily("gpts: add months of usage events", "gpts.add_usage_partitions", hour=2)
every("gpts: fill insights", "gpts.fill_insights", 3600)
daily("gpts: remind owners of retiring models", "gpts.remind_of_retirements", hour=7)
every("gpts: resume transfers of GPTs", "gpts.resume_transfers", 60)
every("gpts: end approvals of external GPTs", "gpts.tend_adoptions", 300)
every("gpts: tell of edits by others", "gpts.send_edit_notices", 300)
daily("gpts: remove old failures of models", "gpts.remove_old_failures", hour=4, minute=10)
every("workspaces: resume calls to other hosts", "workspaces.sweep_outbound_jobs", 30)
every("workspaces: follow e-mail rules of groups", "workspaces.apply_group_rules", 3600)
every("workspaces: look for records of domains", "workspaces.check_domains", 900)
every("workspaces: check the storage of files", "workspaces.check_storage", 300)
every("workspaces: end guests whose time is over", "workspaces.expire_guests", 900)
every("workspaces: resume mails of imported invitations", "workspaces.send_imported_invitations", 300)
every("workspaces: tell who needs a second factor", "workspaces.send_second_factor_notices", 900)
every("workspaces: resume e-mails", "workspaces.sweep_mails", 60)
every("marketplace: compute scores", "marketplace.compute_scores", 600)
every("marketplace: unlist deleted GPTs", "marketplace.follow_deletions", 60)
every("marketplace: follow publishing rules", "marketplace.follow_publishing_rules", 60)
every("marketplace: make vectors of listings", "marketplace.embed_listings", 30)
every("reviews: run waiting checks", "reviews.check_waiting", 60)
every("reviews: send waiting notices", "reviews.deliver_waiting", 60)
every("reviews: maintain the queue", "reviews.tend_queue", 60)
every("reviews: fill daily figures", "reviews.fill_daily_stats", 3600)
daily("reviews: check public names again", "reviews.recheck_names", hour=4)
every("workspaces: remind of planned deletions", "workspaces.remind_of_deletions", 3600)
every("workspaces: delete workspaces whose time is over", "workspaces.delete_due_workspaces", 3600)
every("workspaces: resume exports and remove old ones", "workspaces.tend_exports", 300)
every("workspaces: resume erasures", "workspaces.resume_erasures", 60)
every("workspaces: remove expired sessions", "workspaces.remove_expired_sessions", 3600)
daily("workspaces: forget used codes and links", "workspaces.forget_used_tokens", hour=4)
every("gpts: add usage to the sums by day", "gpts.add_usage_to_days", 300)
every("gpts: count the use of GPTs inside their workspace", "gpts.count_gpt_use", 3600)
daily("workspaces: remove old failed jobs", "workspaces.remove_old_failed_jobs", hour=4, minute=20)
every("payouts: roll up usage", "payouts.roll_up", 300)
every("payouts: release holds that ended", "payouts.release_due", 3600)
every("payouts: resume interrupted closes", "payouts.resume_closes", 120)

app.conf.beat_schedule = SCHEDULE

"""Background jobs of the whole instance, for operators: what runs, waits, is scheduled and has failed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from celery import current_app
from celery.schedules import crontab
from django.db import connection
from django.db.models import Q, TextChoices
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from core.job_log import JobLog, LastRun
from core.look import formats
from core.models import FailedJob
from workspaces.job_words import describe_error, get_call_label, get_job_label
from workspaces.models import Erasure, OutboundJob, User
from workspaces.states import ErasureState

SEND_MAIL = "workspaces.send_queued_mail"
# The kind of an outbound job that tests the mail server.
MAIL_TEST_JOB = "workspaces.mail_test"
FAILURES_SHOWN = 200
# Failed calls to other hosts are of interest for a day: whoever asked for one was told.
CALLS_SHOWN = timedelta(days=1)
ERASURE_WAITS = timedelta(hours=1)
# The broker delivers a job again within an hour when its worker is lost; it runs for half an hour at most.
RETRY_TIME = timedelta(hours=2)


class JobKind(TextChoices):
    """Where a failed job is kept; part of its address."""

    JOB = "job", gettext_lazy("Job")
    MAIL = "mail", gettext_lazy("E-mail")
    CALL = "call", gettext_lazy("Call to another host")
    ERASURE = "erasure", gettext_lazy("Erasure")


@dataclass(frozen=True)
class FailedRow:
    """A job that failed or waits for somebody, with the reason in words and no content."""

    kind: JobKind
    identifier: str
    label: str
    error: str
    count: int
    since: datetime
    last_at: datetime
    is_retried: bool
    can_discard: bool


@dataclass(frozen=True)
class ScheduledJob:
    """A periodic job; ``rhythm`` in words, ``last`` None when it has not run since Redis was emptied."""

    label: str
    task: str
    rhythm: str
    last: LastRun | None


@dataclass(frozen=True)
class WaitingQueue:
    """``oldest_at`` is when the job was sent that is next, None where none waits."""

    name: str
    waiting: int
    oldest_at: datetime | None


def get_mail_test(person: User) -> OutboundJob | None:
    """Return the newest mail test that an operator asked for, None when there was none lately."""
    tests = OutboundJob.objects.filter(kind=MAIL_TEST_JOB, subject_id=person.pk, workspace__isnull=True)
    return tests.filter(requested_by=person).order_by("-created_at", "-id").first()


def list_queue_names() -> list[str]:
    """Return the queues of this instance, that of upkeep first."""
    named = {route["queue"] for route in (current_app.conf.task_routes or {}).values()}
    return ["celery", *sorted(named - {"celery"})]


def list_queues(log: JobLog) -> list[WaitingQueue]:
    return [WaitingQueue(name, count, log.oldest.get(name)) for name, count in log.queues.items()]


def list_scheduled_jobs(last_runs: dict[str, LastRun]) -> list[ScheduledJob]:
    """Return the periodic jobs by their names."""
    rows = [
        ScheduledJob(
            label=get_job_label(entry["task"]),
            task=entry["task"],
            rhythm=_describe_rhythm(entry["schedule"]),
            last=last_runs.get(entry["task"]),
        )
        for entry in (current_app.conf.beat_schedule or {}).values()
    ]
    return sorted(rows, key=lambda row: row.label)


def _describe_rhythm(schedule: Any) -> str:
    if isinstance(schedule, crontab):
        hour, minute = min(schedule.hour), min(schedule.minute)
        return _("daily at %(time)s UTC") % {"time": f"{hour:02d}:{minute:02d}"}
    seconds = int(schedule)
    if seconds < 120:
        text = ngettext("every %(count)s second", "every %(count)s seconds", seconds)
        return text % {"count": formats.number(seconds)}
    if seconds < 7200:
        minutes = seconds // 60
        return ngettext("every %(count)s minute", "every %(count)s minutes", minutes) % {
            "count": formats.number(minutes)
        }
    hours = seconds // 3600
    return ngettext("every %(count)s hour", "every %(count)s hours", hours) % {"count": formats.number(hours)}


def list_failed_rows(*, at: datetime) -> list[FailedRow]:
    """Return what failed, of all kinds, the newest first. The caller has authorised an operator."""
    rows = [*_list_failed_jobs(at), *_list_failed_calls(at), *_list_waiting_erasures(at)]
    return sorted(rows, key=lambda row: row.last_at, reverse=True)[:FAILURES_SHOWN]


def count_failed_jobs() -> tuple[int, int]:
    """Return how many jobs failed and how many e-mails, for the overview."""
    jobs = FailedJob.objects.exclude(task=SEND_MAIL).count()
    return jobs, FailedJob.objects.filter(task=SEND_MAIL).count()


def is_running_again(retried_at: datetime | None, *, at: datetime) -> bool:
    """Return whether a failed job that was sent again may still come to its end."""
    return retried_at is not None and retried_at > at - RETRY_TIME


def _list_failed_jobs(at: datetime) -> list[FailedRow]:
    return [
        FailedRow(
            kind=JobKind.MAIL if job.task == SEND_MAIL else JobKind.JOB,
            identifier=str(job.pk),
            label=get_job_label(job.task),
            error=describe_error(job.error_class, job.error_place),
            count=job.count,
            since=job.first_at,
            last_at=job.last_at,
            is_retried=is_running_again(job.retried_at, at=at),
            can_discard=True,
        )
        for job in FailedJob.objects.order_by("-last_at")[:FAILURES_SHOWN]
    ]


def _list_failed_calls(at: datetime) -> list[FailedRow]:
    return [
        FailedRow(
            kind=JobKind.CALL,
            identifier=str(identifier),
            label=get_call_label(kind),
            error=_("It ended with the code “%(code)s”, which its person was told.") % {"code": code},
            count=attempts,
            since=created_at,
            last_at=ended_at,
            is_retried=False,
            can_discard=True,
        )
        for identifier, kind, code, attempts, created_at, ended_at in _read_failed_calls(
            since=at - CALLS_SHOWN, most=FAILURES_SHOWN
        )
    ]


def _list_waiting_erasures(at: datetime) -> list[FailedRow]:
    late = Q(heartbeat_at__lt=at - ERASURE_WAITS) | Q(heartbeat_at__isnull=True)
    found = Erasure.objects.exclude(state=ErasureState.FINISHED).filter(
        late, requested_at__lt=at - ERASURE_WAITS
    )
    return [
        FailedRow(
            kind=JobKind.ERASURE,
            identifier=str(row.pk),
            label=get_job_label("workspaces.run_erasure"),
            error=_("It waits for something else, such as an open case of moderation.")
            if row.waits_for
            else _("It has not gone on for more than an hour."),
            count=1,
            since=row.requested_at,
            last_at=row.heartbeat_at or row.requested_at,
            is_retried=False,
            can_discard=False,
        )
        for row in found.order_by("requested_at")[:FAILURES_SHOWN]
    ]


def has_failed_call(identifier: str) -> bool:
    """Return whether a call of any workspace has this id and has failed."""
    return bool(_read_failed_calls(only=identifier, most=1))


def _read_failed_calls(
    *, since: datetime | None = None, only: str | None = None, most: int
) -> list[tuple[Any, ...]]:
    """Return id, kind, code, tries, beginning and end of failed calls; nothing for who is no operator.

    A function of the database lets these columns of all workspaces through, and no others: addresses and
    errors may tell what a workspace works on.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM workspaces_failed_calls(%s, %s::uuid, %s)", [since, only, most])
        return cursor.fetchall()

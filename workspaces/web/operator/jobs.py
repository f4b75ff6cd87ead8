"""/operator/jobs: queues, workers, what runs, the schedule, and what failed."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import redis
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from core.job_log import JobLog, read_job_log
from workspaces.job_words import get_job_label
from workspaces.queries.jobs import list_failed_rows, list_queue_names, list_queues, list_scheduled_jobs
from workspaces.services.failed_jobs import discard_failed, retry_failed
from workspaces.web.people import person_of
from workspaces.web.staff import staff_required


@require_safe
@staff_required("operator")
def jobs(request: HttpRequest) -> HttpResponse:
    now = timezone.now()
    log: JobLog | None = None
    with suppress(redis.RedisError):  # the page says so; failed jobs are in the database
        log = read_job_log(list_queue_names(), at=now)
    context: dict[str, Any] = {
        "log": log,
        "queues": list_queues(log) if log else [],
        "running": [
            {"label": get_job_label(job.task), "since": job.since, "worker": job.worker}
            for job in (log.running if log else [])
        ],
        "scheduled": list_scheduled_jobs(log.last_runs if log else {}),
        "failed": list_failed_rows(at=now),
    }
    return render(request, "workspaces/operator/jobs.html", context)


@require_POST
@staff_required("operator")
def retry(request: HttpRequest, kind: str, job_id: str) -> HttpResponse:
    retry_failed(kind=kind, identifier=job_id, by=person_of(request), at=timezone.now())
    messages.success(request, _("It is tried again."))
    return redirect("workspaces:operator-job-list")


@require_POST
@staff_required("operator")
def discard(request: HttpRequest, kind: str, job_id: str) -> HttpResponse:
    discard_failed(kind=kind, identifier=job_id, by=person_of(request), at=timezone.now())
    messages.success(request, _("Discarded"))
    return redirect("workspaces:operator-job-list")

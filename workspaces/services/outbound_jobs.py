"""Outbound jobs: asked for in a request, made by a worker outside of transactions, limited for each person.

A kind of job registers its code with ``handles``; Celery imports those modules (``tasks.py`` of each app).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.conf import settings
from django.core.cache import cache
from django.db import connection, connections, transaction
from django.db.models import Count, F, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce
from django.utils import translation
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from core.errors import Conflict, DomainError, RateLimited
from core.jobs import enqueue_on_commit
from core.scope import system_scope
from workspaces.models import OutboundJob, User, Workspace
from workspaces.states import OPEN_JOB_STATES, OutboundJobState

log = structlog.get_logger(__name__)

Handler = Callable[[OutboundJob], dict[str, Any]]
HANDLERS: dict[str, Handler] = {}

RUN = "workspaces.run_outbound_jobs"
# Rate limit for each person, of all kinds together: nobody may scan or flood other hosts through this server.
REQUESTS, REQUEST_SECONDS = 60, 600
# A running job is this old only if its worker died: a call ends within core.outbound.TOTAL_TIMEOUT.
LEASE_SECONDS = 120
MAX_ATTEMPTS = 3
KEEP_DAYS = 7
# Key spaces of advisory locks, which no other code uses: claims, jobs of a person, jobs of a workspace.
_CLAIMS, _PEOPLE, _WORKSPACES = 8131, 8132, 8133


def handles(kind: str) -> Callable[[Handler], Handler]:
    """Register the code of a kind of job.

    It runs without a transaction and opens its own scopes, returns the job's result, and raises DomainError
    for a failure that the person is told. It may run twice.
    """

    def register(handler: Handler) -> Handler:
        HANDLERS[kind] = handler
        return handler

    return register


@transaction.atomic
def request_job(
    *,
    kind: str,
    workspace: Workspace | None,
    subject_id: int,
    address: str,
    payload: dict[str, Any] | None = None,
    by: User,
    at: datetime,
) -> OutboundJob:
    """Queue a call to another host; a worker makes it after commit. The caller has authorised ``by``.

    The same call that is waiting or running already is returned instead. Raises RateLimited beyond REQUESTS
    in REQUEST_SECONDS (``too_many_fetches``) and beyond the jobs that a person (``too_many_jobs``) or a
    workspace (``workspace_too_many_jobs``) may have open.
    """
    _lock_limits(by, workspace)
    same = OutboundJob.objects.filter(
        kind=kind,
        subject_id=subject_id,
        workspace=workspace,
        address=address,
        payload=payload or {},
        state__in=OPEN_JOB_STATES,
    ).first()
    if same is not None:
        return same
    check_open_jobs(by=by, workspace=workspace)
    check_rate_limit(by)
    job = OutboundJob.objects.create(
        kind=kind,
        workspace=workspace,
        subject_id=subject_id,
        address=address,
        payload=payload or {},
        language=translation.get_language() or settings.LANGUAGE_CODE,
        requested_by=by,
        created_at=at,
    )
    enqueue_on_commit("workspaces.run_outbound_jobs")
    return job


def _lock_limits(by: User, workspace: Workspace | None) -> None:
    """Serialise requests for jobs until the commit: concurrent ones would exceed the limits."""
    _lock(_PEOPLE, by.pk)
    if workspace is not None:
        _lock(_WORKSPACES, workspace.pk)


def _lock(space: int, key: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [space, key % 2**31])


def check_open_jobs(*, by: User, workspace: Workspace | None) -> None:
    """Raise RateLimited when the person or the workspace has too many jobs open."""
    mine = OutboundJob.objects.filter(requested_by=by, state__in=OPEN_JOB_STATES).count()
    if mine >= settings.OUTBOUND_JOBS_PER_PERSON:
        raise RateLimited(
            ngettext_lazy(
                "You have %(count)d call to another host under way. Wait until it has ended.",
                "You have %(count)d calls to other hosts under way. Wait until some have ended.",
                mine,
            )
            % {"count": mine},
            code="too_many_jobs",
            data={"limit": settings.OUTBOUND_JOBS_PER_PERSON, "retry_after": 20},
        )
    if workspace is None:
        return
    theirs = OutboundJob.objects.filter(workspace=workspace, state__in=OPEN_JOB_STATES).count()
    if theirs >= settings.OUTBOUND_JOBS_PER_WORKSPACE:
        raise RateLimited(
            _("This workspace has %(count)d calls to other hosts under way. Wait until some have ended.")
            % {"count": theirs},
            code="workspace_too_many_jobs",
            data={"limit": settings.OUTBOUND_JOBS_PER_WORKSPACE, "retry_after": 20},
        )


def check_rate_limit(by: User) -> None:
    """Count a call of the person; raise RateLimited beyond REQUESTS in REQUEST_SECONDS."""
    key = f"workspaces:outbound-requests:{by.pk}"
    cache.add(key, 0, REQUEST_SECONDS)
    try:
        count = cache.incr(key)
    except ValueError:  # the key expired between add and incr
        cache.set(key, 1, REQUEST_SECONDS)
        return
    if count > REQUESTS:
        raise RateLimited(
            _("Be patient, you are sending too many requests."),
            code="too_many_fetches",
            data={"limit": REQUESTS, "retry_after": REQUEST_SECONDS},
        )


@transaction.atomic
def retry_job(*, job: OutboundJob, by: User, at: datetime) -> OutboundJob:
    """Queue a failed job again, for ``by``, in their language. Raises Conflict (``not_failed``) otherwise."""
    row = OutboundJob.objects.select_for_update(of=("self",)).get(pk=job.pk)
    if row.state != OutboundJobState.FAILED:
        raise Conflict(_("Only a call that failed can be tried again."), code="not_failed")
    _lock_limits(by, row.workspace)
    check_open_jobs(by=by, workspace=row.workspace)
    check_rate_limit(by)
    row.state, row.error_code, row.error, row.attempts = OutboundJobState.QUEUED, "", "", 0
    row.created_at, row.started_at, row.ended_at = at, None, None
    row.requested_by, row.language = by, translation.get_language() or settings.LANGUAGE_CODE
    row.save()
    enqueue_on_commit("workspaces.run_outbound_jobs")
    return row


@transaction.atomic
def requeue_job(*, job: OutboundJob, at: datetime) -> bool:
    """Queue a failed job again for its own person, as an operator asked; False when it has not failed."""
    row = OutboundJob.objects.select_for_update(of=("self",)).filter(pk=job.pk).first()
    if row is None or row.state != OutboundJobState.FAILED:
        return False
    row.state, row.error_code, row.error, row.attempts = OutboundJobState.QUEUED, "", "", 0
    row.created_at, row.started_at, row.ended_at = at, None, None
    row.save()
    enqueue_on_commit("workspaces.run_outbound_jobs")
    return True


@transaction.atomic
def dismiss_job(*, job: OutboundJob) -> None:
    """Remove a job that waits or has ended. Raises Conflict (``job_running``) while it runs. Idempotent."""
    row = OutboundJob.objects.select_for_update().filter(pk=job.pk).first()
    if row is None:
        return
    if row.state == OutboundJobState.RUNNING:
        raise Conflict(_("The call is being made. It ends within seconds."), code="job_running")
    row.delete()


def run_next_job(*, clock: Callable[[], datetime]) -> bool:
    """Run the next job that may start; False when there is none. Call it without a transaction."""
    with system_scope(RUN):
        job = claim_job(at=clock())
    if job is None:
        return False
    code = "internal"
    message = str(_("Something broke on our side"))
    try:
        with translation.override(job.language):
            result = HANDLERS[job.kind](job)
        code = ""
    except DomainError as failure:
        with translation.override(job.language):
            code, message = failure.code, str(failure.message)
    finally:
        # Also after an unexpected error, which the caller logs.
        with system_scope(RUN):
            if code:
                _end_job(job, OutboundJobState.FAILED, at=clock(), error_code=code[:60], error=message[:500])
            else:
                _end_job(job, OutboundJobState.DONE, at=clock(), result=result)
        if not connection.in_atomic_block:
            connections.close_all()
    log.info("outbound_job_ended", kind=job.kind, job=str(job.pk), code=code)
    return True


@transaction.atomic
def claim_job(*, at: datetime) -> OutboundJob | None:
    """Mark the oldest job that may start as running. Nobody has more than their share running at once."""
    _lock(_CLAIMS, 0)
    running = (
        OutboundJob.objects.filter(state=OutboundJobState.RUNNING, requested_by=OuterRef("requested_by"))
        .order_by()
        .values("requested_by")
        .annotate(count=Count("pk"))
        .values("count")
    )
    waiting = (
        OutboundJob.objects.filter(state=OutboundJobState.QUEUED, kind__in=HANDLERS)
        .annotate(running=Coalesce(Subquery(running), 0))
        .filter(running__lt=settings.OUTBOUND_RUNNING_PER_PERSON)
    )
    job = waiting.select_related("requested_by", "workspace").order_by("running", "created_at", "pk").first()
    if job is None:
        return None
    job.state, job.started_at, job.attempts = OutboundJobState.RUNNING, at, job.attempts + 1
    job.save(update_fields=["state", "started_at", "attempts"])
    return job


def _end_job(job: OutboundJob, state: OutboundJobState, *, at: datetime, **values: Any) -> None:
    """Record the end, unless the job was started again meanwhile because this run counted as dead."""
    OutboundJob.objects.filter(pk=job.pk, state=OutboundJobState.RUNNING, attempts=job.attempts).update(
        state=state, ended_at=at, **values
    )


@transaction.atomic
def sweep_jobs(*, at: datetime) -> int:
    """Queue jobs again whose worker died, give up on those that died often, remove old ones. Idempotent.

    Returns how many jobs wait.
    """
    dead = OutboundJob.objects.filter(
        state=OutboundJobState.RUNNING, started_at__lt=at - timedelta(seconds=LEASE_SECONDS)
    )
    dead.filter(attempts__gte=MAX_ATTEMPTS).update(
        state=OutboundJobState.FAILED,
        ended_at=at,
        error_code="interrupted",
        error=str(_("It broke off several times. Try again later.")),
    )
    dead.filter(attempts__lt=MAX_ATTEMPTS).update(
        state=OutboundJobState.QUEUED, started_at=None, attempts=F("attempts")
    )
    old = Q(state__in=(OutboundJobState.DONE, OutboundJobState.FAILED))
    OutboundJob.objects.filter(old, ended_at__lt=at - timedelta(days=KEEP_DAYS)).delete()
    waiting = OutboundJob.objects.filter(state=OutboundJobState.QUEUED).count()
    if waiting:
        enqueue_on_commit("workspaces.run_outbound_jobs")
    return waiting

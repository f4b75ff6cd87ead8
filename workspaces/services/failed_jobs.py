"""Operators try failed jobs again, or discard them."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from core.audit import record
from core.failed_jobs import read_arguments
from core.jobs import enqueue_on_commit, resend_on_commit
from core.models import FailedJob
from workspaces.access import not_found
from workspaces.models import Erasure, OutboundJob, OutgoingMail, User
from workspaces.queries.jobs import SEND_MAIL, JobKind, has_failed_call, is_running_again
from workspaces.services.outbound_jobs import dismiss_job, requeue_job
from workspaces.states import ErasureState, OutboundJobState

RETRY, DISCARD = "retry", "discard"


@transaction.atomic
def retry_failed(*, kind: str, identifier: str, by: User, at: datetime) -> None:
    """Send a failed job again, with its own arguments and for its own person. Audited.

    Idempotent: a job that was sent again within RETRY_TIME and has not ended since is left alone, without an
    event; after that time it counts as lost with its queue or its worker. Raises NotFound for a job that has
    succeeded or was discarded meanwhile.
    """
    if kind in (JobKind.JOB, JobKind.MAIL):
        job = _lock_job(identifier)
        if is_running_again(job.retried_at, at=at):
            return
        FailedJob.objects.filter(pk=job.pk).update(retried_at=at)
        resend_on_commit(job.task, read_arguments(job))
        _record("workspaces.job_retried", kind, job.task, by=by, at=at, subject=job)
    elif kind == JobKind.CALL:
        subject = _find_call(identifier)
        enqueue_on_commit("workspaces.settle_outbound_job", job_id=subject[1], act=RETRY)
        _record("workspaces.job_retried", kind, "", by=by, at=at, subject=subject)
    else:
        erasure = _find_erasure(kind, identifier)
        enqueue_on_commit("workspaces.run_erasure", erasure_id=str(erasure.pk))
        _record("workspaces.job_retried", kind, "", by=by, at=at, subject=erasure)


@transaction.atomic
def discard_failed(*, kind: str, identifier: str, by: User, at: datetime) -> None:
    """Forget a failed job; with a mail the mail itself is deleted, unsent. Audited.

    Periodic jobs run again by themselves. Raises NotFound for one that is gone, and for erasures, which must
    be finished.
    """
    if kind in (JobKind.JOB, JobKind.MAIL):
        job = _lock_job(identifier)
        if job.task == SEND_MAIL:
            enqueue_on_commit("workspaces.discard_mail", mail_id=str(read_arguments(job)["mail_id"]))
        # The event names a row that is gone; its task says what it was.
        subject = ("core.failedjob", str(job.pk))
        job.delete()
        _record("workspaces.job_discarded", kind, job.task, by=by, at=at, subject=subject)
    elif kind == JobKind.CALL:
        subject = _find_call(identifier)
        enqueue_on_commit("workspaces.settle_outbound_job", job_id=subject[1], act=DISCARD)
        _record("workspaces.job_discarded", kind, "", by=by, at=at, subject=subject)
    else:
        raise not_found()


def settle_outbound_job(*, job_id: UUID, act: str, at: datetime) -> bool:
    """Requeue or remove a failed call, for an operator; False when it has not failed. In a system scope."""
    job = OutboundJob.objects.filter(pk=job_id, state=OutboundJobState.FAILED).first()
    if job is None:
        return False
    if act == RETRY:
        return requeue_job(job=job, at=at)
    dismiss_job(job=job)
    return True


def discard_mail(*, mail_id: UUID) -> bool:
    """Delete a mail that was not sent; False when there is none. In a system scope."""
    return bool(OutgoingMail.objects.filter(pk=mail_id).delete()[0])


def _lock_job(identifier: str) -> FailedJob:
    is_number = identifier.isascii() and identifier.isdigit() and len(identifier) < 19
    job = FailedJob.objects.select_for_update().filter(pk=int(identifier)).first() if is_number else None
    if job is None:
        raise not_found()
    return job


def _find_call(identifier: str) -> tuple[str, str]:
    """Return a failed call as the subject of an event."""
    if not _is_uuid(identifier) or not has_failed_call(identifier):
        raise not_found()
    return OutboundJob._meta.label_lower, str(UUID(identifier))


def _find_erasure(kind: str, identifier: str) -> Erasure:
    found = Erasure.objects.exclude(state=ErasureState.FINISHED)
    is_ours = kind == JobKind.ERASURE and _is_uuid(identifier)
    erasure = found.filter(pk=identifier).first() if is_ours else None
    if erasure is None:
        raise not_found()
    return erasure


def _is_uuid(identifier: str) -> bool:
    try:
        UUID(identifier)
    except ValueError:
        return False
    return True


def _record(action: str, kind: str, task: str, *, by: User, at: datetime, subject: Any) -> None:
    record(action=action, by=by, at=at, subject=subject, data={"kind": str(kind), "task": task})

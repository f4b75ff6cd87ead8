"""Keeps background jobs that failed, until they succeed, are discarded or are too old."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F

from core.models import FailedJob
from core.secrets import seal, unseal

PURPOSE = "core.failed_job"
KEEP = timedelta(days=30)


@transaction.atomic
def note_failed_job(*, task: str, arguments: dict[str, Any], error: BaseException, at: datetime) -> FailedJob:
    """Count a failure on the row of this job with these arguments. In a system scope."""
    digest = get_digest(task, arguments)
    kind = type(error)
    row, is_new = FailedJob.objects.select_for_update().get_or_create(
        digest=digest,
        defaults={
            "task": task[:100],
            "sealed_arguments": seal(_dump(arguments), purpose=PURPOSE, tenant="instance", row=digest),
            "error_class": f"{kind.__module__}.{kind.__qualname__}"[-100:],
            "error_place": find_place(error.__traceback__),
            "first_at": at,
            "last_at": at,
        },
    )
    if not is_new:
        FailedJob.objects.filter(pk=row.pk).update(
            count=F("count") + 1,
            last_at=at,
            retried_at=None,
            error_class=f"{kind.__module__}.{kind.__qualname__}"[-100:],
            error_place=find_place(error.__traceback__),
        )
    return row


def forget_failed_job(*, digest: str) -> None:
    """Remove the row of a job that has succeeded meanwhile. In a system scope. Idempotent."""
    FailedJob.objects.filter(digest=digest).delete()


def read_arguments(job: FailedJob) -> dict[str, Any]:
    """Return the arguments of a failed job; raises SecretBroken when its key is gone."""
    found: dict[str, Any] = json.loads(
        unseal(job.sealed_arguments, purpose=PURPOSE, tenant="instance", row=job.digest)
    )
    return found


def remove_old_failed_jobs(*, at: datetime) -> int:
    """Remove failures that are older than KEEP; return how many. Idempotent."""
    count, _rows = FailedJob.objects.filter(last_at__lt=at - KEEP).delete()
    return count


def get_digest(task: str, arguments: dict[str, Any]) -> str:
    """Return what tells a job with its arguments from others."""
    text = f"{settings.SECRET_KEY}\n{task}\n{_dump(arguments)}"
    return hashlib.sha256(text.encode()).hexdigest()


def find_place(traceback: TracebackType | None) -> str:
    """Return the last line of ours in a traceback, as "core/jobs.py:12"; empty when there is none."""
    place = ""
    root = Path(settings.BASE_DIR)
    while traceback is not None:
        path = Path(traceback.tb_frame.f_code.co_filename)
        if path.is_relative_to(root) and ".venv" not in path.parts:
            place = f"{path.relative_to(root)}:{traceback.tb_lineno}"
        traceback = traceback.tb_next
    return place[:200]


def _dump(arguments: dict[str, Any]) -> str:
    return json.dumps(arguments, sort_keys=True, default=str)

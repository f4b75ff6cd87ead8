"""/api/v1/operator/jobs: background jobs, for operators."""

from __future__ import annotations

from typing import Any, ClassVar

import redis
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from core.errors import Unavailable
from core.job_log import read_job_log
from workspaces.api.staff import OperatorView
from workspaces.job_words import get_job_label
from workspaces.queries.jobs import (
    JobKind,
    list_failed_rows,
    list_queue_names,
    list_queues,
    list_scheduled_jobs,
)
from workspaces.services.failed_jobs import discard_failed, retry_failed
from workspaces.states import ApiScope

WORK = ApiScope.OPERATOR_WORK


class JobQueueSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    waiting = serializers.IntegerField()
    oldest_at = serializers.DateTimeField(
        allow_null=True, help_text="When the job was sent that is next; null where none waits."
    )


class JobWorkerSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    seen_at = serializers.DateTimeField()
    is_alive = serializers.BooleanField()


class RunningJobSerializer(serializers.Serializer[Any]):
    task = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]  # a field, not the base class's label
    worker = serializers.CharField()
    since = serializers.DateTimeField()


class ScheduledJobSerializer(serializers.Serializer[Any]):
    task = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]  # a field, not the base class's label
    rhythm = serializers.CharField(help_text="In your language.")
    last_ended_at = serializers.DateTimeField(source="last.at", allow_null=True, default=None)
    last_seconds = serializers.FloatField(source="last.seconds", allow_null=True, default=None)
    last_succeeded = serializers.BooleanField(source="last.is_ok", allow_null=True, default=None)


class FailedJobSerializer(serializers.Serializer[Any]):
    kind = serializers.ChoiceField(choices=JobKind.choices)
    id = serializers.CharField(source="identifier")
    label = serializers.CharField()  # type: ignore[assignment]  # a field, not the base class's label
    error = serializers.CharField(help_text="What broke, in your language; no content.")
    count = serializers.IntegerField(help_text="How often it failed.")
    first_at = serializers.DateTimeField(source="since")
    last_at = serializers.DateTimeField()
    is_retried = serializers.BooleanField(help_text="Sent again and not ended since.")
    can_discard = serializers.BooleanField()


class JobsSerializer(serializers.Serializer[Any]):
    queues = JobQueueSerializer(many=True)
    workers = JobWorkerSerializer(many=True)
    running = RunningJobSerializer(many=True)
    scheduled = ScheduledJobSerializer(many=True)
    failed = FailedJobSerializer(many=True)


class JobsView(OperatorView):
    required_scopes: ClassVar = {"GET": WORK}

    @extend_schema(operation_id="operator_job_list", responses=JobsSerializer)
    def get(self, request: Request) -> Response:
        """Return queues, workers, what runs, the schedule with its last runs, and what failed."""
        now = timezone.now()
        try:
            log = read_job_log(list_queue_names(), at=now)
        except redis.RedisError as error:
            raise Unavailable(_("Redis did not answer."), code="redis_down") from error
        answer = {
            "queues": list_queues(log),
            "workers": log.workers,
            "running": [
                {
                    "task": job.task,
                    "label": get_job_label(job.task),
                    "worker": job.worker,
                    "since": job.since,
                }
                for job in log.running
            ],
            "scheduled": list_scheduled_jobs(log.last_runs),
            "failed": list_failed_rows(at=now),
        }
        return Response(JobsSerializer(answer).data)


class FailedJobView(OperatorView):
    required_scopes: ClassVar = {"DELETE": WORK}

    @extend_schema(operation_id="operator_job_discard", request=None, responses={204: None})
    def delete(self, request: Request, kind: str, job_id: str) -> Response:
        """Forget a failed job; a mail is deleted unsent. Erasures cannot be discarded."""
        discard_failed(kind=kind, identifier=job_id, by=self.person, at=timezone.now())
        return Response(status=204)


class RetryJobView(OperatorView):
    required_scopes: ClassVar = {"POST": WORK}

    @extend_schema(operation_id="operator_job_retry", request=None, responses={204: None})
    def post(self, request: Request, kind: str, job_id: str) -> Response:
        """Send a failed job again; repeating it while the job waits changes nothing."""
        retry_failed(kind=kind, identifier=job_id, by=self.person, at=timezone.now())
        return Response(status=204)

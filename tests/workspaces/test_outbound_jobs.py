"""Outbound jobs: limits, fair shares, leases, failures, and who sees them."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import translation

from core.errors import Conflict, InvalidInput, RateLimited
from core.scope import NOBODY, Scope, open_scope
from tests.support.factories.workspaces import UserFactory, WorkspaceFactory
from tests.support.times import NOW
from workspaces.job_threads import JobThreads
from workspaces.models import OutboundJob, User, Workspace
from workspaces.services import outbound_jobs
from workspaces.services.outbound_jobs import (
    KEEP_DAYS,
    LEASE_SECONDS,
    MAX_ATTEMPTS,
    claim_job,
    dismiss_job,
    request_job,
    retry_job,
    run_next_job,
    sweep_jobs,
)
from workspaces.states import OutboundJobState

pytestmark = pytest.mark.django_db

KIND = "test.kind"


@pytest.fixture(autouse=True)
def calls() -> Iterator[list[OutboundJob]]:
    """The jobs that ran; a job to "bad.example" fails, one to "broken.example" raises."""
    made: list[OutboundJob] = []

    def call(job: OutboundJob) -> dict[str, Any]:
        made.append(job)
        if job.address == "bad.example":
            raise InvalidInput(translation.gettext("Choose a file first."), code="bad")
        if job.address == "broken.example":
            raise ZeroDivisionError
        return {"size": 7}

    outbound_jobs.HANDLERS[KIND] = call
    yield made
    del outbound_jobs.HANDLERS[KIND]


def ask(user: User, address: str = "a.example", *, workspace: Workspace | None = None) -> OutboundJob:
    place = workspace or user.personal_workspace
    return request_job(kind=KIND, workspace=place, subject_id=1, address=address, by=user, at=NOW)


def run() -> bool:
    return run_next_job(clock=lambda: NOW)


def test_a_job_is_made_once_and_its_result_kept(calls: list[OutboundJob]) -> None:
    job = ask(UserFactory.create())

    assert (run(), run()) == (True, False)

    job.refresh_from_db()
    assert (job.state, job.result, job.error, job.attempts) == ("done", {"size": 7}, "", 1)
    assert (job.started_at, job.ended_at) == (NOW, NOW)
    assert [made.pk for made in calls] == [job.pk]


def test_the_same_call_is_not_queued_twice() -> None:
    ada = UserFactory.create()

    first, again, other = ask(ada), ask(ada), ask(ada, "b.example")

    assert (first.pk == again.pk, first.pk == other.pk) == (True, False)
    run()
    run()
    assert ask(ada).pk != first.pk


def test_a_failure_is_told_in_the_persons_language_and_can_be_tried_again() -> None:
    ada = UserFactory.create()
    with translation.override("zh-hans"):
        job = ask(ada, "bad.example")
    run()
    job.refresh_from_db()
    assert (job.state, job.error_code) == ("failed", "bad")
    assert job.error
    assert job.error != "Choose a file first."

    with translation.override("en"):
        again = retry_job(job=job, by=ada, at=NOW)
    assert (again.state, again.error, again.error_code) == ("queued", "", "")
    run()
    job.refresh_from_db()
    assert job.error == "Choose a file first."


def test_an_unexpected_error_ends_the_job_and_is_raised() -> None:
    job = ask(UserFactory.create(), "broken.example")

    with pytest.raises(ZeroDivisionError):
        run()

    job.refresh_from_db()
    assert (job.state, job.error_code) == ("failed", "internal")


def test_only_a_failed_job_is_retried_and_a_running_one_is_not_dismissed() -> None:
    ada = UserFactory.create()
    job = ask(ada)
    with pytest.raises(Conflict) as waiting:
        retry_job(job=job, by=ada, at=NOW)
    claim_job(at=NOW)
    with pytest.raises(Conflict) as running:
        dismiss_job(job=job)

    assert (waiting.value.code, running.value.code) == ("not_failed", "job_running")
    assert OutboundJob.objects.get().state == "running"


def test_a_person_and_a_workspace_have_limits(settings: Any) -> None:
    settings.OUTBOUND_JOBS_PER_PERSON, settings.OUTBOUND_JOBS_PER_WORKSPACE = 3, 4
    ada, ben = UserFactory.create(), UserFactory.create()
    place = WorkspaceFactory.create(owner=ada)
    for number in range(3):
        ask(ada, f"{number}.example", workspace=place)
    with pytest.raises(RateLimited) as person:
        ask(ada, "9.example")
    ask(ben, "a.example", workspace=place)
    with pytest.raises(RateLimited) as workspace:
        ask(ben, "b.example", workspace=place)

    assert (person.value.code, workspace.value.code) == ("too_many_jobs", "workspace_too_many_jobs")
    assert OutboundJob.objects.count() == 4
    run()
    ask(ada, "9.example")


def test_nobody_has_more_than_their_share_running(settings: Any) -> None:
    ada, ben = UserFactory.create(), UserFactory.create()
    for number in range(5):
        ask(ada, f"{number}.example")
    mine = ask(ben, "ben.example")

    claimed = [claim_job(at=NOW) for _try in range(4)]

    people = [job and job.requested_by_id for job in claimed]
    assert people == [ada.pk, mine.requested_by_id, ada.pk, None]


def test_a_job_whose_worker_died_runs_again_and_is_given_up_in_the_end() -> None:
    job = ask(UserFactory.create())
    at = NOW
    for attempt in range(1, MAX_ATTEMPTS + 1):
        claimed = claim_job(at=at)
        assert claimed is not None
        assert claimed.attempts == attempt
        sweep_jobs(at=at + timedelta(seconds=LEASE_SECONDS - 1))
        assert OutboundJob.objects.get().state == "running"
        at += timedelta(seconds=LEASE_SECONDS + 1)
        sweep_jobs(at=at)

    job.refresh_from_db()
    assert (job.state, job.error_code) == ("failed", "interrupted")


def test_a_run_that_counts_as_dead_records_nothing() -> None:
    ask(UserFactory.create())
    dead = claim_job(at=NOW)
    assert dead is not None
    at = NOW + timedelta(seconds=LEASE_SECONDS + 1)
    sweep_jobs(at=at)
    second = claim_job(at=at)
    assert second is not None

    outbound_jobs._end_job(dead, OutboundJobState.DONE, at=at, result={"late": True})

    assert (OutboundJob.objects.get().state, OutboundJob.objects.get().result) == ("running", {})


def test_old_jobs_are_removed() -> None:
    ada = UserFactory.create()
    ask(ada)
    run()
    waiting = ask(ada, "b.example")

    sweep_jobs(at=NOW + timedelta(days=KEEP_DAYS, seconds=1))

    assert [job.pk for job in OutboundJob.objects.all()] == [waiting.pk]


@pytest.mark.parametrize(
    "values",
    [
        {"state": "running"},
        {"state": "done"},
        {"state": "queued", "started_at": NOW},
        {"state": "failed", "ended_at": NOW},
        {"error_code": "bad"},
    ],
)
def test_the_database_refuses_states_that_cannot_be(values: dict[str, Any]) -> None:
    job = ask(UserFactory.create())

    with pytest.raises(IntegrityError), transaction.atomic():
        OutboundJob.objects.filter(pk=job.pk).update(**values)

    assert OutboundJob.objects.get().state == "queued"


def test_a_job_is_seen_in_its_workspace_and_asked_for_by_nobody_else() -> None:
    ada, ben = UserFactory.create(), UserFactory.create()
    place = WorkspaceFactory.create(owner=ada)
    job = ask(ada, workspace=place)
    inside = Scope(user_id=ada.pk, workspace_ids=(place.pk,))
    outside = Scope(user_id=ben.pk, workspace_ids=(ben.personal_workspace.pk,))

    with open_scope(inside):
        assert OutboundJob.objects.filter(pk=job.pk).exists()
    for scope in (outside, NOBODY):
        with open_scope(scope):
            assert not OutboundJob.objects.exists()
            assert OutboundJob.objects.update(address="x.example") == 0
    forged: list[tuple[Scope, Workspace | None, User]] = [
        (outside, place, ben),  # into another workspace
        (outside, ben.personal_workspace, ada),  # in another's name
        (outside, None, ben),  # for the instance, without being an operator
    ]
    for scope, workspace, person in forged:
        with pytest.raises(Exception, match="row-level security"), transaction.atomic(), open_scope(scope):
            OutboundJob.objects.create(
                kind=KIND, workspace=workspace, subject_id=1, address="a", requested_by=person, created_at=NOW
            )
    assert [row.pk for row in OutboundJob.objects.all()] == [job.pk]


def test_an_operator_asks_for_calls_of_the_instance() -> None:
    otto = UserFactory.create()

    with open_scope(Scope(user_id=otto.pk, staff=frozenset({"operator"}))):
        job = request_job(kind=KIND, workspace=None, subject_id=1, address="a", by=otto, at=NOW)

    with open_scope(Scope(user_id=otto.pk + 1, staff=frozenset({"operator"}))):
        assert OutboundJob.objects.get().pk == job.pk
    with open_scope(Scope(user_id=otto.pk + 1, staff=frozenset({"moderator"}))):
        assert not OutboundJob.objects.exists()


def test_threads_end_when_there_is_nothing_left_and_start_again() -> None:
    left = 20
    lock = threading.Lock()
    done = threading.Event()

    def work() -> bool:
        nonlocal left
        with lock:
            if left == 0:
                done.set()
                return False
            left -= 1
            return True

    threads = JobThreads(work, threads=3)
    for _call in range(5):
        threads.wake()
    assert done.wait(60)
    left = 1
    done.clear()
    threads.wake()

    assert done.wait(60)
    assert left == 0


def test_a_thread_that_raised_is_replaced() -> None:
    failures, ran = [ValueError()], threading.Event()

    def work() -> bool:
        if failures:
            raise failures.pop()
        ran.set()
        return False

    quiet, threading.excepthook = threading.excepthook, lambda args: None
    try:
        threads = JobThreads(work, threads=1)
        threads.wake()
        for _try in range(600):
            if not ran.is_set():
                threads.wake()
                ran.wait(0.1)
    finally:
        threading.excepthook = quiet

    assert ran.is_set()

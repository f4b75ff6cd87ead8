"""Background jobs for operators: what failed is kept, shown in words, tried again and discarded."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
import redis
from django.conf import settings
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from config.celery import app
from config.job_signals import note_failure, note_success
from config.operator_health import LONG_WAIT, list_health
from core import job_log
from core.failed_jobs import (
    KEEP,
    get_digest,
    note_failed_job,
    read_arguments,
    remove_old_failed_jobs,
)
from core.jobs import enqueue_now
from core.models import AuditEvent, FailedJob
from core.scope import Scope, open_scope, system_scope
from tests.support.api_client import ApiClient
from tests.support.factories.workspaces import OperatorUserFactory, UserFactory
from tests.support.jobs import load_tasks, run_enqueued_jobs, take_jobs
from tests.support.pages import sign_in
from tests.support.services import WorkerService
from tests.support.times import NOW
from tests.support.waiting import wait_for
from workspaces.job_words import LABELS, describe_error
from workspaces.mail_text import MailText
from workspaces.models import OutboundJob, OutgoingMail
from workspaces.queries.jobs import has_failed_call, list_failed_rows, list_queue_names, list_scheduled_jobs
from workspaces.services.failed_jobs import retry_failed
from workspaces.services.mails import enqueue_mail

pytestmark = pytest.mark.django_db


def fail(task: str = "payouts.roll_up", error: str = "canary-77", **arguments: Any) -> FailedJob:
    try:
        raise ValueError(error)
    except ValueError as raised:
        return note_failed_job(task=task, arguments=arguments, error=raised, at=NOW)


def list_acts() -> list[tuple[str, dict[str, Any]]]:
    events = AuditEvent.objects.filter(action__startswith="workspaces.job_").order_by("pk")
    return [(event.action, event.data) for event in events]


def test_the_same_failure_is_counted_on_one_row_without_content() -> None:
    first = fail(email="ada@example.com")
    fail(email="ada@example.com")
    fail(email="bob@example.com")

    row = FailedJob.objects.get(pk=first.pk)
    assert (row.count, row.error_class, FailedJob.objects.count()) == (2, "builtins.ValueError", 2)
    assert row.error_place.startswith("tests/workspaces/test_operator_jobs.py:")
    assert read_arguments(row) == {"email": "ada@example.com"}
    stored = str(FailedJob.objects.values())
    assert "canary-77" not in stored and "ada@example.com" not in stored
    with pytest.raises(IntegrityError), transaction.atomic():
        FailedJob.objects.filter(pk=row.pk).update(count=0)
    assert remove_old_failed_jobs(at=NOW + KEEP + timedelta(seconds=1)) == 2


def test_the_page_says_what_failed_and_the_api_the_same() -> None:
    fail()
    otto = OperatorUserFactory.create()
    job_log.note_start(job_id="1", task="gpts.read_files", worker="files@here", at=timezone.now())
    job_log.note_end(job_id="2", task="payouts.roll_up", at=timezone.now(), is_ok=False)
    job_log.note_worker(name="files@here", at=timezone.now())
    job_log.note_worker(name="mail@here", at=timezone.now() - timedelta(minutes=5))

    page = sign_in(otto).get("/operator/jobs").content.decode()
    found = ApiClient(otto, scopes=["operator:work"]).get("operator/jobs").json()

    assert "Add up usage" in page and "A fault of the program (ValueError in tests/" in page
    assert [(row["kind"], row["label"], row["count"]) for row in found["failed"]] == [
        ("job", "Add up usage", 1)
    ]
    assert [(row["name"], row["is_alive"]) for row in found["workers"]] == [
        ("files@here", True),
        ("mail@here", False),
    ]
    assert [row["label"] for row in found["running"]] == ["Read files"]
    (rolled,) = [row for row in found["scheduled"] if row["task"] == "payouts.roll_up"]
    assert (rolled["rhythm"], rolled["last_succeeded"]) == ("every 5 minutes", False)
    assert {row["name"] for row in found["queues"]} == set(list_queue_names())


def test_a_failed_job_is_tried_again_once_with_its_own_arguments(
    django_capture_on_commit_callbacks: Any,
) -> None:
    job = fail("workspaces.notify_of_guesses", email="ada@example.com")
    api = ApiClient(OperatorUserFactory.create(), scopes=["operator:work"])
    with django_capture_on_commit_callbacks(execute=True):
        for _ in range(2):
            assert api.post(f"operator/jobs/job/{job.pk}/retry").status_code == 204
    assert take_jobs() == [("workspaces.notify_of_guesses", {"email": "ada@example.com"})]
    assert list_acts() == [
        ("workspaces.job_retried", {"kind": "job", "task": "workspaces.notify_of_guesses"})
    ]


def test_a_job_that_was_sent_again_and_lost_can_be_sent_once_more(
    django_capture_on_commit_callbacks: Any,
) -> None:
    job = fail("workspaces.notify_of_guesses", email="ada@example.com")
    otto = OperatorUserFactory.create()
    offers = []
    with django_capture_on_commit_callbacks(execute=True):
        for hours in (0, 1, 3):
            at = NOW + timedelta(hours=hours)
            retry_failed(kind="job", identifier=str(job.pk), by=otto, at=at)
            offers.append([row.is_retried for row in list_failed_rows(at=at + timedelta(hours=2))])
    assert (len(take_jobs()), len(list_acts()), offers) == (2, 2, [[False], [False], [False]])
    assert [row.is_retried for row in list_failed_rows(at=NOW + timedelta(hours=4))] == [True]


def test_discarding_a_mail_deletes_it_unsent(django_capture_on_commit_callbacks: Any) -> None:
    enqueue_mail(to="ada@example.com", text=MailText("Hello", ("canary",)))
    mail = OutgoingMail.objects.get()
    job = fail("workspaces.send_queued_mail", mail_id=str(mail.pk))
    api = ApiClient(OperatorUserFactory.create(), scopes=["operator:work"])
    with django_capture_on_commit_callbacks(execute=True):
        assert api("DELETE", f"operator/jobs/mail/{job.pk}").status_code == 204
    assert run_enqueued_jobs() == ["workspaces.discard_mail"]
    assert not OutgoingMail.objects.filter(pk=mail.pk).exists()
    assert not FailedJob.objects.exists()
    assert api("DELETE", f"operator/jobs/mail/{job.pk}").status_code == 404
    assert [action for action, _data in list_acts()] == ["workspaces.job_discarded"]


def test_a_failed_call_of_a_workspace_is_tried_again_for_its_own_person(
    django_capture_on_commit_callbacks: Any,
) -> None:
    ada = UserFactory.create()
    call = OutboundJob.objects.create(
        kind="gpts.knowledge_page", workspace=ada.personal_workspace, subject_id=1, requested_by=ada,
        address="https://canary.example/", state="failed", error_code="http_500", error="canary.example",
        created_at=timezone.now(), ended_at=timezone.now(),
    )  # fmt: skip
    otto = OperatorUserFactory.create()
    client = sign_in(otto)
    page = client.get("/operator/jobs").content.decode()
    assert "Fetch a web page as knowledge" in page and "http_500" in page
    assert "canary.example" not in page

    with django_capture_on_commit_callbacks(execute=True):
        client.post(f"/operator/jobs/call/{call.pk}/retry")
    (job,) = take_jobs()
    assert job == ("workspaces.settle_outbound_job", {"job_id": str(call.pk), "act": "retry"})
    enqueue_now(job[0], **job[1])
    with django_capture_on_commit_callbacks(execute=False):
        assert run_enqueued_jobs() == ["workspaces.settle_outbound_job"]
    call.refresh_from_db()
    assert (call.state, call.requested_by_id, call.error_code) == ("queued", ada.pk, "")


@pytest.mark.parametrize(
    "path",
    [
        "job/1",
        "job/x",
        f"call/{UUID(int=1)}",
        "call/1",
        f"erasure/{UUID(int=1)}",
        "else/1",
        "job/99999999999999999999",
    ],
)
def test_what_is_not_there_cannot_be_tried_or_discarded(path: str) -> None:
    api = ApiClient(OperatorUserFactory.create(), scopes=["operator:work"])
    assert api.post(f"operator/jobs/{path}/retry").status_code == 404
    assert api("DELETE", f"operator/jobs/{path}").status_code == 404
    assert (list_acts(), take_jobs()) == ([], [])


@pytest.mark.parametrize(
    ("error_class", "text"),
    [
        ("django.db.utils.OperationalError", "The database did not answer."),
        ("redis.exceptions.ConnectionError", "Redis did not answer."),
        ("smtplib.SMTPAuthenticationError", "The mail server refused the user name or the password"),
        ("smtplib.SMTPDataError", "The mail server refused the mail (SMTPDataError)."),
        ("builtins.ConnectionRefusedError", "The other server did not answer (ConnectionRefusedError)."),
        ("billiard.exceptions.WorkerLostError", "Its worker was killed"),
        ("celery.exceptions.SoftTimeLimitExceeded", "It took longer than a job may"),
        ("builtins.KeyError", "A fault of the program (KeyError in a/b.py:7)."),
    ],
)
def test_errors_read_as_sentences(error_class: str, text: str) -> None:
    assert describe_error(error_class, "a/b.py:7").startswith(text)


def test_a_success_removes_the_failure() -> None:
    class Sender:
        name = "payouts.roll_up"
        request = type("Request", (), {"kwargs": {}})

    note_failure(sender=Sender, exception=ValueError("x"), kwargs={})
    assert FailedJob.objects.get().digest == get_digest("payouts.roll_up", {})
    note_success(sender=Sender)
    assert not FailedJob.objects.exists()


def test_every_job_has_a_name_in_words() -> None:
    load_tasks()
    ours = {name for name in app.tasks if not name.startswith("celery.")}
    assert len(ours) > 60
    assert set(LABELS) == ours
    assert [job.task for job in list_scheduled_jobs({}) if job.label == job.task] == []


def test_without_redis_the_page_says_so(settings: Any, tmp_path: Any) -> None:
    settings.REDIS_URL = f"unix://{tmp_path}/nobody.sock"
    fail()
    page = sign_in(OperatorUserFactory.create()).get("/operator/jobs").content.decode()
    assert "Redis does not answer" in page and "Add up usage" in page


def test_a_real_worker_notes_what_it_runs_and_what_failed(worker: WorkerService) -> None:
    enqueue_now("workspaces.discard_mail", mail_id="no-uuid")
    enqueue_now("workspaces.forget_used_tokens")

    log = wait_for(
        lambda: (
            (found := job_log.read_job_log(list_queue_names(), at=timezone.now())).last_runs.keys()
            >= {"workspaces.discard_mail", "workspaces.forget_used_tokens"}
            and found
        )
    )

    assert log.last_runs["workspaces.forget_used_tokens"].is_ok
    assert not log.last_runs["workspaces.discard_mail"].is_ok
    assert [one.is_alive for one in log.workers] == [True]
    row = FailedJob.objects.get()
    assert (row.task, row.error_class) == ("workspaces.discard_mail", "builtins.ValueError")
    assert row.error_place.startswith("workspaces/tasks.py:")
    with redis.Redis.from_url(settings.REDIS_URL) as client:
        assert client.scard(job_log.FAILED) == 1


def test_only_operators_read_failed_calls_and_of_these_no_content() -> None:
    ada, otto = UserFactory.create(), OperatorUserFactory.create()
    with system_scope("tests"):
        calls = [
            OutboundJob.objects.create(
                kind="gpts.knowledge_page", workspace=ada.personal_workspace, subject_id=1, requested_by=ada,
                address="https://canary.example/", state=state,
                error_code="http_500" if state == "failed" else "", error="", created_at=NOW,
                ended_at=None if state == "queued" else NOW,
            )
            for state in ("failed", "done", "queued")
        ]  # fmt: skip
    operator = Scope(user_id=otto.pk, staff=frozenset({"operator"}))
    for scope, found in (
        (operator, [(calls[0].pk, "gpts.knowledge_page", "http_500")]),
        (Scope(user_id=otto.pk, staff=frozenset({"moderator"})), []),
        (Scope(user_id=otto.pk, workspace_ids=(10**9,)), []),
    ):
        with open_scope(scope), connection.cursor() as cursor:
            cursor.execute("SELECT * FROM workspaces_failed_calls(NULL, NULL, 10)")
            assert [row[:3] for row in cursor.fetchall()] == found
            # The table stays closed, before and after.
            assert not OutboundJob.objects.exists()
    with open_scope(operator):
        assert [has_failed_call(str(call.pk)) for call in calls] == [True, False, False]


def test_the_page_and_the_api_say_since_when_the_next_job_waits() -> None:
    otto = OperatorUserFactory.create()
    before = timezone.now()
    enqueue_now("workspaces.discard_mail", mail_id="first")
    between = timezone.now()
    enqueue_now("workspaces.discard_mail", mail_id="second")

    log = job_log.read_job_log(list_queue_names(), at=timezone.now())
    found = ApiClient(otto, scopes=["operator:work"]).get("operator/jobs").json()
    page = sign_in(otto).get("/operator/jobs").content.decode()

    assert log.queues["mail"] == 2
    assert set(log.oldest) == {"mail"}
    assert before <= log.oldest["mail"] <= between
    queues = {row["name"]: row["oldest_at"] for row in found["queues"]}
    assert datetime.fromisoformat(queues["mail"]) == log.oldest["mail"]
    assert {name for name, at in queues.items() if at is None} == set(list_queue_names()) - {"mail"}
    assert page.count("The next job was sent") == 1


def test_a_job_that_waits_for_long_is_named_on_the_page_of_health() -> None:
    enqueue_now("workspaces.discard_mail", mail_id="first")
    enqueue_now("gpts.embed_waiting")
    at = timezone.now()
    soon, late = (list_health(at=at + wait)["queues"] for wait in (timedelta(0), LONG_WAIT * 2))
    named = [
        [state.name for state in states if "was sent at" in str(state.problem)] for states in (soon, late)
    ]
    assert named == [[], ["Queue “mail”"]]


def test_messages_of_an_earlier_release_have_no_age() -> None:
    with redis.Redis.from_url(settings.REDIS_URL) as client:
        for message in ('{"headers": {}}', "{}", "no json"):
            client.rpush("celery", message)
            log = job_log.read_job_log(["celery"], at=timezone.now())
            assert (log.oldest, log.queues["celery"] > 0) == ({}, True)


def test_health_and_limits_are_for_programs_of_operators_too() -> None:
    api = ApiClient(OperatorUserFactory.create(), scopes=["operator:work"])
    health, limits = api.get("operator/health").json(), api.get("operator/limits").json()

    assert set(health) == {"is_healthy", "servers", "queues", "storage", "search", "mail", "providers"}
    assert health["is_healthy"] is False  # no worker runs
    assert [set(one) for one in health["servers"]] == [{"name", "value", "problem", "is_reachable"}] * 3
    assert [one["name"] for one in health["storage"]][1] == "Writing, reading and deleting a file"
    assert limits[0]["title"] == "Changed while it runs"
    assert {"label", "value", "where", "path"} == set(limits[0]["limits"][0])
    for path in ("operator/health", "operator/limits"):
        assert ApiClient(OperatorUserFactory.create(), scopes=["account"]).get(path).status_code == 403

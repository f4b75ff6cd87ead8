"""Files of knowledge and chats are read in fair order: each person and workspace has its share of slots."""

from __future__ import annotations

from contextlib import nullcontext
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from core.errors import Conflict
from gpts.assistants.models import GPT
from gpts.chat.models import Attachment
from gpts.chat.queries.attachments import LOST_SECONDS
from gpts.chat.services.attachments import MAX_ATTEMPTS, sweep_unread_attachments
from gpts.chat.services.file_queue import read_waiting_files
from gpts.knowledge.models import Document, KnowledgeFile
from gpts.knowledge.services.files import retry_file, upload_knowledge_file
from tests.support.chat import create_public_gpt
from tests.support.factories.gpts import GPTFactory
from tests.support.factories.workspaces import UserFactory
from tests.support.jobs import take_jobs_of
from tests.support.pages import sign_in
from tests.support.times import NOW
from tests.support.uploads import make_upload
from workspaces.models import User

pytestmark = pytest.mark.django_db


def upload(gpt: GPT, name: str, minutes: int = 0) -> Document:
    file = upload_knowledge_file(
        gpt=gpt,
        upload=make_upload(name, f"The text of {name}."),
        by=gpt.owner,
        at=NOW + timedelta(minutes=minutes),
    )
    return Document.objects.get(pk=file.document_id or 0)


def attach(gpt: GPT, reader: User, name: str) -> Attachment:
    client: Client = sign_in(reader)
    answer = client.post(
        f"/g/{gpt.slug}/chat/attachments", {"file": make_upload(name, f"The text of {name}.")}
    )
    return Attachment.objects.get(pk=answer.json()["id"])


def read_all() -> int:
    return read_waiting_files(step=nullcontext, clock=lambda: NOW + timedelta(hours=1))


def test_one_job_reads_the_files_of_all() -> None:
    documents = [upload(GPTFactory.create(), "a.txt"), upload(GPTFactory.create(), "b.txt")]
    attachment = attach(create_public_gpt(), UserFactory.create(display_name="Reader"), "c.txt")

    assert read_all() == 3

    assert {Document.objects.get(pk=one.pk).state for one in documents} == {"ready"}
    attachment.refresh_from_db()
    assert (attachment.state, attachment.text, attachment.attempts) == ("ready", "The text of c.txt.", 1)
    assert read_all() == 0


def test_the_one_file_of_a_person_is_read_second_beside_the_many_of_another() -> None:
    hoarder = GPTFactory.create()
    many = [upload(hoarder, f"{number}.txt", number) for number in range(6)]
    one = upload(GPTFactory.create(), "mine.txt", 50)

    assert read_all() == 7

    ended = list(Document.objects.order_by("passages__id").values_list("pk", flat=True))
    assert ended == [many[0].pk, one.pk, *(document.pk for document in many[1:])]


def test_a_share_that_has_its_slots_waits_and_others_do_not(settings: Any) -> None:
    settings.FILES_PER_WORKSPACE = 2
    hoarder = GPTFactory.create()
    for number in range(2):
        running = upload(hoarder, f"{number}.txt")
        Document.objects.filter(pk=running.pk).update(
            state="extracting", heartbeat_at=NOW + timedelta(hours=1)
        )
    waiting = upload(hoarder, "waits.txt")
    other = upload(GPTFactory.create(), "other.txt", 50)

    assert read_all() == 1

    assert Document.objects.get(pk=other.pk).state == "ready"
    assert Document.objects.get(pk=waiting.pk).state == "waiting"


def test_attachments_count_against_the_share_of_documents(settings: Any) -> None:
    settings.FILES_PER_WORKSPACE = 1
    gpt = GPTFactory.create()
    attachment = attach(create_public_gpt(), gpt.owner, "running.txt")
    Attachment.objects.filter(pk=attachment.pk).update(
        state="extracting", reading_at=NOW + timedelta(hours=1)
    )
    document = upload(gpt, "waits.txt")

    assert read_all() == 0

    assert Document.objects.get(pk=document.pk).state == "waiting"


def test_an_attachment_whose_workers_die_fails_after_two_attempts() -> None:
    attachment = attach(create_public_gpt(), UserFactory.create(display_name="Reader"), "a.txt")
    lost_at = NOW + timedelta(hours=1) - timedelta(seconds=LOST_SECONDS + 1)
    Attachment.objects.filter(pk=attachment.pk).update(
        state="extracting", reading_at=lost_at, attempts=MAX_ATTEMPTS
    )

    assert read_all() == 0

    attachment.refresh_from_db()
    assert (attachment.state, attachment.failure, attachment.text) == ("failed", "crashed", "")


def test_an_attachment_that_waits_for_a_minute_wakes_a_worker(
    django_capture_on_commit_callbacks: Any,
) -> None:
    attachment = attach(create_public_gpt(), UserFactory.create(display_name="Reader"), "a.txt")
    take_jobs_of("files")
    made = attachment.created_at

    with django_capture_on_commit_callbacks(execute=True):
        assert sweep_unread_attachments(at=made + timedelta(seconds=59)) == 0
    assert take_jobs_of("files") == []
    with django_capture_on_commit_callbacks(execute=True):
        assert sweep_unread_attachments(at=made + timedelta(seconds=61)) == 1
    assert take_jobs_of("files") == [("gpts.read_files", {})]


def fail_slowly(document: Document, settings: Any) -> None:
    settings.EXTRACTION_SECONDS = 1
    read_all()
    document.refresh_from_db()


def test_a_file_that_takes_too_long_is_retried_once_and_no_more(settings: Any) -> None:
    gpt = GPTFactory.create()
    file = upload_knowledge_file(
        gpt=gpt, upload=make_upload("slow.txt", "a\n\n" * 5_000_000), by=gpt.owner, at=NOW
    )
    document = Document.objects.get(pk=file.document_id or 0)
    fail_slowly(document, settings)
    assert (document.state, document.failure, document.timeouts, document.attempts) == (
        "failed",
        "timeout",
        1,
        1,
    )

    retry_file(file=KnowledgeFile.objects.get(pk=file.pk), by=gpt.owner, at=NOW)
    fail_slowly(document, settings)
    assert (document.state, document.failure, document.timeouts) == ("failed", "timeout", 2)

    with pytest.raises(Conflict) as refusal:
        retry_file(file=KnowledgeFile.objects.get(pk=file.pk), by=gpt.owner, at=NOW)
    assert refusal.value.code == "file_too_slow"
    # The same content again is the same document, and is not read either.
    upload_knowledge_file(
        gpt=GPTFactory.create(owner=gpt.owner, workspace=gpt.workspace),
        upload=make_upload("slow2.txt", "a\n\n" * 5_000_000),
        by=gpt.owner,
        at=NOW,
    )
    assert read_all() == 0
    document.refresh_from_db()
    assert (document.state, document.timeouts) == ("failed", 2)


def test_the_queue_is_locked_while_a_file_is_chosen() -> None:
    """Two workers that choose at the same time would each give a share its last slot."""
    upload(GPTFactory.create(), "a.txt")
    seen: list[str] = []

    def note(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        seen.append(sql)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        read_all()

    assert seen[0].startswith("SELECT pg_advisory_xact_lock")

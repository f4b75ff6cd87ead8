"""Files uploaded to a real web service, read by a real worker, and cited in an answer."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from core.scope import system_scope
from gpts.assistants.models import GPT
from gpts.assistants.services.versions import freeze_version, set_live_version
from gpts.assistants.states import Audience
from gpts.chat.models import Message
from gpts.knowledge.models import Document, KnowledgeFile
from gpts.knowledge.services.documents import SILENCE_SECONDS, sweep_documents
from gpts.knowledge.services.files import upload_knowledge_file
from gpts.llm.services.providers import ensure_offline_provider
from tests.support import knowledge_files
from tests.support.factories.gpts import GPTFactory
from tests.support.factories.workspaces import UserFactory
from tests.support.services import WebService, WorkerService, start_service
from tests.support.times import NOW
from tests.support.uploads import make_upload
from tests.support.web_client import MakeWebClient

ENDED = ("ready", "failed")


@pytest.fixture(autouse=True)
def own_media() -> Path:
    """The storage of the services, which are other processes than the test."""
    return Path(settings.MEDIA_ROOT)


@pytest.fixture
def start_worker(transactional_db: None) -> Iterator[Callable[[], WorkerService]]:
    """Returns a function that starts another worker."""
    started: list[WorkerService] = []

    def start() -> WorkerService:
        started.append(start_service(WorkerService))
        return started[-1]

    yield start
    for service in started:
        service.stop()


def make_gpt() -> GPT:
    with system_scope("tests"):
        return GPTFactory.create(language_model=ensure_offline_provider(at=NOW))


def upload_file(gpt: GPT, name: str, data: str | bytes) -> KnowledgeFile:
    with system_scope("tests"):
        return upload_knowledge_file(gpt=gpt, upload=make_upload(name, data), by=gpt.owner, at=timezone.now())


def wait_for(condition: Callable[[], Any], seconds: float = 60) -> Any:
    end = time.monotonic() + seconds
    while not (found := condition()):
        if time.monotonic() > end:
            raise AssertionError(list(Document.objects.values("state", "failure", "progress", "attempts")))
        time.sleep(0.05)
    return found


def wait_for_states(*files: KnowledgeFile) -> list[tuple[str, str]]:
    wanted = [file.document_id or 0 for file in files]
    wait_for(lambda: Document.objects.filter(pk__in=wanted, state__in=ENDED).count() == len(wanted))
    found = {row.pk: (row.state, row.failure) for row in Document.objects.filter(pk__in=wanted)}
    return [found[identifier] for identifier in wanted]


def list_reading_processes(worker: WorkerService) -> list[int]:
    """Return the ids of the processes that the worker started to read files."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdecimal():
            continue
        try:
            parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            command = (entry / "cmdline").read_bytes()
        except (OSError, IndexError):
            continue
        if parent == worker.process.pid and b"gpts.knowledge.extraction.worker" in command:
            found.append(int(entry.name))
    return found


def test_an_uploaded_file_is_read_and_an_answer_cites_its_passage(
    server: WebService, worker: WorkerService, make_web_client: MakeWebClient
) -> None:
    gpt = make_gpt()
    owner = make_web_client(gpt.owner)
    pdf = knowledge_files.make_pdf(
        "Welcome.", "A bicycle can be returned within thirty days.", outline=[("Returns", 1)]
    )

    upload = {"file": ("shop.pdf", pdf)}
    taken = owner.http.post(
        f"/build/{gpt.slug}/knowledge", files=upload, headers={"Accept": "application/json"}
    )
    assert taken.status_code == 201
    assert wait_for_states(KnowledgeFile.objects.get()) == [("ready", "")]
    with system_scope("tests"):
        gpt.refresh_from_db()
        version = freeze_version(gpt=gpt, release_notes="", by=gpt.owner, at=NOW)
        set_live_version(gpt=gpt, version=version, audience=Audience.PUBLIC, at=NOW)
        reader = make_web_client(UserFactory.create(display_name="Reader"))
    reader.say(f"/g/{gpt.slug}/chat/turns", "How many days to return a bicycle?")

    answer = Message.objects.get(role="assistant")
    source = answer.citations[0]
    assert (source["file"], source["heading"], source["page"]) == ("shop.pdf", "Returns", 2)
    turn = answer.turn
    passage = reader.http.get(f"/c/{turn.conversation_id}/turns/{turn.pk}/sources/{source['number']}").text
    assert "A bicycle can be returned within thirty days." in passage
    assert "page 2" in passage


def test_hostile_files_fail_with_their_codes_and_later_files_are_read(
    worker: WorkerService,
) -> None:
    gpt = make_gpt()
    hostile = {
        "bomb.docx": (knowledge_files.make_zip_bomb("docx"), "bomb"),
        "lying.docx": (knowledge_files.make_lying_zip_bomb(), "malformed"),
        "locked.pdf": (knowledge_files.make_locked_pdf(), "encrypted"),
        "pictures.pdf": (knowledge_files.make_pdf(""), "no_text"),
        "deep.json": (b"[" * 100_000, "malformed"),
        "macros.docx": (
            knowledge_files.make_docx(("", "x"), extra={"word/vbaProject.bin": b"x"}),
            "macros",
        ),
        "spaces.txt": (b" \n \n", "empty"),
    }

    files = [upload_file(gpt, name, data) for name, (data, _code) in hostile.items()]
    good = upload_file(gpt, "good.txt", "The canary sings.")

    assert wait_for_states(*files) == [("failed", code) for _data, code in hostile.values()]
    assert wait_for_states(good) == [("ready", "")]
    assert worker.process.poll() is None


def test_reading_is_retried_after_the_child_is_killed(worker: WorkerService) -> None:
    gpt = make_gpt()
    long = "".join(f"Sentence {number} says something of its own.\n\n" for number in range(120_000))
    file = upload_file(gpt, "long.txt", long)

    (child,) = wait_for(lambda: list_reading_processes(worker))
    os.kill(child, signal.SIGKILL)
    wait_for(
        lambda: (
            Document.objects.filter(attempts=1, retry_at__isnull=False) or Document.objects.get().attempts > 1
        )
    )
    other = upload_file(gpt, "other.txt", "The canary sings.")

    assert wait_for_states(other) == [("ready", "")]
    assert wait_for_states(file) == [("ready", "")]
    assert Document.objects.get(pk=file.document_id or 0).attempts == 2


def test_a_document_of_a_dead_worker_is_read_by_another(
    worker: WorkerService, start_worker: Callable[[], WorkerService]
) -> None:
    gpt = make_gpt()
    long = "".join(f"Sentence {number} says something of its own.\n\n" for number in range(120_000))
    file = upload_file(gpt, "long.txt", long)
    wait_for(lambda: list_reading_processes(worker))
    os.killpg(worker.process.pid, signal.SIGKILL)
    worker.process.wait()
    held = Document.objects.get(pk=file.document_id or 0)
    assert (held.state, held.attempts) == ("extracting", 1)
    # As if its last heartbeat were too old.
    long_ago = timezone.now() - timedelta(seconds=SILENCE_SECONDS + 1)
    Document.objects.filter(pk=held.pk).update(heartbeat_at=long_ago)

    following = start_worker()
    with system_scope("tests"), transaction.atomic():
        assert sweep_documents(at=timezone.now()) == 1

    assert wait_for_states(file) == [("ready", "")]
    assert Document.objects.get(pk=file.document_id or 0).attempts == 2
    assert following.process.poll() is None

"""Files that an older reader read are read again, while what was read before goes on answering."""

from __future__ import annotations

from contextlib import nullcontext
from datetime import timedelta
from io import StringIO

import pytest
from django.core.cache import cache
from django.core.files.storage import default_storage
from django.core.management import call_command
from django.core.management.base import CommandError
from django.test import Client

from core.models import AuditEvent
from gpts.assistants.models import GPT
from gpts.chat.services.file_queue import read_waiting_files
from gpts.knowledge.extraction import RemarkCode
from gpts.knowledge.extraction.kinds import VERSIONS, find_media_type
from gpts.knowledge.models import Document, KnowledgeFile, Passage
from gpts.knowledge.queries import list_outdated_files, list_readable_documents
from gpts.knowledge.retrieval import find_passages, index_passages
from gpts.knowledge.services.documents import SILENCE_SECONDS
from gpts.knowledge.services.embedding_queue import embed_waiting_documents
from gpts.knowledge.services.files import add_knowledge_file, upload_knowledge_file
from gpts.knowledge.services.reading import claim_document, read_document
from gpts.knowledge.services.rereading import reread_file, reread_outdated_files
from gpts.knowledge.states import FileState
from gpts.llm.services.providers import ensure_builtin_embeddings
from tests.support.api_client import ApiClient
from tests.support.factories.gpts import GPTFactory
from tests.support.jobs import take_jobs
from tests.support.knowledge_files import make_xlsx
from tests.support.times import NOW
from tests.support.uploads import make_upload

pytestmark = pytest.mark.django_db

BOOK = make_xlsx({
    "Berths": [["Berth", "Fee"], ["North quay", "20 euro " + "x" * 900]],
    "Cranes": [["Crane", "Fee"], ["Gantry", "90 euro " + "y" * 900]],
})  # fmt: skip
CURRENT = VERSIONS[find_media_type("a.xlsx")]


def add_old_file(gpt: GPT, *, version: int = 0) -> KnowledgeFile:
    """A workbook as an older reader left it: without rows, one passage with another text, one too many."""
    cache.clear()
    file = add_knowledge_file(gpt=gpt, upload=make_upload("fees.xlsx", BOOK), by=gpt.owner, at=NOW)
    document = file.document
    assert document is not None
    passages = Passage.objects.filter(document=document)
    passages.update(first_row=None, last_row=None)
    passages.filter(position=1).update(text="Gantry: 80 euro, as the older reader had it")
    Passage.objects.create(
        workspace_id=document.workspace_id, document=document, position=2, text="Old nonsense walrus"
    )
    Document.objects.update(reader_version=version, passage_count=3)
    index_passages(document)
    return KnowledgeFile.objects.select_related("document", "gpt").get(pk=file.pk)


def read(file: KnowledgeFile) -> Document:
    read_document(document_id=file.document_id or 0, step=nullcontext, clock=lambda: NOW)
    return Document.objects.get(pk=file.document_id or 0)


def test_new_files_have_todays_reader_and_need_nothing() -> None:
    gpt = GPTFactory.create()
    file = add_knowledge_file(gpt=gpt, upload=make_upload("fees.xlsx", BOOK), by=gpt.owner, at=NOW)

    assert file.document is not None
    assert Document.objects.get().reader_version == CURRENT
    assert not reread_file(file=file, by=gpt.owner, at=NOW)
    assert reread_outdated_files(gpt=gpt, by=gpt.owner, at=NOW) == 0
    assert not list_outdated_files().exists()
    assert not AuditEvent.objects.filter(action="gpts.file_reread").exists()


def test_the_old_passages_answer_until_the_new_ones_are_there_and_kept_ones_cost_nothing() -> None:
    gpt = GPTFactory.create()
    file = add_old_file(gpt)
    ensure_builtin_embeddings(at=NOW)
    assert embed_waiting_documents(clock=lambda: NOW) == 3
    kept = Passage.objects.get(position=0)

    assert [reread_file(file=file, by=gpt.owner, at=NOW) for _time in range(2)] == [True, False]
    claimed = claim_document(file.document_id or 0, NOW)
    assert claimed is not None and claimed.state == FileState.READY
    assert [found.text for found in find_passages(gpt, "walrus")] == ["Old nonsense walrus"]
    Document.objects.update(claim=None)
    document = read(file)

    rows = Passage.objects.order_by("position").values_list("position", "first_row", "last_row")
    assert list(rows) == [(0, 2, 2), (1, 2, 2)]
    assert Passage.objects.get(position=0).pk == kept.pk
    assert (document.state, document.reader_version, document.reread_at, document.passage_count) == (
        FileState.READY, CURRENT, None, 2,
    )  # fmt: skip
    assert find_passages(gpt, "walrus") == []
    assert find_passages(gpt, "gantry")[0].rows == (2, 2)
    # One vector alone is made: the text of the other passage is the same.
    assert embed_waiting_documents(clock=lambda: NOW) == 1
    assert AuditEvent.objects.filter(action="gpts.file_reread").count() == 1


def test_what_cannot_be_read_again_keeps_its_passages_and_says_why() -> None:
    gpt = GPTFactory.create()
    file = add_old_file(gpt)
    before = list(Passage.objects.order_by("position").values())
    reread_file(file=file, by=gpt.owner, at=NOW)
    assert file.document is not None
    default_storage.delete(file.document.storage_key)

    document = read(file)

    assert (document.state, document.reread_failure, document.reread_at, document.is_outdated) == (
        FileState.READY, "lost", None, True,
    )  # fmt: skip
    assert list(Passage.objects.order_by("position").values()) == before
    assert [found.text for found in find_passages(gpt, "walrus")] == ["Old nonsense walrus"]
    client = Client()
    client.force_login(gpt.owner)
    page = client.get(f"/build/{gpt.slug}/knowledge/{file.pk}").content.decode()
    assert "Reading this file again did not work" in page


def test_a_worker_that_dies_is_followed_by_another_and_new_files_come_first() -> None:
    gpt = GPTFactory.create()
    file = add_old_file(gpt)
    reread_file(file=file, by=gpt.owner, at=NOW)
    new = upload_knowledge_file(gpt=gpt, upload=make_upload("new.txt", "A seal."), by=gpt.owner, at=NOW)
    later, dead = NOW + timedelta(seconds=SILENCE_SECONDS + 1), NOW + timedelta(seconds=1)

    [first] = list_readable_documents(at=NOW, heartbeat_before=NOW)
    claim_document(file.document_id or 0, NOW)
    claimed_again = claim_document(file.document_id or 0, NOW + timedelta(seconds=5))
    take_jobs()
    done = read_waiting_files(step=nullcontext, clock=lambda: later)

    assert (first.key, claimed_again) == (new.document_id, None)
    assert done == 2
    assert Document.objects.get(pk=file.document_id or 0).reader_version == CURRENT
    assert list_readable_documents(at=later, heartbeat_before=dead) == []
    take_jobs()


def test_page_api_and_command_ask_for_it_once() -> None:
    gpt = GPTFactory.create()
    file = add_old_file(gpt, version=CURRENT - 1)
    client, call, out = Client(), ApiClient(gpt.owner), StringIO()
    client.force_login(gpt.owner)
    base = f"/build/{gpt.slug}/knowledge"

    listed = client.get(base).content.decode()
    shown = client.get(f"{base}/{file.pk}").content.decode()
    call_command("reread_knowledge", "--gpt", gpt.slug, "--dry-run", stdout=out)
    with pytest.raises(CommandError, match="no GPT with the address nowhere"):
        call_command("reread_knowledge", "--gpt", "nowhere")
    assert Document.objects.get().reread_at is None
    asked = call("POST", f"gpts/{gpt.slug}/knowledge/{file.pk}/reread").json()
    client.post(f"{base}/reread")
    client.post(f"{base}/{file.pk}/reread")
    again = call("POST", f"gpts/{gpt.slug}/knowledge/reread").json()
    call_command("reread_knowledge", "--workspace", gpt.workspace.slug, stdout=out)
    waiting = client.get(f"{base}/{file.pk}").content.decode()
    call_command("reread_knowledge", stdout=out)

    assert "An older reader read 1 file" in listed
    assert "An older reader read this file" in shown
    assert f"by version {CURRENT - 1} of the reader" in shown
    assert out.getvalue().splitlines() == [
        "1 files were read by an older reader.",
        "0 documents of 0 files will be read again.",
        "0 documents of 0 files will be read again.",
    ]
    assert (asked["is_outdated"], asked["is_being_reread"], asked["reader_version"], asked["state"]) == (
        True, True, CURRENT - 1, "ready",
    )  # fmt: skip
    assert again == {"count": 0}
    assert "This file is being read again" in waiting
    assert AuditEvent.objects.filter(action="gpts.file_reread").count() == 1
    Document.objects.update(reread_at=None)
    call_command("reread_knowledge", stdout=out)
    assert out.getvalue().splitlines()[-1] == "1 documents of 1 files will be read again."
    take_jobs()


def test_a_file_that_lacked_a_language_may_be_read_again_at_any_time() -> None:
    gpt = GPTFactory.create()
    file = add_old_file(gpt, version=CURRENT)
    refused = reread_file(file=file, by=gpt.owner, at=NOW)
    remark = {
        "code": RemarkCode.OCR_LANGUAGES_MISSING,
        "count": 1,
        "limit": 0,
        "ranges": [],
        "names": ["jpn"],
    }
    Document.objects.update(remarks=[remark])

    assert (refused, reread_file(file=file, by=gpt.owner, at=NOW)) == (False, True)
    take_jobs()

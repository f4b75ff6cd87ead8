"""Services of knowledge files: uploading, replacing, renaming, retrying, erasing; limits and refusals."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from core.errors import Conflict, DomainError, InvalidInput, RateLimited, TooLarge
from core.models import AuditEvent
from core.scope import Scope, current_scope, open_scope
from gpts.assistants.models import GPT
from gpts.assistants.services.versions import freeze_version
from gpts.knowledge.models import Document, KnowledgeFile, Passage
from gpts.knowledge.queries import list_knowledge_files, list_passages
from gpts.knowledge.retrieval import find_passages
from gpts.knowledge.services.documents import sweep_documents, sweep_leftovers
from gpts.knowledge.services.files import (
    add_knowledge_file,
    erase_file,
    remove_knowledge_file,
    replace_file,
    retry_file,
    update_file,
    upload_knowledge_file,
)
from gpts.knowledge.services.reading import read_document
from gpts.knowledge.services.review_dates import notify_owners_of_stale_files
from tests.support.companies import create_company
from tests.support.factories.gpts import GPTFactory
from tests.support.knowledge_files import EICAR, make_docx
from tests.support.times import LATER, NOW
from tests.support.uploads import make_upload
from workspaces.models import Notification

pytestmark = pytest.mark.django_db

Run = Callable[..., Any]


def upload_file(
    gpt: GPT, name: str = "a.txt", text: str | bytes = "The canary sings.", at: Any = NOW
) -> KnowledgeFile:
    return upload_knowledge_file(gpt=gpt, upload=make_upload(name, text), by=gpt.owner, at=at)


def read(file: KnowledgeFile, at: Any = NOW) -> int | None:
    return read_document(document_id=file.document_id or 0, step=nullcontext, clock=lambda: at)


def get_document(file: KnowledgeFile) -> Document:
    return Document.objects.get(files=file)


def list_stored_bytes(media: Path) -> list[bytes]:
    return sorted(path.read_bytes() for path in media.rglob("*") if path.is_file())


def test_an_uploaded_file_waits_until_it_is_read() -> None:
    gpt = GPTFactory.create()

    file = upload_file(gpt)

    assert (get_document(file).state, find_passages(gpt, "canary")) == ("waiting", [])
    assert read(file) is None
    assert get_document(file).state == "ready"
    assert [found.text for found in find_passages(gpt, "canary")] == ["The canary sings."]


def test_reading_is_enqueued_after_commit(django_capture_on_commit_callbacks: Run) -> None:
    gpt = GPTFactory.create()

    with django_capture_on_commit_callbacks() as jobs:
        upload_file(gpt)
    with django_capture_on_commit_callbacks() as again:
        upload_file(gpt)

    assert (len(jobs), len(again)) == (1, 1)
    read(KnowledgeFile.objects.get())
    with django_capture_on_commit_callbacks() as ready:
        upload_file(gpt)
    assert ready == []


@pytest.mark.parametrize("act", ["add", "replace"])
@pytest.mark.parametrize(
    ("name", "data", "code"),
    [
        ("a.txt", b"", "file_empty"),
        ("a.exe", b"text", "file_unknown_type"),
        ("a.txt", b"x" * 101, "file_too_large"),
        ("a.docx", b"text", "file_malformed"),
        ("a.txt", EICAR, "file_malware"),
        ("..", b"text", "bad_name"),
    ],
)
def test_a_refused_upload_changes_nothing(
    act: str, name: str, data: bytes, code: str, own_media: Path, settings: Any
) -> None:
    settings.KNOWLEDGE_FILE_BYTES = 100
    gpt = GPTFactory.create()
    file = upload_file(gpt)
    upload = SimpleUploadedFile("x", data)
    upload._name = name  # type: ignore[attr-defined]  # past Django's own cleaning of names
    before = (AuditEvent.objects.count(), GPT.objects.get(pk=gpt.pk).draft_revision)

    to = {"gpt": gpt} if act == "add" else {"file": file}

    with pytest.raises(DomainError) as refusal:
        (upload_knowledge_file if act == "add" else replace_file)(**to, upload=upload, by=gpt.owner, at=NOW)

    assert (refusal.value.code, refusal.value.field) == (code, "file")
    assert (AuditEvent.objects.count(), GPT.objects.get(pk=gpt.pk).draft_revision) == before
    assert [(held.pk, held.name) for held in list_knowledge_files(gpt)] == [(file.pk, "a.txt")]
    assert list_stored_bytes(own_media) == [b"The canary sings."]


def test_the_storage_of_a_workspace_is_limited(own_media: Path, settings: Any) -> None:
    settings.KNOWLEDGE_WORKSPACE_BYTES = 30
    gpt = GPTFactory.create()
    upload_file(gpt, text="x" * 20)

    with pytest.raises(TooLarge) as full:
        upload_file(GPTFactory.create(owner=gpt.owner), text="y" * 11)
    same = upload_file(GPTFactory.create(owner=gpt.owner), text="x" * 20)
    other = upload_file(GPTFactory.create(), text="y" * 11)

    assert (full.value.code, full.value.data) == ("workspace_full", {"limit": 30, "used": 20})
    assert same.document_id == KnowledgeFile.objects.get(gpt=gpt).document_id
    assert other.workspace_id != gpt.workspace_id
    assert list_stored_bytes(own_media) == [b"x" * 20, b"y" * 11]


def test_what_a_person_added_counts_in_all_of_their_workspaces(own_media: Path, settings: Any) -> None:
    """Also with an API key, whose scope has one workspace only; a colleague has room of their own."""
    settings.KNOWLEDGE_PERSON_BYTES, settings.KNOWLEDGE_FILES_PER_HOUR = 30, 2
    gpt = GPTFactory.create()
    ada, company = gpt.owner, create_company(gpt.owner)
    upload_file(gpt, text="x" * 20)
    inside = GPTFactory.create(owner=ada, workspace=company)

    with open_scope(Scope(user_id=ada.pk, workspace_ids=(company.pk,))):
        with pytest.raises(TooLarge) as full:
            upload_file(inside, text="y" * 11)
        upload_file(inside, text="z" * 10)
        with pytest.raises(RateLimited) as fast:
            upload_file(inside, text="w")
        assert current_scope().workspace_ids == (company.pk,)
    other = upload_file(GPTFactory.create(), text="y" * 11)

    assert (full.value.code, full.value.data) == ("person_full", {"limit": 30, "used": 20})
    assert fast.value.code == "too_many_files_an_hour"
    assert other.uploaded_by_id != ada.pk
    assert list_stored_bytes(own_media) == [b"x" * 20, b"y" * 11, b"z" * 10]


def test_the_number_of_new_files_an_hour_is_limited(settings: Any) -> None:
    settings.KNOWLEDGE_FILES_PER_HOUR = 3
    gpt = GPTFactory.create()
    for number in range(3):
        upload_file(gpt, text=f"Number {number}")

    with pytest.raises(RateLimited) as refusal:
        upload_file(gpt, text="One more")

    assert refusal.value.code == "too_many_files_an_hour"
    assert upload_file(gpt, text="Later", at=NOW + timedelta(hours=1)).name == "a.txt"


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("../../etc/passwd.txt", "passwd.txt"),
        ("..\\..\\boot.txt", "boot.txt"),
        ("C:\\temp\\a.txt", "a.txt"),
        ("a\x00b.txt", "ab.txt"),
        ("in\u202etxt.exe.txt", "intxt.exe.txt"),
        ("🚲 emoji 报告.txt", "🚲 emoji 报告.txt"),
        ("דוח.txt", "דוח.txt"),
        ("x" * 400 + ".txt", "x" * 251 + ".txt"),
    ],
)
def test_a_name_is_cleaned_and_not_used_in_the_storage(given: str, shown: str, own_media: Path) -> None:
    gpt = GPTFactory.create()
    upload = make_upload("x", "text")
    upload._name = given  # type: ignore[attr-defined]  # past Django's own cleaning of names

    file = upload_knowledge_file(gpt=gpt, upload=upload, by=gpt.owner, at=NOW)

    assert file.name == shown
    (path,) = [found for found in own_media.rglob("*") if found.is_file()]
    assert path.parent == own_media / "knowledge" / str(gpt.workspace_id)
    assert path.name.isalnum()


@pytest.mark.parametrize("name", ["a\r\nSet-Cookie: x.txt", "\x1b[31m.txt"])
def test_control_characters_in_a_name_are_refused(name: str) -> None:
    upload = make_upload("x", "text")
    upload._name = name  # type: ignore[attr-defined]  # past Django's own cleaning of names
    gpt = GPTFactory.create()

    try:
        file = upload_knowledge_file(gpt=gpt, upload=upload, by=gpt.owner, at=NOW)
    except InvalidInput as refusal:
        assert refusal.code == "control_characters"  # noqa: PT017  # either way nothing of them is left
        assert not KnowledgeFile.objects.exists()
    else:
        assert file.name.isprintable()


def test_replacing_keeps_name_and_review_date_and_does_not_affect_frozen_versions(own_media: Path) -> None:
    gpt = GPTFactory.create()
    file = upload_file(gpt, "Report.docx", make_docx(("", "The canary sings.")))
    read(file)
    update_file(file=file, review_on=date(2027, 1, 1), by=gpt.owner, at=NOW)
    version = freeze_version(gpt=gpt, release_notes="", by=gpt.owner, at=NOW)

    new = replace_file(
        file=file, upload=make_upload("other.txt", "The canary sleeps."), by=gpt.owner, at=LATER
    )
    read(new)

    assert (new.name, new.review_on, new.created_at) == ("Report.txt", date(2027, 1, 1), LATER)
    assert [held.pk for held in list_knowledge_files(gpt)] == [new.pk]
    assert [found.text for found in find_passages(gpt, "canary")] == ["The canary sleeps."]
    assert [found.text for found in find_passages(gpt, "canary", version=version)] == ["The canary sings."]
    assert len(list_stored_bytes(own_media)) == 2


def test_replacing_a_file_that_no_version_needs_erases_the_old_bytes(
    own_media: Path, django_capture_on_commit_callbacks: Run
) -> None:
    gpt = GPTFactory.create()
    file = upload_file(gpt)
    read(file)

    with django_capture_on_commit_callbacks(execute=True):
        replace_file(file=file, upload=make_upload("b.txt", "New words"), by=gpt.owner, at=LATER)

    assert list_stored_bytes(own_media) == [b"New words"]
    assert not Passage.objects.exists()


def test_replacing_by_the_same_content_or_that_of_another_file(own_media: Path) -> None:
    gpt = GPTFactory.create()
    file, other = upload_file(gpt), upload_file(gpt, "b.txt", "Other words")

    same = replace_file(file=file, upload=make_upload("c.txt", "The canary sings."), by=gpt.owner, at=LATER)
    with pytest.raises(Conflict) as twice:
        replace_file(file=file, upload=make_upload("c.txt", "Other words"), by=gpt.owner, at=LATER)

    assert (same.pk, same.name) == (file.pk, "a.txt")
    assert twice.value.code == "file_twice"
    assert [held.pk for held in list_knowledge_files(gpt)] == [file.pk, other.pk]
    assert len(list_stored_bytes(own_media)) == 2


def test_changing_name_and_review_date() -> None:
    gpt = GPTFactory.create()
    file = upload_file(gpt)

    update_file(file=file, name="  Canary\u200b songs.txt ", by=gpt.owner, at=NOW)
    update_file(file=file, review_on=date(2027, 1, 1), by=gpt.owner, at=NOW)
    with pytest.raises(InvalidInput) as empty:
        update_file(file=file, name=" ", review_on=None, by=gpt.owner, at=NOW)

    file.refresh_from_db()
    assert (file.name, file.review_on) == ("Canary songs.txt", date(2027, 1, 1))
    assert empty.value.field == "name"
    changed = AuditEvent.objects.filter(action="gpts.file_changed")
    assert changed.count() == 2


def test_the_owner_is_notified_once_for_each_review_date() -> None:
    gpt = GPTFactory.create()
    file, other = upload_file(gpt), upload_file(gpt, "b.txt", "Other")
    update_file(file=file, review_on=NOW.date(), by=gpt.owner, at=NOW)
    update_file(file=other, review_on=NOW.date() + timedelta(days=1), by=gpt.owner, at=NOW)

    assert notify_owners_of_stale_files(at=NOW) == 1
    assert notify_owners_of_stale_files(at=NOW + timedelta(hours=3)) == 0
    assert notify_owners_of_stale_files(at=NOW + timedelta(days=1)) == 1
    titles = list(Notification.objects.order_by("id").values_list("title", flat=True))
    assert [title.split("”")[0] for title in titles] == ["“a.txt", "“b.txt"]
    update_file(file=file, review_on=NOW.date() + timedelta(days=2), by=gpt.owner, at=NOW)
    assert notify_owners_of_stale_files(at=NOW + timedelta(days=2)) == 1


def test_an_unreadable_file_has_a_failure_code_and_can_be_retried(settings: Any) -> None:
    settings.KNOWLEDGE_FILE_TOKENS = 2
    gpt = GPTFactory.create()
    file = upload_file(gpt)

    assert read(file) is None
    failed = get_document(file)
    assert (failed.state, failed.failure) == ("failed", "too_much_text")
    assert not Passage.objects.exists()
    settings.KNOWLEDGE_FILE_TOKENS = 1000
    retry_file(file=file, by=gpt.owner, at=NOW)
    assert get_document(file).state == "waiting"
    read(file)
    assert get_document(file).state == "ready"
    retry_file(file=file, by=gpt.owner, at=NOW)
    assert get_document(file).state == "ready"


def test_a_crashing_reader_is_retried_twice_and_then_fails(settings: Any) -> None:
    """With a limit that the system refuses, the child process cannot start."""
    settings.EXTRACTION_MEMORY_BYTES = 10**30
    file = upload_file(GPTFactory.create())

    assert read(file) == 10
    waiting = get_document(file)
    assert (waiting.state, waiting.retry_at) == ("waiting", NOW + timedelta(seconds=10))
    assert read(file) is None
    assert get_document(file).attempts == 1
    assert read(file, NOW + timedelta(seconds=10)) == 60
    assert read(file, NOW + timedelta(seconds=70)) is None
    assert (get_document(file).state, get_document(file).failure) == ("failed", "crashed")


def test_missing_stored_bytes_are_a_failure(own_media: Path) -> None:
    file = upload_file(GPTFactory.create())
    (own_media / get_document(file).storage_key).unlink()

    assert read(file) is None
    assert (get_document(file).state, get_document(file).failure) == ("failed", "lost")


def test_a_document_claimed_by_a_dead_worker_is_read_again(django_capture_on_commit_callbacks: Run) -> None:
    gpt = GPTFactory.create()
    file = upload_file(gpt)
    held = get_document(file)
    Document.objects.filter(pk=held.pk).update(
        state="extracting", claim="00000000-0000-0000-0000-000000000001", heartbeat_at=NOW, attempts=1
    )
    Passage.objects.create(workspace_id=gpt.workspace_id, document=held, position=0, text="Half of it")

    with django_capture_on_commit_callbacks() as early:
        assert sweep_documents(at=NOW + timedelta(seconds=299)) == 0
    assert read(file, NOW + timedelta(seconds=299)) is None
    assert get_document(file).state == "extracting"
    with django_capture_on_commit_callbacks() as late:
        assert sweep_documents(at=NOW + timedelta(seconds=301)) == 1
    assert (len(early), len(late)) == (0, 1)
    read(file, NOW + timedelta(seconds=301))
    assert get_document(file).state == "ready"
    assert [passage.text for passage in list_passages(file)] == ["The canary sings."]


def test_a_document_that_kills_its_workers_fails_after_three_attempts() -> None:
    file = upload_file(GPTFactory.create())
    Document.objects.update(state="extracting", heartbeat_at=NOW, attempts=3)

    assert read(file, NOW + timedelta(seconds=301)) is None

    assert (get_document(file).state, get_document(file).failure) == ("failed", "crashed")


def test_bytes_of_malware_are_deleted_and_the_owner_is_notified(
    own_media: Path, django_capture_on_commit_callbacks: Run
) -> None:
    gpt = GPTFactory.create()
    file = upload_file(gpt, "a.docx", make_docx(("", "Text"), extra={"word/embeddings/a.bin": EICAR}))

    with django_capture_on_commit_callbacks(execute=True):
        read(file)

    assert get_document(file).failure == "malware"
    assert list_stored_bytes(own_media) == []
    note = Notification.objects.get()
    assert (note.user, note.kind) == (gpt.owner, "knowledge_refused")
    event = AuditEvent.objects.get(action="gpts.file_refused")
    assert (event.reason, event.subject_id, event.is_automated) == ("malware", str(file.pk), True)


def test_unused_bytes_and_documents_are_swept(own_media: Path) -> None:
    gpt = GPTFactory.create()
    file = upload_file(gpt)
    lonely = own_media / "knowledge" / str(gpt.workspace_id) / "left"
    lonely.write_bytes(b"left by a crash")

    assert sweep_leftovers(at=NOW) == 0
    assert sweep_leftovers(at=timezone.now() + timedelta(hours=25)) == 1
    assert list_stored_bytes(own_media) == [b"The canary sings."]
    assert get_document(file).state == "waiting"


def test_erasing_needs_the_name_and_affects_versions(own_media: Path) -> None:
    gpt = GPTFactory.create()
    file = upload_file(gpt)
    read(file)
    version = freeze_version(gpt=gpt, release_notes="", by=gpt.owner, at=NOW)

    with pytest.raises(InvalidInput) as refusal:
        erase_file(file=file, confirmation="b.txt", by=gpt.owner, at=NOW)
    assert (refusal.value.code, len(list_knowledge_files(gpt))) == ("confirmation", 1)
    erase_file(file=file, confirmation=" a.txt ", by=gpt.owner, at=NOW)

    assert list_knowledge_files(gpt) == []
    assert find_passages(gpt, "canary", version=version) == []
    assert not Document.objects.exists()
    assert not Passage.objects.exists()
    row = KnowledgeFile.objects.get()
    assert (row.name, row.document, row.erased_at) == ("a.txt", None, NOW)


def test_erasing_does_not_affect_another_gpt_with_the_same_content(own_media: Path) -> None:
    gpt = GPTFactory.create()
    other = GPTFactory.create(owner=gpt.owner)
    file, shared = upload_file(gpt), upload_file(other)
    read(file)

    erase_file(file=file, confirmation="a.txt", by=gpt.owner, at=NOW)

    assert find_passages(gpt, "canary") == []
    assert [found.text for found in find_passages(other, "canary")] == ["The canary sings."]
    assert get_document(shared).state == "ready"


def test_add_knowledge_file_reads_at_once() -> None:
    gpt = GPTFactory.create()

    file = add_knowledge_file(gpt=gpt, upload=make_upload("a.txt", "The canary sings."), by=gpt.owner, at=NOW)

    assert get_document(file).state == "ready"
    remove_knowledge_file(file=file, by=gpt.owner, at=NOW)
    assert find_passages(gpt, "canary") == []


def test_a_storage_without_local_paths_works(
    settings: Any, own_media: Path, django_capture_on_commit_callbacks: Run
) -> None:
    """As in an object store: reading, listing and deleting use only the storage API of Django."""
    in_memory = {"BACKEND": "django.core.files.storage.InMemoryStorage"}
    settings.STORAGES = {**settings.STORAGES, "default": in_memory}
    gpt = GPTFactory.create()
    folder = f"knowledge/{gpt.workspace_id}"

    file = upload_file(gpt)
    read(file)
    default_storage.save(f"{folder}/left", ContentFile(b"left by a crash"))
    assert get_document(file).state == "ready"
    assert len(default_storage.listdir(folder)[1]) == 2
    assert sweep_leftovers(at=timezone.now() + timedelta(hours=25)) == 1
    with django_capture_on_commit_callbacks(execute=True):
        remove_knowledge_file(file=file, by=gpt.owner, at=NOW)

    assert default_storage.listdir(folder) == ([], [])
    assert list_stored_bytes(own_media) == []

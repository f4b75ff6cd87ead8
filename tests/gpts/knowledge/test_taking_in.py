"""Files of a draft: taken in, replaced, renamed, dated, retried, within limits; a refusal keeps nothing."""

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
from tests.support.factories.gpts import GPTFactory
from tests.support.knowledge_files import EICAR, make_docx
from tests.support.times import LATER, NOW
from tests.support.uploads import make_upload
from workspaces.models import Notification

pytestmark = pytest.mark.django_db

Run = Callable[..., Any]


def taken(
    gpt: GPT, name: str = "a.txt", text: str | bytes = "The canary sings.", at: Any = NOW
) -> KnowledgeFile:
    return upload_knowledge_file(gpt=gpt, upload=make_upload(name, text), by=gpt.owner, at=at)


def read(file: KnowledgeFile, at: Any = NOW) -> int | None:
    return read_document(document_id=file.document_id or 0, step=nullcontext, clock=lambda: at)


def document_of(file: KnowledgeFile) -> Document:
    return Document.objects.get(files=file)


def stored(media: Path) -> list[bytes]:
    return sorted(path.read_bytes() for path in media.rglob("*") if path.is_file())


def test_a_file_waits_until_a_worker_read_it() -> None:
    gpt = GPTFactory.create()

    file = taken(gpt)

    assert (document_of(file).state, find_passages(gpt, "canary")) == ("waiting", [])
    assert read(file) is None
    assert document_of(file).state == "ready"
    assert [found.text for found in find_passages(gpt, "canary")] == ["The canary sings."]


def test_the_worker_is_asked_after_commit(django_capture_on_commit_callbacks: Run) -> None:
    gpt = GPTFactory.create()

    with django_capture_on_commit_callbacks() as jobs:
        taken(gpt)
    with django_capture_on_commit_callbacks() as again:
        taken(gpt)

    assert (len(jobs), len(again)) == (1, 1)
    read(KnowledgeFile.objects.get())
    with django_capture_on_commit_callbacks() as ready:
        taken(gpt)
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
def test_what_cannot_be_kept_is_refused_at_once_and_changes_nothing(
    act: str, name: str, data: bytes, code: str, own_media: Path, settings: Any
) -> None:
    settings.KNOWLEDGE_FILE_BYTES = 100
    gpt = GPTFactory.create()
    file = taken(gpt)
    upload = SimpleUploadedFile("x", data)
    upload._name = name  # type: ignore[attr-defined]  # past Django's own cleaning of names
    before = (AuditEvent.objects.count(), GPT.objects.get(pk=gpt.pk).draft_revision)

    to = {"gpt": gpt} if act == "add" else {"file": file}

    with pytest.raises(DomainError) as refusal:
        (upload_knowledge_file if act == "add" else replace_file)(**to, upload=upload, by=gpt.owner, at=NOW)

    assert (refusal.value.code, refusal.value.field) == (code, "file")
    assert (AuditEvent.objects.count(), GPT.objects.get(pk=gpt.pk).draft_revision) == before
    assert [(held.pk, held.name) for held in list_knowledge_files(gpt)] == [(file.pk, "a.txt")]
    assert stored(own_media) == [b"The canary sings."]


def test_a_full_workspace_and_a_full_gpt_take_no_more(own_media: Path, settings: Any) -> None:
    settings.KNOWLEDGE_WORKSPACE_BYTES = 30
    gpt = GPTFactory.create()
    taken(gpt, text="x" * 20)

    with pytest.raises(TooLarge) as full:
        taken(GPTFactory.create(owner=gpt.owner), text="y" * 11)
    same = taken(GPTFactory.create(owner=gpt.owner), text="x" * 20)
    other = taken(GPTFactory.create(), text="y" * 11)

    assert (full.value.code, full.value.data) == ("workspace_full", {"limit": 30, "used": 20})
    assert same.document_id == KnowledgeFile.objects.get(gpt=gpt).document_id
    assert other.workspace_id != gpt.workspace_id
    assert stored(own_media) == [b"x" * 20, b"y" * 11]


def test_a_flood_of_files_is_slowed_down(settings: Any) -> None:
    """F11"""
    settings.KNOWLEDGE_FILES_PER_HOUR = 3
    gpt = GPTFactory.create()
    for number in range(3):
        taken(gpt, text=f"Number {number}")

    with pytest.raises(RateLimited) as refusal:
        taken(gpt, text="One more")

    assert refusal.value.code == "too_many_files_an_hour"
    assert taken(gpt, text="Later", at=NOW + timedelta(hours=1)).name == "a.txt"


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
def test_a_name_is_shown_without_its_path_and_never_names_what_is_stored(
    given: str, shown: str, own_media: Path
) -> None:
    """F06"""
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


def test_replacing_keeps_name_and_date_and_leaves_frozen_versions_alone(own_media: Path) -> None:
    gpt = GPTFactory.create()
    file = taken(gpt, "Report.docx", make_docx(("", "The canary sings.")))
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
    assert len(stored(own_media)) == 2


def test_replacing_a_file_that_no_version_has_erases_the_old_bytes(
    own_media: Path, django_capture_on_commit_callbacks: Run
) -> None:
    gpt = GPTFactory.create()
    file = taken(gpt)
    read(file)

    with django_capture_on_commit_callbacks(execute=True):
        replace_file(file=file, upload=make_upload("b.txt", "New words"), by=gpt.owner, at=LATER)

    assert stored(own_media) == [b"New words"]
    assert not Passage.objects.exists()


def test_replacing_by_the_same_content_or_another_file_s(own_media: Path) -> None:
    gpt = GPTFactory.create()
    file, other = taken(gpt), taken(gpt, "b.txt", "Other words")

    same = replace_file(file=file, upload=make_upload("c.txt", "The canary sings."), by=gpt.owner, at=LATER)
    with pytest.raises(Conflict) as twice:
        replace_file(file=file, upload=make_upload("c.txt", "Other words"), by=gpt.owner, at=LATER)

    assert (same.pk, same.name) == (file.pk, "a.txt")
    assert twice.value.code == "file_twice"
    assert [held.pk for held in list_knowledge_files(gpt)] == [file.pk, other.pk]
    assert len(stored(own_media)) == 2


def test_renaming_and_dating() -> None:
    gpt = GPTFactory.create()
    file = taken(gpt)

    update_file(file=file, name="  Canary\u200b songs.txt ", by=gpt.owner, at=NOW)
    update_file(file=file, review_on=date(2027, 1, 1), by=gpt.owner, at=NOW)
    with pytest.raises(InvalidInput) as empty:
        update_file(file=file, name=" ", review_on=None, by=gpt.owner, at=NOW)

    file.refresh_from_db()
    assert (file.name, file.review_on) == ("Canary songs.txt", date(2027, 1, 1))
    assert empty.value.field == "name"
    changed = AuditEvent.objects.filter(action="gpts.file_changed")
    assert changed.count() == 2


def test_the_owner_is_told_once_when_a_date_has_come() -> None:
    gpt = GPTFactory.create()
    file, other = taken(gpt), taken(gpt, "b.txt", "Other")
    update_file(file=file, review_on=NOW.date(), by=gpt.owner, at=NOW)
    update_file(file=other, review_on=NOW.date() + timedelta(days=1), by=gpt.owner, at=NOW)

    assert notify_owners_of_stale_files(at=NOW) == 1
    assert notify_owners_of_stale_files(at=NOW + timedelta(hours=3)) == 0
    assert notify_owners_of_stale_files(at=NOW + timedelta(days=1)) == 1
    titles = list(Notification.objects.order_by("id").values_list("title", flat=True))
    assert [title.split("”")[0] for title in titles] == ["“a.txt", "“b.txt"]
    update_file(file=file, review_on=NOW.date() + timedelta(days=2), by=gpt.owner, at=NOW)
    assert notify_owners_of_stale_files(at=NOW + timedelta(days=2)) == 1


def test_a_file_that_cannot_be_read_says_why_and_can_be_tried_again(settings: Any) -> None:
    settings.KNOWLEDGE_FILE_TOKENS = 2
    gpt = GPTFactory.create()
    file = taken(gpt)

    assert read(file) is None
    failed = document_of(file)
    assert (failed.state, failed.failure) == ("failed", "too_much_text")
    assert not Passage.objects.exists()
    settings.KNOWLEDGE_FILE_TOKENS = 1000
    retry_file(file=file, by=gpt.owner, at=NOW)
    assert document_of(file).state == "waiting"
    read(file)
    assert document_of(file).state == "ready"
    retry_file(file=file, by=gpt.owner, at=NOW)
    assert document_of(file).state == "ready"


def test_a_reader_that_dies_is_tried_three_times_and_then_failed(settings: Any) -> None:
    """F02: with so little memory the child cannot even begin."""
    settings.EXTRACTION_MEMORY_BYTES = 10_000_000
    file = taken(GPTFactory.create())

    assert read(file) == 10
    waiting = document_of(file)
    assert (waiting.state, waiting.retry_at) == ("waiting", NOW + timedelta(seconds=10))
    assert read(file) is None
    assert document_of(file).attempts == 1
    assert read(file, NOW + timedelta(seconds=10)) == 60
    assert read(file, NOW + timedelta(seconds=70)) is None
    assert (document_of(file).state, document_of(file).failure) == ("failed", "crashed")


def test_stored_bytes_that_are_gone_are_a_failure_in_words(own_media: Path) -> None:
    file = taken(GPTFactory.create())
    (own_media / document_of(file).storage_key).unlink()

    assert read(file) is None
    assert (document_of(file).state, document_of(file).failure) == ("failed", "lost")


def test_what_a_dead_worker_held_is_taken_up_again(django_capture_on_commit_callbacks: Run) -> None:
    gpt = GPTFactory.create()
    file = taken(gpt)
    held = document_of(file)
    Document.objects.filter(pk=held.pk).update(
        state="extracting", claim="00000000-0000-0000-0000-000000000001", heartbeat_at=NOW, attempts=1
    )
    Passage.objects.create(workspace_id=gpt.workspace_id, document=held, position=0, text="Half of it")

    with django_capture_on_commit_callbacks() as early:
        assert sweep_documents(at=NOW + timedelta(seconds=299)) == 0
    assert read(file, NOW + timedelta(seconds=299)) is None
    assert document_of(file).state == "extracting"
    with django_capture_on_commit_callbacks() as late:
        assert sweep_documents(at=NOW + timedelta(seconds=301)) == 1
    assert (len(early), len(late)) == (0, 1)
    read(file, NOW + timedelta(seconds=301))
    assert document_of(file).state == "ready"
    assert [passage.text for passage in list_passages(file)] == ["The canary sings."]


def test_a_document_that_kills_its_workers_is_given_up() -> None:
    file = taken(GPTFactory.create())
    Document.objects.update(state="extracting", heartbeat_at=NOW, attempts=3)

    assert read(file, NOW + timedelta(seconds=301)) is None

    assert (document_of(file).state, document_of(file).failure) == ("failed", "crashed")


def test_malware_within_a_document_loses_its_bytes_and_its_owner_is_told(
    own_media: Path, django_capture_on_commit_callbacks: Run
) -> None:
    """F14"""
    gpt = GPTFactory.create()
    file = taken(gpt, "a.docx", make_docx(("", "Text"), extra={"word/embeddings/a.bin": EICAR}))

    with django_capture_on_commit_callbacks(execute=True):
        read(file)

    assert document_of(file).failure == "malware"
    assert stored(own_media) == []
    note = Notification.objects.get()
    assert (note.user, note.kind) == (gpt.owner, "knowledge_refused")
    event = AuditEvent.objects.get(action="gpts.file_refused")
    assert (event.reason, event.subject_id, event.is_automated) == ("malware", str(file.pk), True)


def test_bytes_and_documents_that_nobody_needs_are_swept(own_media: Path) -> None:
    gpt = GPTFactory.create()
    file = taken(gpt)
    lonely = own_media / "knowledge" / str(gpt.workspace_id) / "left"
    lonely.write_bytes(b"left by a crash")

    assert sweep_leftovers(at=NOW) == 0
    assert sweep_leftovers(at=timezone.now() + timedelta(hours=25)) == 1
    assert stored(own_media) == [b"The canary sings."]
    assert document_of(file).state == "waiting"


def test_deleting_everywhere_needs_the_name_and_leaves_versions_without_it(own_media: Path) -> None:
    gpt = GPTFactory.create()
    file = taken(gpt)
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


def test_erasing_what_another_gpt_holds_leaves_it_there(own_media: Path) -> None:
    gpt = GPTFactory.create()
    other = GPTFactory.create(owner=gpt.owner)
    file, shared = taken(gpt), taken(other)
    read(file)

    erase_file(file=file, confirmation="a.txt", by=gpt.owner, at=NOW)

    assert find_passages(gpt, "canary") == []
    assert [found.text for found in find_passages(other, "canary")] == ["The canary sings."]
    assert document_of(shared).state == "ready"


def test_the_demo_s_way_reads_at_once() -> None:
    gpt = GPTFactory.create()

    file = add_knowledge_file(gpt=gpt, upload=make_upload("a.txt", "The canary sings."), by=gpt.owner, at=NOW)

    assert document_of(file).state == "ready"
    remove_knowledge_file(file=file, by=gpt.owner, at=NOW)
    assert find_passages(gpt, "canary") == []


def test_a_storage_without_paths_will_do(
    settings: Any, own_media: Path, django_capture_on_commit_callbacks: Run
) -> None:
    """An object store has none: reading, listing and deleting go through the storage's own doors."""
    in_memory = {"BACKEND": "django.core.files.storage.InMemoryStorage"}
    settings.STORAGES = {**settings.STORAGES, "default": in_memory}
    gpt = GPTFactory.create()
    folder = f"knowledge/{gpt.workspace_id}"

    file = taken(gpt)
    read(file)
    default_storage.save(f"{folder}/left", ContentFile(b"left by a crash"))
    assert document_of(file).state == "ready"
    assert len(default_storage.listdir(folder)[1]) == 2
    assert sweep_leftovers(at=timezone.now() + timedelta(hours=25)) == 1
    with django_capture_on_commit_callbacks(execute=True):
        remove_knowledge_file(file=file, by=gpt.owner, at=NOW)

    assert default_storage.listdir(folder) == ([], [])
    assert stored(own_media) == []

"""Adding and removing knowledge files; frozen versions keep what they were frozen with."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from core.errors import DomainError, InvalidInput, TooLarge
from core.scope import Scope, open_scope
from gpts.assistants.services.versions import freeze_version
from gpts.knowledge.models import Document, KnowledgeFile, Passage
from gpts.knowledge.queries import list_knowledge_files, list_passages
from gpts.knowledge.retrieval import find_passages
from gpts.knowledge.services.files import add_knowledge_file, remove_knowledge_file
from tests.support.factories.gpts import GPTFactory
from tests.support.factories.workspaces import UserFactory
from tests.support.times import LATER, NOW
from tests.support.uploads import make_upload
from workspaces.access import scope_for

pytestmark = pytest.mark.django_db

HANDBOOK = """# Returns

Send it back within 30 days.

## Refunds

Money returns to the card in five working days.

# Shipping

We ship on Mondays.
"""


def count_stored_files(media: Path) -> int:
    return sum(1 for path in media.rglob("*") if path.is_file())


def test_a_markdown_file_is_split_by_its_headings(own_media: Path) -> None:
    gpt = GPTFactory.create()

    file = add_knowledge_file(gpt=gpt, upload=make_upload("Handbook.MD", HANDBOOK), by=gpt.owner, at=LATER)

    document = file.document
    assert (document.state, document.media_type, document.size) == ("ready", "text/markdown", len(HANDBOOK))
    assert [(p.heading, p.text) for p in list_passages(file)] == [
        ("Returns", "Send it back within 30 days."),
        ("Returns › Refunds", "Money returns to the card in five working days."),
        ("Shipping", "We ship on Mondays."),
    ]
    gpt.refresh_from_db()
    assert (gpt.draft_revision, gpt.updated_at) == (2, LATER)
    assert [(f.name, f.document.passage_count) for f in list_knowledge_files(gpt)] == [("Handbook.MD", 3)]
    assert count_stored_files(own_media) == 1


@pytest.mark.parametrize(
    ("name", "data", "expected"),
    [
        ("a.csv", "city;people\nParis;21\nLyon;5\n", "city: Paris\npeople: 21\n\ncity: Lyon\npeople: 5"),
        ("a.json", '{"faq": [{"q": "Open?", "a": "Daily"}]}', "q: Open?\na: Daily"),
        ("a.html", "<h1>Hi</h1><script>evil()</script><p>Shown <b>text</b></p>", "Shown text"),
        ("a.txt", "﻿Mark first".encode(), "Mark first"),
        ("a.txt", "Grüße aus Köln".encode("cp1252"), "Grüße aus Köln"),
        ("a.txt", "退款政策：三十天内可以退货。".encode("gb18030"), "退款政策：三十天内可以退货。"),
        ("a.txt", "Sixteen bits".encode("utf-16"), "Sixteen bits"),
        ("a.txt", b"bell\x07 and escape\x1b[31m", "bell and escape[31m"),
    ],
)  # fmt: skip
def test_text_is_extracted_from_each_format_and_charset(name: str, data: str | bytes, expected: str) -> None:
    gpt = GPTFactory.create()

    file = add_knowledge_file(gpt=gpt, upload=make_upload(name, data), by=gpt.owner, at=NOW)

    assert list_passages(file)[0].text == expected


@pytest.mark.parametrize(
    ("name", "data", "code"),
    [
        ("a.exe", b"text", "file_unknown_type"),
        ("noextension", b"text", "file_unknown_type"),
        ("a.txt", b"%PDF-1.7 text", "file_binary"),
        ("a.md", b"PK\x03\x04zip", "file_binary"),
        ("a.txt", b"nul\x00nul", "file_binary"),
        ("a.txt", b"", "file_empty"),
        ("a.txt", b"  \n \n", "file_empty"),
        ("a.html", b"<script>only()</script>", "file_empty"),
        ("a.json", b"{not json", "file_malformed"),
        ("a.json", b"[" * 100_000, "file_malformed"),
        ("a.json", b'{"a":' * 60 + b"1" + b"}" * 60, "file_malformed"),
        ("..", b"text", "bad_name"),
        ("/", b"text", "required"),
    ],
)
def test_an_unreadable_file_is_refused_and_nothing_is_kept(
    name: str, data: bytes, code: str, own_media: Path, django_capture_on_commit_callbacks: Any
) -> None:
    gpt = GPTFactory.create()
    upload = make_upload("x", data)
    upload._name = name  # type: ignore[attr-defined]  # past Django's own cleaning of names

    with django_capture_on_commit_callbacks(execute=True), pytest.raises(InvalidInput) as refusal:
        add_knowledge_file(gpt=gpt, upload=upload, by=gpt.owner, at=NOW)

    assert (refusal.value.code, refusal.value.field) == (code, "file")
    gpt.refresh_from_db()
    assert gpt.draft_revision == 1
    assert not KnowledgeFile.objects.exists()
    assert not Document.objects.exists()
    assert not Passage.objects.exists()
    assert count_stored_files(own_media) == 0


@pytest.mark.parametrize("name", ["../../etc/passwd.txt", "C:\\temp\\passwd.txt", "/etc/passwd.txt"])
def test_a_path_in_a_name_does_not_reach_the_storage(name: str, own_media: Path) -> None:
    gpt = GPTFactory.create()
    upload = make_upload("x", "text")
    upload._name = name  # type: ignore[attr-defined]  # past Django's own cleaning of names

    file = add_knowledge_file(gpt=gpt, upload=upload, by=gpt.owner, at=NOW)

    assert file.name == "passwd.txt"
    key = file.document.storage_key
    assert re.fullmatch(rf"knowledge/{gpt.workspace_id}/[0-9a-f]{{32}}", key)
    assert (own_media / key).read_text() == "text"


def test_size_and_number_of_files_are_limited(settings: Any) -> None:
    settings.KNOWLEDGE_FILE_BYTES = 20
    gpt = GPTFactory.create()
    refusals: list[type[DomainError]] = []

    try:
        add_knowledge_file(gpt=gpt, upload=make_upload("a.txt", "x" * 21), by=gpt.owner, at=NOW)
    except DomainError as refusal:
        refusals.append(type(refusal))
    for number in range(20):
        add_knowledge_file(
            gpt=gpt, upload=make_upload(f"{number}.txt", f"text {number}"), by=gpt.owner, at=NOW
        )
    with pytest.raises(TooLarge) as full:
        add_knowledge_file(gpt=gpt, upload=make_upload("21.txt", "text 21"), by=gpt.owner, at=NOW)

    assert refusals == [TooLarge]
    assert full.value.code == "too_many_files"
    assert len(list_knowledge_files(gpt)) == 20


def test_adding_the_same_content_twice_adds_one_file() -> None:
    gpt = GPTFactory.create()

    first = add_knowledge_file(gpt=gpt, upload=make_upload("a.txt", "same"), by=gpt.owner, at=NOW)
    second = add_knowledge_file(gpt=gpt, upload=make_upload("b.txt", "same"), by=gpt.owner, at=NOW)

    assert first == second
    gpt.refresh_from_db()
    assert gpt.draft_revision == 2


def test_the_same_content_in_two_workspaces_is_two_documents() -> None:
    one, other = GPTFactory.create(), GPTFactory.create()

    first = add_knowledge_file(gpt=one, upload=make_upload("a.txt", "same"), by=one.owner, at=NOW)
    second = add_knowledge_file(gpt=other, upload=make_upload("a.txt", "same"), by=other.owner, at=NOW)

    assert first.pk != second.pk
    assert first.document_id != second.document_id


def test_the_same_content_in_one_workspace_is_one_document(own_media: Path) -> None:
    one = GPTFactory.create()
    other = GPTFactory.create(owner=one.owner)

    first = add_knowledge_file(gpt=one, upload=make_upload("a.txt", "The canary sings"), by=one.owner, at=NOW)
    second = add_knowledge_file(
        gpt=other, upload=make_upload("b.txt", "The canary sings"), by=one.owner, at=NOW
    )

    assert first.document_id == second.document_id
    assert count_stored_files(own_media) == 1
    assert Passage.objects.count() == 1
    assert [found.file for found in find_passages(other, "canary")] == ["b.txt"]
    remove_knowledge_file(file=first, by=one.owner, at=NOW)
    assert [found.file for found in find_passages(other, "canary")] == ["b.txt"]
    assert find_passages(one, "canary") == []


def test_a_removed_file_is_erased(own_media: Path, django_capture_on_commit_callbacks: Any) -> None:
    gpt = GPTFactory.create()
    file = add_knowledge_file(gpt=gpt, upload=make_upload("a.txt", "Canary words"), by=gpt.owner, at=NOW)

    with django_capture_on_commit_callbacks(execute=True):
        remove_knowledge_file(file=file, by=gpt.owner, at=NOW)
        remove_knowledge_file(file=file, by=gpt.owner, at=NOW)

    assert not KnowledgeFile.objects.exists()
    assert not Document.objects.exists()
    assert not Passage.objects.exists()
    assert count_stored_files(own_media) == 0
    assert find_passages(gpt, "canary") == []


def test_a_frozen_version_keeps_answering_from_a_removed_file() -> None:
    gpt = GPTFactory.create()
    old = add_knowledge_file(gpt=gpt, upload=make_upload("old.txt", "The canary sings"), by=gpt.owner, at=NOW)
    version = freeze_version(gpt=gpt, release_notes="", by=gpt.owner, at=NOW)
    remove_knowledge_file(file=old, by=gpt.owner, at=NOW)
    add_knowledge_file(gpt=gpt, upload=make_upload("new.txt", "The canary sleeps"), by=gpt.owner, at=NOW)

    frozen = find_passages(gpt, "What does the canary do?", version=version)
    draft = find_passages(gpt, "What does the canary do?")

    assert [found.text for found in frozen] == ["The canary sings"]
    assert [found.text for found in draft] == ["The canary sleeps"]
    assert [file.name for file in list_knowledge_files(gpt)] == ["new.txt"]


def test_adding_a_removed_file_again_restores_it() -> None:
    gpt = GPTFactory.create()
    file = add_knowledge_file(gpt=gpt, upload=make_upload("a.txt", "text"), by=gpt.owner, at=NOW)
    freeze_version(gpt=gpt, release_notes="", by=gpt.owner, at=NOW)
    remove_knowledge_file(file=file, by=gpt.owner, at=NOW)

    again = add_knowledge_file(gpt=gpt, upload=make_upload("a.txt", "text"), by=gpt.owner, at=NOW)

    assert again == file
    assert [found.pk for found in list_knowledge_files(gpt)] == [file.pk]


def test_row_level_security_hides_files_of_other_workspaces_but_search_works() -> None:
    gpt, eve = GPTFactory.create(), UserFactory.create(display_name="Eve")
    add_knowledge_file(gpt=gpt, upload=make_upload("a.txt", "The canary sings"), by=gpt.owner, at=NOW)

    with open_scope(scope_for(eve)):
        assert not KnowledgeFile.objects.exists()
        assert not Passage.objects.exists()
        assert [found.text for found in find_passages(gpt, "canary")] == ["The canary sings"]
        assert not Passage.objects.exists()
    with open_scope(Scope()):
        assert not Passage.objects.exists()


def test_a_long_text_is_split_at_sentences_without_loss() -> None:
    sentences = [f"Sentence number {n} says something of its own." for n in range(200)]
    gpt = GPTFactory.create()

    file = add_knowledge_file(gpt=gpt, upload=make_upload("a.txt", " ".join(sentences)), by=gpt.owner, at=NOW)

    texts = [passage.text for passage in list_passages(file, size=100)]
    assert len(texts) > 5
    assert all(len(text) <= 1400 for text in texts)
    assert " ".join(texts) == " ".join(sentences)

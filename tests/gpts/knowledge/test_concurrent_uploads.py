"""Concurrent uploads: one document for one content, no lost file, never more files than allowed."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from django.db import connection

from core.errors import TooLarge
from core.scope import system_scope
from gpts.assistants.models import GPT
from gpts.knowledge.models import Document, KnowledgeFile
from gpts.knowledge.services.files import upload_knowledge_file
from tests.support.factories.gpts import GPTFactory
from tests.support.times import NOW
from tests.support.uploads import make_upload

pytestmark = pytest.mark.django_db(transaction=True)


def run_concurrently(*acts: Callable[[], Any]) -> list[Any]:
    """Call all at the same time in threads; returns each result, or the code of a TooLarge."""
    barrier = Barrier(len(acts))

    def run(act: Callable[[], Any]) -> Any:
        barrier.wait()
        try:
            with system_scope("tests"):
                return act()
        except TooLarge as refusal:
            return refusal.code
        finally:
            connection.close()

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(run, acts))


def build_upload(gpt: GPT, name: str, text: str) -> Callable[[], KnowledgeFile]:
    return lambda: upload_knowledge_file(gpt=gpt, upload=make_upload(name, text), by=gpt.owner, at=NOW)


def count_stored_files(media: Path) -> int:
    return sum(path.is_file() for path in media.rglob("*"))


def test_concurrent_uploads_of_one_content_to_four_gpts_store_it_once(own_media: Path) -> None:
    with system_scope("tests"):
        first = GPTFactory.create()
        gpts = [first, *(GPTFactory.create(owner=first.owner) for _number in range(3))]

    files = run_concurrently(*(build_upload(gpt, "a.txt", "The canary sings.") for gpt in gpts))

    assert len({file.document_id for file in files}) == 1
    assert Document.objects.count() == 1
    assert KnowledgeFile.objects.count() == 4
    assert count_stored_files(own_media) == 1


def test_two_concurrent_uploads_of_one_file_add_it_once(own_media: Path) -> None:
    with system_scope("tests"):
        gpt = GPTFactory.create()

    files = run_concurrently(
        *(build_upload(gpt, f"{number}.txt", "The canary sings.") for number in range(2))
    )

    assert files[0].pk == files[1].pk
    gpt.refresh_from_db()
    assert (KnowledgeFile.objects.count(), gpt.draft_revision, count_stored_files(own_media)) == (1, 2, 1)


def test_two_concurrent_uploads_cannot_exceed_the_number_of_files(own_media: Path) -> None:
    with system_scope("tests"):
        gpt = GPTFactory.create()
        for number in range(19):
            build_upload(gpt, f"{number}.txt", f"Number {number}")()

    outcomes = run_concurrently(
        *(build_upload(gpt, f"last{number}.txt", f"Last {number}") for number in range(2))
    )

    assert sorted(isinstance(outcome, KnowledgeFile) for outcome in outcomes) == [False, True]
    assert "too_many_files" in outcomes
    assert KnowledgeFile.objects.count() == 20
    assert count_stored_files(own_media) == 20

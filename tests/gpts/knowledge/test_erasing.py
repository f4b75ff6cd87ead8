"""Removed and erased files leave nothing in any table, in the storage and in the caches."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import redis
from django.conf import settings
from django.db import connection

from gpts.assistants.models import GPT
from gpts.assistants.services.versions import freeze_version
from gpts.knowledge.models import Document, IndexSegment, KnowledgeFile, Passage
from gpts.knowledge.retrieval import find_passages
from gpts.knowledge.services.files import add_knowledge_file, erase_file, remove_knowledge_file
from tests.support.factories.gpts import GPTFactory
from tests.support.times import NOW
from tests.support.uploads import make_upload

pytestmark = pytest.mark.django_db
WORD = "zibelquorvex"
TEXT = f"The {WORD} sings at dawn. 斑头雁飞过雪山。"


def find_word(word: str, media: Path) -> list[str]:
    """Return the tables, stored files and cache keys that contain a word as text or as bytes."""
    found = []
    wanted = [f"%{word}%", f"%{word.encode().hex()}%"]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
            " WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') AND NOT c.relispartition"
            " AND has_table_privilege(c.oid, 'SELECT') ORDER BY 1"
        )
        tables = [name for (name,) in cursor.fetchall()]
        for table in tables:
            row = f'SELECT count(*) FROM "{table}" t WHERE t::text LIKE ANY(%s)'
            cursor.execute(row, [wanted])
            if cursor.fetchone()[0]:
                found.append(table)
    found += [str(path) for path in media.rglob("*") if path.is_file() and word.encode() in path.read_bytes()]
    cache = redis.Redis.from_url(settings.REDIS_URL)
    found += [repr(key) for key in cache.scan_iter() if word.encode() in (cache.dump(key) or b"")]
    return found


def add_file(gpt: GPT) -> KnowledgeFile:
    file = add_knowledge_file(gpt=gpt, upload=make_upload("song.txt", TEXT), by=gpt.owner, at=NOW)
    assert [found.file for found in find_passages(gpt, WORD)] == ["song.txt"]
    return file


@pytest.mark.parametrize("act", ["remove", "erase"])
def test_deleting_leaves_nothing_in_tables_storage_and_caches(
    act: str, own_media: Path, django_capture_on_commit_callbacks: Callable[..., Any]
) -> None:
    gpt = GPTFactory.create()
    file = add_file(gpt)
    digest = file.content_hash
    assert len(find_word(WORD, own_media)) >= 2
    assert len(find_word("斑头雁", own_media)) >= 2

    with django_capture_on_commit_callbacks(execute=True):
        if act == "remove":
            remove_knowledge_file(file=file, by=gpt.owner, at=NOW)
        else:
            erase_file(file=file, confirmation="song.txt", by=gpt.owner, at=NOW)

    assert find_word(WORD, own_media) == []
    assert find_word("斑头雁", own_media) == []
    assert not Document.objects.exists()
    assert not IndexSegment.objects.exists()
    assert not Passage.objects.exists()
    # The hash stays in the audit log, and in the row that names what is missing.
    kept = {"core_auditevent"} | ({"gpts_knowledgefile"} if act == "erase" else set())
    assert set(find_word(digest, own_media)) == kept


def test_a_removed_file_stays_for_a_frozen_version_until_it_is_erased(
    own_media: Path, django_capture_on_commit_callbacks: Callable[..., Any]
) -> None:
    gpt = GPTFactory.create()
    file = add_file(gpt)
    version = freeze_version(gpt=gpt, release_notes="", by=gpt.owner, at=NOW)

    with django_capture_on_commit_callbacks(execute=True):
        remove_knowledge_file(file=file, by=gpt.owner, at=NOW)
    assert find_passages(gpt, WORD) == []
    assert [found.file for found in find_passages(gpt, WORD, version=version)] == ["song.txt"]
    file.refresh_from_db()
    with django_capture_on_commit_callbacks(execute=True):
        erase_file(file=file, confirmation="song.txt", by=gpt.owner, at=NOW)

    assert find_passages(gpt, WORD, version=version) == []
    assert find_word(WORD, own_media) == []

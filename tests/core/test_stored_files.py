"""Large files in pieces: of the disk and of an S3 store."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from core import stored_files
from core.stored_files import read_range, write_file
from tests.support.object_store import ObjectStore, run_object_store


@pytest.fixture
def store(settings: Any) -> Iterator[ObjectStore]:
    with run_object_store() as found:
        settings.STORAGES = found.storages
        yield found


@pytest.fixture(params=["disk", "s3"])
def place(request: pytest.FixtureRequest, own_media: Path) -> str:
    if request.param == "s3":
        request.getfixturevalue("store")
    return request.param


def test_pieces_of_a_file(place: str) -> None:
    key = default_storage.save("a/file", ContentFile(b"0123456789"))
    assert [read_range(key, start, 4) for start in (0, 4, 8, 10, 99)] == [b"0123", b"4567", b"89", b"", b""]
    for missing in ("a/none", "b/none"):
        with pytest.raises(FileNotFoundError):
            read_range(missing, 0, 4)


def test_an_empty_file_has_an_empty_piece(place: str) -> None:
    with write_file("a/empty"):
        pass
    assert read_range("a/empty", 0, 4) == b""


def test_a_file_is_written_once_and_whole(place: str) -> None:
    with write_file("a/file") as file:
        for piece in (b"01", b"", b"234"):
            file.write(piece)
    assert read_range("a/file", 0, 99) == b"01234"


def test_nothing_is_left_of_a_file_that_was_broken_off(place: str) -> None:
    def write() -> None:
        with write_file("a/file") as file:
            file.write(b"01")
            raise OSError("full")

    with pytest.raises(OSError, match="full"):
        write()
    assert not default_storage.exists("a/file")


def test_the_store_gets_parts_and_reads_only_what_is_asked(
    store: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stored_files, "PART", 4)
    with write_file("a/file") as file:
        file.write(b"0123456789")
        assert store.uploads == {"a/file": {1: b"0123", 2: b"4567"}}
        file.write(b"ab")
    assert (store.objects, store.uploads) == ({"a/file": b"0123456789ab"}, {})
    assert read_range("a/file", 2, 3) == b"234"
    assert store.ranges == [(2, 4)]


def test_an_upload_that_the_store_refuses_leaves_no_parts(
    store: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stored_files, "PART", 4)
    store.part_status = 403
    with pytest.raises(Exception, match="AccessDenied"), write_file("a/file") as file:
        file.write(b"0123456789")
    assert (store.objects, store.uploads) == ({}, {})

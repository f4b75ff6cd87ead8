"""The storage of files is checked by a job: what it finds is noted for operators."""

from __future__ import annotations

import threading
from datetime import datetime
from pathlib import Path

import pytest
from django.core.files.storage import FileSystemStorage, default_storage
from django.utils import timezone

from config.operator_health import LATE_CHECK, describe_storage_check
from config.operator_overview import list_attention
from core import storage_check
from core.connections import WaitInTransactionError
from core.scope import system_scope
from core.storage_check import check_storage, read_storage_check
from tests.support.services import WorkerService
from tests.support.times import NOW
from tests.support.waiting import wait_for
from workspaces.tasks import check_storage_of_files


def tell_now() -> datetime:
    return NOW


class RefusingStorage(FileSystemStorage):
    def _save(self, name: str, content: object) -> str:
        raise PermissionError("no such bucket, canary-31")


class ForgetfulStorage(FileSystemStorage):
    def delete(self, name: str) -> None:
        pass


class HangingStorage(FileSystemStorage):
    release = threading.Event()

    def _save(self, name: str, content: object) -> str:
        self.release.wait()
        return super()._save(name, content)  # type: ignore[misc]


def use_storage(settings: object, kind: type[FileSystemStorage], folder: Path) -> None:
    here = f"{kind.__module__}.{kind.__qualname__}"
    settings.STORAGES = {  # type: ignore[attr-defined]
        **settings.STORAGES,  # type: ignore[attr-defined]
        "default": {"BACKEND": here, "OPTIONS": {"location": str(folder)}},
    }


def test_a_check_leaves_nothing_behind_and_is_noted() -> None:
    assert read_storage_check() is None
    found = check_storage(clock=tell_now)
    assert (found.problem, found.error, found.at) == ("", "", NOW)
    assert read_storage_check() == found
    folder = Path(default_storage.path("checks"))
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize(
    ("kind", "problem", "error"),
    [(RefusingStorage, "refused", "PermissionError"), (ForgetfulStorage, "still_there", "")],
)
@pytest.mark.django_db
def test_a_fault_is_named_without_the_storages_text(
    settings: object, tmp_path: Path, kind: type[FileSystemStorage], problem: str, error: str
) -> None:
    use_storage(settings, kind, tmp_path)
    found = check_storage(clock=tell_now)
    state = describe_storage_check(at=NOW)
    assert (found.problem, found.error) == (problem, error)
    assert not state.is_reachable
    assert error in str(state.problem)
    assert "canary-31" not in str(state)
    assert str(state.problem) in [one.text for one in list_attention(at=NOW)]


def test_a_storage_that_hangs_is_given_up_and_asked_once(settings: object, tmp_path: Path) -> None:
    use_storage(settings, HangingStorage, tmp_path)
    HangingStorage.release.clear()
    try:
        first = check_storage(clock=tell_now, seconds=0.01)
        running = storage_check._running
        second = check_storage(clock=tell_now, seconds=0.01)
        assert (first.problem, second.problem) == ("timed_out", "timed_out")
        assert storage_check._running is running
    finally:
        HangingStorage.release.set()
    assert running is not None
    running.join()


@pytest.mark.django_db
def test_it_is_never_made_inside_a_scope() -> None:
    with system_scope("tests"), pytest.raises(WaitInTransactionError):
        check_storage(clock=tell_now)
    assert read_storage_check() is None


@pytest.mark.django_db
def test_the_page_says_how_old_the_last_check_is() -> None:
    before = describe_storage_check(at=NOW)
    check_storage(clock=tell_now)
    fresh, late = describe_storage_check(at=NOW), describe_storage_check(at=NOW + LATE_CHECK * 2)
    assert (before.is_reachable, bool(before.problem)) == (True, True)
    assert (fresh.is_reachable, fresh.problem) == (True, "")
    assert (late.is_reachable, bool(late.problem)) == (True, True)


def test_a_worker_checks_it(worker: WorkerService) -> None:
    check_storage_of_files.delay()
    wait_for(lambda: read_storage_check() is not None)
    found = read_storage_check()
    assert found is not None and found.problem == "" and found.at <= timezone.now()

"""The embedded servers: start in any path, as root or not; find a running one; refuse old data."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import redis

from embedded import unprivileged
from embedded.credentials import read_or_create_secret
from embedded.errors import StartupError
from embedded.paths import MAX_SOCKET_DIRECTORY_BYTES, ROOT, DataPaths
from embedded.postgres import DATA_VERSION, DATA_VERSION_FILE, EmbeddedPostgres
from embedded.processes import get_disk_full_hint, wait_until
from embedded.redis import EmbeddedRedis

as_root = pytest.mark.skipif(os.getuid() != 0, reason="only root may become somebody else")


@pytest.fixture
def postgres(tmp_path: Path) -> Iterator[EmbeddedPostgres]:
    """A server in a path with spaces, under a directory that no other user can enter."""
    closed = tmp_path / "closed home"
    closed.mkdir(mode=0o700)
    server = EmbeddedPostgres(DataPaths(closed / "my data"), throw_away=True)
    yield server
    server.stop()


def answer(server: EmbeddedPostgres, query: str) -> object:
    with psycopg.connect(**server.superuser()) as connection:
        row = connection.execute(query).fetchone()
        return row and row[0]


@pytest.mark.slow
def test_it_starts_in_a_private_path_with_spaces_and_is_found_again(postgres: EmbeddedPostgres) -> None:
    postgres.start()
    pid = postgres.pid()
    assert str(answer(postgres, "SHOW server_version_num")) >= "180000"
    EmbeddedPostgres(postgres.paths, throw_away=True).start()
    assert postgres.pid() == pid
    assert answer(postgres, "SELECT count(*) FROM pg_available_extensions WHERE name = 'vector'") == 1
    postgres.stop()
    assert postgres.pid() is None


@pytest.mark.slow
def test_it_starts_again_after_kill_9(postgres: EmbeddedPostgres) -> None:
    postgres.start()
    pid = postgres.pid()
    assert pid
    os.kill(pid, signal.SIGKILL)
    assert wait_until(lambda: postgres.pid() is None, 5)
    assert (postgres.directory / "postmaster.pid").exists()
    postgres.start()
    assert answer(postgres, "SELECT 1") == 1


@pytest.mark.slow
def test_a_stale_pid_file_with_a_reused_pid_is_no_server(postgres: EmbeddedPostgres) -> None:
    postgres.start()
    postgres.stop()
    (postgres.directory / "postmaster.pid").write_text(f"{os.getpid()}\n")
    assert postgres.pid() is None
    postgres.start()
    assert answer(postgres, "SELECT 1") == 1


@as_root
@pytest.mark.slow
def test_without_namespaces_another_account_runs_it_outside_a_private_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outside = Path(tempfile.mkdtemp(prefix="loggia-outside-"))
    monkeypatch.setattr(unprivileged, "SHARED_DIRECTORY", outside)
    monkeypatch.setenv("LOGGIA_NO_USER_NAMESPACE", "1")
    unprivileged.can_use_namespaces.cache_clear()
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    server = EmbeddedPostgres(DataPaths(closed / "data"), throw_away=True)
    try:
        server.start()
        pid = server.pid()
        assert answer(server, "SELECT 1") == 1
        assert Path(f"/proc/{pid}").stat().st_uid == unprivileged.find_account().pw_uid
    finally:
        server.stop()
        unprivileged.can_use_namespaces.cache_clear()
        shutil.rmtree(outside)


def snapshot(directory: Path) -> dict[str, tuple[int, int, bytes]]:
    """Every file and directory below with owner, mode and content."""
    return {
        str(path.relative_to(directory)): (
            path.lstat().st_uid,
            path.lstat().st_mode,
            path.read_bytes() if path.is_file() else b"",
        )
        for path in sorted(directory.rglob("*"))
    }


@pytest.mark.parametrize(
    ("major", "version", "author"),
    [
        ("18", None, "Loggia 0.1.0"),
        ("18", "99", "another version of Loggia (data version 99)"),
        ("17", "2", "PostgreSQL 17"),
    ],
)
def test_data_of_another_version_is_refused_and_unchanged(
    tmp_path: Path, major: str, version: str | None, author: str
) -> None:
    data = tmp_path / "data"
    server = EmbeddedPostgres(DataPaths(data))
    server.directory.mkdir(parents=True)
    (server.directory / "PG_VERSION").write_text(f"{major}\n")
    (server.directory / "base").write_text("rows")
    if version:
        (server.directory / DATA_VERSION_FILE).write_text(f"{version}\n")
    before = snapshot(data)
    with pytest.raises(StartupError) as refusal:
        server.start()
    assert f"was written by {author}, and this version of Loggia cannot use it" in str(refusal.value)
    assert "script/server --reset" in str(refusal.value)
    assert snapshot(data) == before


def test_a_new_cluster_has_the_data_version(postgres: EmbeddedPostgres) -> None:
    postgres.start()
    assert (postgres.directory / DATA_VERSION_FILE).read_text() == f"{DATA_VERSION}\n"


def test_it_asks_for_a_password(postgres: EmbeddedPostgres) -> None:
    postgres.start()
    wrong = postgres.superuser() | {"password": "wrong"}
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(**wrong)


def test_redis_starts_in_a_path_with_spaces_and_again_after_kill_9(tmp_path: Path) -> None:
    server = EmbeddedRedis(DataPaths(tmp_path / "with spaces" / "data"))
    try:
        server.start()
        with redis.Redis.from_url(server.url()) as client:
            client.set("kept", "yes")
        pid = server.pid()
        assert pid
        os.kill(pid, signal.SIGKILL)
        assert wait_until(lambda: not server.is_ready(), 5)
        server.start()
        with redis.Redis.from_url(server.url()) as client:
            assert client.get("kept") == b"yes"
    finally:
        server.stop()


@pytest.mark.parametrize("name", ["plain", "with space", "雅", "x" * 150])
def test_socket_directories_are_short_and_need_no_quoting(tmp_path: Path, name: str) -> None:
    sockets = DataPaths(tmp_path / name / "data").sockets
    assert len(os.fsencode(sockets)) <= MAX_SOCKET_DIRECTORY_BYTES
    assert str(sockets).isascii()
    assert " " not in str(sockets)


def test_an_unwritable_directory_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StartupError, match="Cannot write to"):
        DataPaths(tmp_path / "file" / "data").create()


def test_a_full_disk_is_reported() -> None:
    assert "disk is full" in get_disk_full_hint("PANIC: could not write: No space left on device")
    assert get_disk_full_hint("all is well") == ""


def test_a_secret_is_created_once_and_private(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "secret"
    first = read_or_create_secret(path)
    assert len(first) >= 60
    assert read_or_create_secret(path) == first
    assert path.stat().st_mode & 0o777 == 0o600
    assert [file.name for file in path.parent.iterdir()] == ["secret"]


@pytest.mark.slow
def test_commands_start_the_servers_and_stop_what_they_started(tmp_path: Path) -> None:
    data = tmp_path / "data"
    environment = {k: v for k, v in os.environ.items() if k not in ("LOGGIA_DATABASE_ROLE", "LOGGIA_ENV")}
    done = subprocess.run(
        [sys.executable, "manage.py", "setup_database"],
        cwd=ROOT,
        env=environment | {"LOGGIA_DATA_DIR": str(data), "DJANGO_SETTINGS_MODULE": "config.settings"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert (data / "postgres" / "PG_VERSION").read_text().strip() == "18"
    assert EmbeddedPostgres(DataPaths(data)).pid() is None
    assert EmbeddedRedis(DataPaths(data)).pid() is None

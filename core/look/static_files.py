"""How static files are built, found and stored."""

from __future__ import annotations

import gzip
import os
from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.finders import AppDirectoriesFinder, BaseFinder
from django.contrib.staticfiles.utils import matches_patterns
from django.core.files.storage import FileSystemStorage, Storage
from whitenoise.storage import CompressedManifestStaticFilesStorage

from core.look import scripts, stylesheets

# A large file of a package that every page loads: where files are not collected, it is compressed here.
HTMX = "django_htmx/htmx-2.min.js"
BUNDLES = {stylesheets.BUNDLE, *(scripts.bundle_path(entry) for entry in (scripts.SHARED, *scripts.ENTRIES))}

_IMPORTS = (
    (
        r'(?m)(?P<matched>^import (?P<names>(?:\{[^}]*\} from )?)"(?P<url>\.[^"]+)";)',
        'import %(names)s"%(url)s";',
    ),
)
State = tuple[tuple[str, int, int], ...]


class StaticStorage(CompressedManifestStaticFilesStorage):
    """Names every file by its content, also in the imports of our scripts, and compresses it.

    An import that names a file by its plain name would be answered from a browser's cache after an upgrade.
    Django's own rewriting of imports reads all scripts, and fails on those of packages.
    """

    patterns = (
        *CompressedManifestStaticFilesStorage.patterns,
        *((f"{folder}/*.js", _IMPORTS) for folder in ("js", "bundles")),
    )


class BuiltFinder(BaseFinder):
    """Builds the bundles when collectstatic, or a server that serves files by finders, asks for them.

    They are written to the data directory, never beside their sources, and only when these have changed;
    beside each lies a compressed copy, which whitenoise sends to browsers. Goes before the other finders.
    """

    def check(self, **kwargs: Any) -> list[Any]:
        return []

    def find(
        self, path: str, find_all: bool = False, **kwargs: Any
    ) -> Any:  # a path, or a list with find_all
        if path not in BUNDLES and path != HTMX:
            return []
        found = str(write_built(path) / path)
        return [found] if find_all else found

    def list(self, ignore_patterns: Any) -> Iterator[tuple[str, Storage]]:
        for path in sorted(BUNDLES):
            if not matches_patterns(path, ignore_patterns or []):
                yield path, FileSystemStorage(location=write_built(path))


def write_built(path: str) -> Path:
    """Bring a built file and its compressed copy up to date; returns the directory that holds them."""
    directory = Path(settings.DATA_DIR) / "built-static"
    target = directory / path
    content = _read_htmx() if path == HTMX else _build(path)
    compressed = target.with_name(f"{target.name}.gz")
    if not (target.exists() and compressed.exists() and target.read_bytes() == content):
        target.parent.mkdir(parents=True, exist_ok=True)
        # The copy first: whitenoise tells browsers the time of the other.
        _replace(compressed, gzip.compress(content, mtime=0))
        _replace(target, content)
    return directory


def _replace(target: Path, content: bytes) -> None:
    """Write a file as a whole: several processes may build it at once."""
    draft = target.with_name(f"{target.name}.{os.getpid()}")
    draft.write_bytes(content)
    draft.replace(target)


def _read_htmx() -> bytes:
    return Path(str(AppDirectoriesFinder().find(HTMX))).read_bytes()


def _build(path: str) -> bytes:
    root = stylesheets.static_root()
    if path == stylesheets.BUNDLE:
        return _build_stylesheet(root, _get_state(root, stylesheets.sources))
    return _build_scripts(root, _get_state(root, scripts.sources))[path].encode()


def _get_state(root: Path, sources: Callable[[Path], list[Path]]) -> State:
    """Return what tells whether a source has changed: paths, times and sizes."""
    found = [(path, path.stat()) for path in sources(root)]
    return tuple((str(path), stat.st_mtime_ns, stat.st_size) for path, stat in found)


@lru_cache(maxsize=1)
def _build_stylesheet(root: Path, state: State) -> bytes:
    return stylesheets.build(root).encode()


@lru_cache(maxsize=1)
def _build_scripts(root: Path, state: State) -> dict[str, str]:
    return scripts.build(root)

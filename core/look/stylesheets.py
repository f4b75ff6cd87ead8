"""Which style sheets a page links: in development the sources in order, elsewhere one bundle of them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.finders import BaseFinder
from django.contrib.staticfiles.utils import matches_patterns
from django.core.files.storage import FileSystemStorage, Storage

BUNDLE = "css/loggia.css"
_ORDER = ("tokens.css", "base.css", "layouts/*.css", "components/*.css", "pages/*.css")


def static_root() -> Path:
    return Path(settings.BASE_DIR) / "static"


def sources(root: Path) -> list[Path]:
    """Every source in cascade order. Layers make the order inside a folder irrelevant."""
    return [path for pattern in _ORDER for path in sorted((root / "css").glob(pattern))]


def build(root: Path) -> str:
    """The bundle's text: the sources, one after the other."""
    return "\n".join(path.read_text("utf-8").strip() for path in sources(root)) + "\n"


def links(root: Path) -> list[str]:
    """Static paths to link."""
    if not settings.DEBUG:
        return [BUNDLE]
    return [path.relative_to(root).as_posix() for path in sources(root)]


class BundleFinder(BaseFinder):
    """Builds the bundle when collectstatic, or a server that serves files by finders, asks for it.

    It is written to the data directory, never beside its sources, and only when they have changed.
    """

    def check(self, **kwargs: Any) -> list[Any]:
        return []

    def find(
        self, path: str, find_all: bool = False, **kwargs: Any
    ) -> Any:  # a path, or a list with find_all
        if path != BUNDLE:
            return []
        found = str(self._write() / BUNDLE)
        return [found] if find_all else found

    def list(self, ignore_patterns: Any) -> Iterator[tuple[str, Storage]]:
        if not matches_patterns(BUNDLE, ignore_patterns or []):
            yield BUNDLE, FileSystemStorage(location=self._write())

    def _write(self) -> Path:
        """Bring the bundle up to date and return the directory that holds it."""
        directory = Path(settings.DATA_DIR) / "built-static"
        target = directory / BUNDLE
        text = build(static_root())
        if not target.exists() or target.read_text("utf-8") != text:
            target.parent.mkdir(parents=True, exist_ok=True)
            # Several processes may build it at once; each replaces it as a whole.
            draft = target.with_suffix(f".{os.getpid()}")
            draft.write_text(text, "utf-8")
            draft.replace(target)
        return directory

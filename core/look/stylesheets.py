"""Which style sheets a page links: the bundle when it is fresh, else its sources in order."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path

from django.conf import settings

BUNDLE = "css/loggia.css"
_ORDER = ("tokens.css", "base.css", "layouts/*.css", "components/*.css", "pages/*.css")
_MARK = "/* sources sha256 "


def static_root() -> Path:
    return Path(settings.BASE_DIR) / "static"


def sources(root: Path) -> list[Path]:
    """Every source in cascade order. Layers make the order inside a folder irrelevant."""
    return [path for pattern in _ORDER for path in sorted((root / "css").glob(pattern))]


def build(root: Path) -> str:
    """The bundle's text: a line with the hash of the sources, then the sources."""
    texts = [path.read_text("utf-8").strip() for path in sources(root)]
    return f"{_MARK}{_hash(texts)} */\n" + "\n".join(texts) + "\n"


def _hash(texts: list[str]) -> str:
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()


def links(root: Path) -> list[str]:
    """Static paths to link."""
    bundle = root / BUNDLE
    if not settings.DEBUG and bundle.exists():
        with bundle.open(encoding="utf-8") as file:
            mark = file.readline()
        if mark == f"{_MARK}{_hash([path.read_text('utf-8').strip() for path in sources(root)])} */\n":
            return [BUNDLE]
    return [path.relative_to(root).as_posix() for path in sources(root)]


@lru_cache(maxsize=1)
def cached_links() -> tuple[str, ...]:
    """The answer for this process, read from disk once."""
    return tuple(links(static_root()))

"""Which style sheets a page links: one bundle, or with STATIC_SOURCES the sources in order."""

from __future__ import annotations

from pathlib import Path

from django.conf import settings

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
    if not settings.STATIC_SOURCES:
        return [BUNDLE]
    return [path.relative_to(root).as_posix() for path in sources(root)]

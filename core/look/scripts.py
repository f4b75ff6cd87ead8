"""Which scripts a page loads: a bundle for each entry, or with STATIC_SOURCES the modules as they are."""

from __future__ import annotations

from pathlib import Path

from django.conf import settings

from core.look.modules import build_bundles, bundle_name, read_modules

# The entry of every page; its bundle also holds what several others share.
SHARED = "loggia.js"
# The modules that pages load beside it, relative to static/js.
ENTRIES = (
    "accent_picker.js",
    "builder.js",
    "builder/create.js",
    "builder/knowledge.js",
    "builder/model_settings.js",
    "builder/test_editor.js",
    "chat.js",
    "chat/attachments.js",
    "chat/feedback.js",
    "chat/passage.js",
    "chat/picker.js",
)
_FOLDER = "bundles"


def link(entry: str) -> str:
    """Return the static path to load for an entry. Raises ValueError for a module that is none."""
    if entry != SHARED and entry not in ENTRIES:
        raise ValueError(f"{entry} is no entry: add it to ENTRIES in core/look/scripts.py")
    return f"js/{entry}" if settings.STATIC_SOURCES else bundle_path(entry)


def bundle_path(entry: str) -> str:
    return f"{_FOLDER}/{bundle_name(entry)}"


def sources(root: Path) -> list[Path]:
    return sorted((root / "js").rglob("*.js"))


def build(root: Path) -> dict[str, str]:
    """Return the text of every bundle by its static path. Raises ModuleError."""
    bundles = build_bundles(read_modules(root / "js"), shared=SHARED, entries=ENTRIES)
    return {f"{_FOLDER}/{name}": text for name, text in bundles.items()}

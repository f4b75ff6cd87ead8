"""Where the browser for tests/browser is."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

# First the shell without windows, which needs a quarter less CPU time.
NAMES = (
    "chromium-headless-shell",
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
    "microsoft-edge",
)
CACHES = ("~/.cache/ms-playwright", "~/Library/Caches/ms-playwright")
MAC = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)


def find_browser() -> str:
    """The path of a Chromium: LOGGIA_BROWSER's, the system's, or one that playwright downloaded."""
    named = os.environ.get("LOGGIA_BROWSER", "")
    candidates = [named] if named else [*filter(None, map(shutil.which, NAMES)), *MAC, *_downloaded()]
    return next((path for path in candidates if os.access(path, os.X_OK)), "")


def _downloaded() -> list[str]:
    patterns = (
        "chromium_headless_shell-*/*linux*/*headless*shell",
        "chromium_headless_shell-*/*mac*/*headless*shell",
        "chromium-*/chrome-linux*/chrome",
        "chromium-*/chrome-mac*/**/MacOS/*",
    )
    folders = [Path(os.environ.get("PLAYWRIGHT_BROWSERS_PATH") or cache).expanduser() for cache in CACHES]
    return [str(path) for folder in folders for pattern in patterns for path in sorted(folder.glob(pattern))]

"""Fixtures of all packages of gpts."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def separate_media(own_media: Path) -> None:
    """Keep the uploaded files of every test in a folder of its own."""

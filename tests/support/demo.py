"""The demo data in a test with a browser."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from django.db import connections
from django.utils import timezone

from demo.seeding import seed


def seed_demo() -> None:
    """Seed in a thread: it runs golden prompts, and the main thread has Playwright's event loop."""
    with ThreadPoolExecutor(1) as pool:
        pool.submit(_seed).result()


def _seed() -> None:
    try:
        seed(at=timezone.now())
    finally:
        connections.close_all()

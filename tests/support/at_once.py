"""Several acts at the same instant, each in a thread with a database connection of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable

from django.db import DatabaseError, connections

from core.errors import DomainError


def run_at_once(*acts: Callable[[], object]) -> list[str]:
    """Run each in a thread with its own connection, all at the same instant; their error codes or ""."""
    start = threading.Barrier(len(acts))
    results = [""] * len(acts)

    def run(number: int, act: Callable[[], object]) -> None:
        try:
            connections["default"].ensure_connection()  # with it comes the scope that sees all rows
            start.wait(timeout=60)
            act()
        except DomainError as refusal:
            results[number] = refusal.code
        except DatabaseError as error:  # a deadlock, for example: the assertion shows it
            results[number] = repr(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(n, act)) for n, act in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=120)
    return results

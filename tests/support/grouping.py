"""Runs many cases in one test: each starts from the same state, and all failures are reported together."""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.core import mail
from django.db import transaction

from tests.support.servers import servers


class Cases:
    """Collects the failures of a group.

    ``with cases.run(name):`` undoes what the case wrote, as between two tests, and keeps its failure.
    ``cases.check()`` fails the test with all of them.
    """

    def __init__(self) -> None:
        self.failures: list[str] = []
        self.count = 0

    @contextmanager
    def run(self, case: object) -> Iterator[None]:
        self.count += 1
        mail.outbox.clear()
        try:
            with transaction.atomic():
                yield
                transaction.set_rollback(True)
        except (AssertionError, Exception) as error:  # noqa: BLE001  # reported by check()
            frame = traceback.extract_tb(error.__traceback__)[-1]
            self.failures.append(f"{case}: {type(error).__name__} at {frame.name}:{frame.lineno}: {error}")
        finally:
            servers.empty_redis(settings.REDIS_DATABASE)

    def check(self) -> None:
        assert self.count, "the group has no cases"
        assert not self.failures, f"{len(self.failures)} of {self.count} failed:\n" + "\n".join(self.failures)

"""Calls to other hosts: runs the waiting ones in the test's own thread, as a worker would."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from gpts import tasks as _registers_the_kinds_of_jobs
from tests.support.times import NOW
from workspaces.services.outbound_jobs import run_next_job

__all__ = ["_registers_the_kinds_of_jobs", "run_outbound_jobs"]


def run_outbound_jobs(clock: Callable[[], datetime] = lambda: NOW) -> int:
    """Run all waiting jobs, one after the other; return how many ran."""
    count = 0
    while run_next_job(clock=clock):
        count += 1
    return count

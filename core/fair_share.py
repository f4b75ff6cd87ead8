"""Fair shares of a worker's slots: whose job is next. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True)
class Waiting:
    """The oldest waiting job of a person in a workspace. ``kind`` and ``key`` identify it for the caller."""

    kind: str
    key: Any
    person_id: int
    workspace_id: int
    since: datetime

    @property
    def shares(self) -> tuple[str, str]:
        return get_shares(self.person_id, self.workspace_id)


def get_shares(person_id: int, workspace_id: int) -> tuple[str, str]:
    """Return the names of the two shares that a job counts against."""
    return (f"person:{person_id}", f"workspace:{workspace_id}")


def choose_next(
    waiting: Iterable[Waiting],
    running: Iterable[tuple[int, int]],
    served: Mapping[str, float],
    *,
    per_share: int,
) -> Waiting | None:
    """Return the job to run next, None when every job belongs to a share that has its slots already.

    ``running`` has (person, workspace) of each running job, ``served`` the time at which a share got its last
    slot. A job counts against its person and its workspace; what decides is the one that has more. So neither
    a person with many workspaces nor a workspace with many people gets more than another.
    """
    held = Counter(share for person, workspace in running for share in get_shares(person, workspace))

    def rank(job: Waiting) -> tuple[int, float, float, datetime]:
        person, workspace = job.shares
        last = served.get(person, 0.0)
        return (max(held[person], held[workspace]), max(last, served.get(workspace, 0.0)), last, job.since)

    open_jobs = (job for job in waiting if max(held[share] for share in job.shares) < per_share)
    return min(open_jobs, key=rank, default=None)

"""Carries out erasures: step by step, in batches, resumable; every app has its part (workspaces.erasure)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import structlog
from django.db import transaction
from django.db.models import F, Q

from core.audit import record
from core.jobs import enqueue_on_commit, log_refused_task
from core.scope import system_scope
from workspaces.erasure import ErasurePart, ErasureWaits, load_parts
from workspaces.models import Erasure, User, Workspace
from workspaces.states import ErasureKind, ErasureState

log = structlog.get_logger(__name__)

PURPOSE = "workspaces.run_erasure"
# A run without a sign of life for this long was lost.
LEASE = timedelta(minutes=5)
WAIT = timedelta(minutes=15)
Step = tuple[str, ErasurePart, Callable[[datetime], int]]


def request_erasure(*, workspace: Workspace, user: User | None, by: User | None, at: datetime) -> Erasure:
    """Store the erasure in the caller's transaction and start its job after the commit. Idempotent."""
    erasure, _is_new = Erasure.objects.get_or_create(
        workspace=workspace,
        defaults={
            "kind": ErasureKind.WORKSPACE if user is None else ErasureKind.ACCOUNT,
            "user": user,
            "requested_by": by,
            "requested_at": at,
        },
    )
    enqueue_on_commit("workspaces.run_erasure", erasure_id=str(erasure.pk))
    return erasure


def run_erasure(*, erasure_id: UUID, clock: Callable[[], datetime]) -> bool:
    """Erase until nothing is left or a step has to wait; return whether all is done.

    Each batch is one transaction, so a run that is killed loses at most a batch, and the next run goes on
    there. A second run at the same time does nothing. ``clock`` tells the time, for the lease of a run that
    may take hours. Opens a system scope for each batch. Audited when finished.
    """
    claim = uuid4()
    with system_scope(PURPOSE):
        if not _claim(erasure_id, claim, clock()):
            log_refused_task("workspaces.run_erasure", "not_waiting", erasure=str(erasure_id))
            return False
        steps = _list_steps(erasure_id)
    waiting = ""
    for name, part, step in steps:
        with system_scope(PURPOSE):
            done = set(Erasure.objects.values_list("done", flat=True).get(pk=erasure_id))
        if name in done:
            continue
        if not _may_begin(name, part, done):
            waiting = waiting or name
            continue
        try:
            if not _run_step(erasure_id, claim, name, step, clock):
                return False
        except ErasureWaits:
            waiting = waiting or name
    with system_scope(PURPOSE):
        return _end_run(erasure_id, claim, waiting, clock())


def list_step_names(kind: str) -> list[tuple[str, ErasurePart]]:
    """Return the steps of an erasure in their order, for its progress."""
    names = []
    for part in load_parts():
        if kind == ErasureKind.ACCOUNT and part.erase_person is not None:
            names.append((f"{part.name}:person", part))
        if part.erase_workspace is not None:
            names.append((f"{part.name}:workspace", part))
    return names


def resume_erasures(*, at: datetime) -> int:
    """Enqueue erasures that were lost, or waited for some time; return how many. Idempotent."""
    lost = Q(heartbeat_at__isnull=True) | Q(heartbeat_at__lt=at - LEASE)
    found = Erasure.objects.filter(
        Q(state=ErasureState.WAITING, waits_for="") & lost
        | Q(state=ErasureState.RUNNING) & lost
        | Q(state=ErasureState.WAITING, heartbeat_at__lt=at - WAIT)
    )
    identifiers = list(found.values_list("pk", flat=True)[:100])
    for identifier in identifiers:
        enqueue_on_commit("workspaces.run_erasure", erasure_id=str(identifier))
    return len(identifiers)


def _claim(erasure_id: UUID, claim: UUID, at: datetime) -> bool:
    free = Q(state=ErasureState.WAITING) | Q(state=ErasureState.RUNNING, heartbeat_at__lt=at - LEASE)
    return bool(
        Erasure.objects.filter(free, pk=erasure_id).update(
            state=ErasureState.RUNNING, claim=claim, heartbeat_at=at, waits_for=""
        )
    )


def _list_steps(erasure_id: UUID) -> list[Step]:
    erasure = Erasure.objects.select_related("user", "workspace").get(pk=erasure_id)
    user, workspace = erasure.user, erasure.workspace
    steps: list[Step] = []
    for name, part in list_step_names(erasure.kind):
        if name.endswith(":person"):
            if part.erase_person is not None and user is not None:
                steps.append((name, part, _bind(part.erase_person, user)))
        elif part.erase_workspace is not None:
            steps.append((name, part, _bind(part.erase_workspace, workspace)))
    return steps


def _bind(step: Callable[..., int], subject: User | Workspace) -> Callable[[datetime], int]:
    return lambda at: step(subject, at)


def _may_begin(name: str, part: ErasurePart, done: set[str]) -> bool:
    """Return whether the steps of the parts that must come first, for the same subject, have finished."""
    subject = name.rpartition(":")[2]
    known = {step for kind in ErasureKind for step, _part in list_step_names(kind)}
    return all(f"{other}:{subject}" in done for other in part.after if f"{other}:{subject}" in known)


def _run_step(
    erasure_id: UUID, claim: UUID, name: str, step: Callable[[datetime], int], clock: Callable[[], datetime]
) -> bool:
    """Run batches until one erases nothing; False when another run has taken over."""
    while True:
        with system_scope(PURPOSE):
            owned = Erasure.objects.select_for_update().filter(pk=erasure_id, claim=claim).first()
            if owned is None:
                return False
            at = clock()
            count = step(at)
            owned.row_count = F("row_count") + count
            owned.heartbeat_at = at
            if not count:
                owned.done = [*owned.done, name]
            owned.save(update_fields=["row_count", "heartbeat_at", "done"])
        if not count:
            log.info("erasure.step_done", erasure=str(erasure_id), step=name)
            return True


@transaction.atomic
def _end_run(erasure_id: UUID, claim: UUID, waiting: str, at: datetime) -> bool:
    erasure = Erasure.objects.select_for_update(of=("self",)).filter(pk=erasure_id, claim=claim).first()
    if erasure is None:
        return False
    erasure.claim = None
    if waiting:
        erasure.state, erasure.waits_for = ErasureState.WAITING, waiting
        erasure.save(update_fields=["state", "waits_for", "claim"])
        return False
    erasure.state, erasure.finished_at = ErasureState.FINISHED, at
    erasure.save(update_fields=["state", "finished_at", "claim"])
    record(
        action="workspaces.erasure_finished",
        by=None,
        at=at,
        subject=erasure,
        data={"kind": str(erasure.kind), "rows": erasure.row_count},
    )
    return True

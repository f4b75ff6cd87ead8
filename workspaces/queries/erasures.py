"""The progress of erasures."""

from __future__ import annotations

from dataclasses import dataclass

from workspaces.erasure import load_parts
from workspaces.models import Erasure
from workspaces.states import ErasureKind


@dataclass(frozen=True)
class ErasureStep:
    """One part of an erasure, for its progress: "done", "waits" or "open"."""

    label: str
    state: str


def describe_erasure(erasure: Erasure) -> list[ErasureStep]:
    """Return the parts of an erasure in their order, with what is done."""
    steps = []
    for part in load_parts():
        wanted = {f"{part.name}:workspace"} if part.erase_workspace is not None else set()
        if erasure.kind == ErasureKind.ACCOUNT and part.erase_person is not None:
            wanted.add(f"{part.name}:person")
        if not wanted:
            continue
        state = "done" if wanted <= set(erasure.done) else "open"
        if state == "open" and erasure.waits_for in wanted:
            state = "waits"
        steps.append(ErasureStep(label=str(part.label), state=state))
    return steps

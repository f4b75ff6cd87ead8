"""Recheck whether people may still chat while their answers are written: many turns in four queries."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from gpts.assistants.models import GPT
from gpts.assistants.queries.served import list_served_versions
from gpts.assistants.rules import GPTAct, GPTRelation, may
from workspaces.models import Member, User


@dataclass(frozen=True)
class RunningAnswer:
    """A turn that runs, and what its person must be allowed to do with the GPT for as long as it does.

    ``workspace_ids`` are those whose membership counts here: with an API key only the key's.
    """

    turn_id: UUID
    user_id: int
    gpt_id: int
    act: GPTAct
    workspace_ids: tuple[int, ...]


def find_turns_without_access(answers: Iterable[RunningAnswer]) -> set[UUID]:
    """Return the turns that their person may no longer start: they left the workspace or were deactivated,
    or the GPT was quarantined, withdrawn, deleted or suspended with its workspace."""
    answers = list(answers)
    users = set(
        User.objects.filter(pk__in={answer.user_id for answer in answers}, is_active=True).values_list(
            "pk", flat=True
        )
    )
    found = GPT.objects.select_related("workspace").in_bulk({answer.gpt_id for answer in answers})
    audiences: dict[int, set[str]] = {}
    served = list_served_versions().filter(gpt__in=found)
    for gpt_id, audience in served.values_list("gpt_id", "audience"):
        audiences.setdefault(gpt_id, set()).add(audience)
    roles = {
        (user_id, workspace_id): role
        for user_id, workspace_id, role in Member.objects.filter(
            user__in=users, workspace__in={gpt.workspace_id for gpt in found.values()}
        ).values_list("user_id", "workspace_id", "role")
    }

    def is_allowed(answer: RunningAnswer) -> bool:
        gpt = found.get(answer.gpt_id)
        if gpt is None:
            return False
        is_included = gpt.workspace_id in answer.workspace_ids
        relation = GPTRelation(
            user_id=answer.user_id,
            is_active=answer.user_id in users,
            role=roles.get((answer.user_id, gpt.workspace_id), "") if is_included else "",
            audiences=frozenset(audiences.get(answer.gpt_id, ())),
        )
        return may(answer.act, gpt, relation)

    return {answer.turn_id for answer in answers if not is_allowed(answer)}

"""Recheck whether people may still do what they began, answers and streams; many in a few queries."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from core.scope import NOBODY, Scope, open_scope
from gpts.assistants.external import find_refused_uses
from gpts.assistants.models import GPT
from gpts.assistants.queries.served import list_served_versions
from gpts.assistants.queries.shares import find_right, list_bound_by_blocks, list_rights
from gpts.assistants.rules import GPTAct, GPTRelation, may
from gpts.chat.services.policy_checks import Uses, find_refused
from workspaces.access import list_keys_in_force
from workspaces.models import Member, User
from workspaces.policy import Act
from workspaces.queries import is_active_member


@dataclass(frozen=True)
class RequestAccess:
    """Who opened a stream: a person, and the API key that they used, if any."""

    user_id: int
    api_key_id: int | None = None
    # That of the key, whose policy may refuse the API.
    workspace_id: int | None = None


@dataclass(frozen=True)
class RunningAnswer:
    """A turn that runs, and what its person must be allowed to do with the GPT for as long as it does.

    ``workspace_ids`` are those whose membership counts here: with an API key only the key's. ``payer_id`` is
    the workspace whose budgets pay, of which the person must be a member; its policy rules ``uses``.
    """

    turn_id: UUID
    user_id: int
    gpt_id: int
    act: GPTAct
    workspace_ids: tuple[int, ...]
    payer_id: int
    api_key_id: int | None = None
    uses: Uses = ()

    @property
    def request(self) -> RequestAccess:
        return RequestAccess(self.user_id, self.api_key_id, self.payer_id if self.api_key_id else None)

    @property
    def policy_question(self) -> tuple[int, int, Uses]:
        return self.user_id, self.payer_id, self.uses


def find_turns_without_access(answers: Iterable[RunningAnswer], *, at: datetime) -> set[UUID]:
    """Return the turns that their person may no longer start.

    Because they were deactivated, left the workspace of the GPT or the one that pays, or revoked the API key;
    because a company of theirs no longer allows the GPT, which is another workspace's; or because the GPT was
    quarantined, withdrawn, deleted or no longer shared with them, or a workspace suspended.
    """
    answers = list(answers)
    with _open_recheck_scope(answers):
        ruled_out, unreachable = _find_turns_without_access(answers, at=at)
        return ruled_out | {
            answer.turn_id
            for answer in answers
            if answer.turn_id in unreachable and not _may_chat_as_guest(answer, at=at)
        }


def _may_chat_as_guest(answer: RunningAnswer, *, at: datetime) -> bool:
    """Whether a share with the person opens a GPT of a workspace to which they do not belong.

    Asked for each of the few whose relation does not allow it, in their own scope: others do not see what
    guests see. Rules about GPTs from outside are asked here too, as the caller does not see the GPT.
    """
    if answer.act is not GPTAct.CHAT or find_ended_requests([answer.request], at=at):
        return False
    with open_scope(Scope(user_id=answer.user_id, workspace_ids=answer.workspace_ids)):
        gpt = GPT.objects.select_related("workspace").filter(pk=answer.gpt_id, has_shares=True).first()
        if gpt is None or not is_active_member(answer.user_id, answer.payer_id):
            return False
        right = find_right(answer.user_id, gpt, is_member=False)
        if not right or find_refused_uses([(answer.user_id, gpt.pk, gpt.workspace_id)]):
            return False
        relation = GPTRelation(
            user_id=answer.user_id,
            is_active=True,
            role="",
            audiences=frozenset(list_served_versions().filter(gpt=gpt).values_list("audience", flat=True)),
            right=right,
        )
        return may(answer.act, gpt, relation)


def _open_recheck_scope(answers: Iterable[RunningAnswer]) -> AbstractContextManager[Scope]:
    """Read for many people at once: in the workspaces whose members they are, and what is shared."""
    own = {workspace_id for answer in answers for workspace_id in (*answer.workspace_ids, answer.payer_id)}
    return open_scope(Scope(workspace_ids=tuple(own)))


def _find_turns_without_access(answers: list[RunningAnswer], *, at: datetime) -> tuple[set[UUID], set[UUID]]:
    """Return the turns that policies and blocks refuse, and those that the relation does not allow."""
    ended = find_ended_requests((answer.request for answer in answers), at=at)
    ruled_out = find_refused(answer.policy_question for answer in answers)
    found = GPT.objects.select_related("workspace").in_bulk({answer.gpt_id for answer in answers})
    audiences: dict[int, set[str]] = {}
    served = list_served_versions().filter(gpt__in=found)
    for gpt_id, audience in served.values_list("gpt_id", "audience"):
        audiences.setdefault(gpt_id, set()).add(audience)
    workspaces = {gpt.workspace_id for gpt in found.values()} | {answer.payer_id for answer in answers}
    roles = {
        (user_id, workspace_id): role
        for user_id, workspace_id, role in Member.objects.filter(
            user__in={answer.user_id for answer in answers},
            workspace__in=workspaces,
            workspace__suspended_at__isnull=True,
        ).values_list("user_id", "workspace_id", "role")
    }

    refused = find_refused_uses(
        (answer.user_id, answer.gpt_id, found[answer.gpt_id].workspace_id)
        for answer in answers
        if answer.gpt_id in found and (answer.user_id, found[answer.gpt_id].workspace_id) not in roles
    )
    people = {answer.user_id for answer in answers}
    rights = list_rights(found.values(), people)
    bound = list_bound_by_blocks(found.values(), people)

    def is_ruled_out(answer: RunningAnswer) -> bool:
        return answer.policy_question in ruled_out or (answer.user_id, answer.gpt_id) in refused

    def is_reachable(answer: RunningAnswer) -> bool:
        gpt = found.get(answer.gpt_id)
        if gpt is None or answer.request in ended or (answer.user_id, answer.payer_id) not in roles:
            return False
        is_included = gpt.workspace_id in answer.workspace_ids
        own_role = roles.get((answer.user_id, gpt.workspace_id), "")
        role = own_role if is_included else ""
        relation = GPTRelation(
            user_id=answer.user_id,
            is_active=True,
            role=role,
            is_bound_by_block=(answer.user_id, gpt.workspace_id) in bound,
            audiences=frozenset(audiences.get(answer.gpt_id, ())),
            right=rights.get((gpt.pk, answer.user_id), "") if role else "",
        )
        return may(answer.act, gpt, relation)

    return (
        {answer.turn_id for answer in answers if is_ruled_out(answer)},
        {answer.turn_id for answer in answers if not is_reachable(answer)},
    )


def find_ended_requests(requests: Iterable[RequestAccess], *, at: datetime) -> set[RequestAccess]:
    """Return those whose person was deactivated or whose API key was revoked or has expired."""
    requests = set(requests)
    keys = {request.api_key_id for request in requests if request.api_key_id is not None}
    with open_scope(NOBODY):
        active = set(
            User.objects.filter(pk__in={request.user_id for request in requests}, is_active=True).values_list(
                "pk", flat=True
            )
        )
        valid = list_keys_in_force(keys, at=at) if keys else set()
        refused = find_refused(_ask_about_api(request) for request in requests)
    return {
        request
        for request in requests
        if request.user_id not in active
        or _ask_about_api(request) in refused
        or (request.api_key_id is not None and request.api_key_id not in valid)
    }


def _ask_about_api(request: RequestAccess) -> tuple[int, int, Uses]:
    has_key = request.api_key_id is not None and request.workspace_id is not None
    return request.user_id, request.workspace_id or 0, ((Act.USE_API, ()),) if has_key else ()

"""What the sharing policy of the workspace that pays says of an answer: model, capabilities, the API."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TypeVar

from gpts.chat.services.turn_inputs import PreparedInput
from gpts.llm.models import LanguageModel
from gpts.llm.states import Capability
from workspaces.acts import refuse
from workspaces.policy import Act, Decision, Target, capability_targets, model_targets
from workspaces.queries import WorkspacePolicy, load_policy, load_readable_policies_of

Prepared = TypeVar("Prepared", bound=PreparedInput)

# Acts with what they are done to: what a running turn uses, asked again for as long as it runs.
Uses = tuple[tuple[Act, tuple[Target, ...]], ...]


def apply_policy(prepared: Prepared, *, user_id: int, workspace_id: int) -> Prepared:
    """Refuse a model that the policy forbids; leave out the capabilities that it forbids. One query.

    Raises Forbidden (``policy_refuses``) with the rule, and LimitUnreadable.
    """
    found = load_policy(user_id, workspace_id)
    if prepared.model is not None and not prepared.fixed_answer:
        decision = _decide_model(found, prepared.model)
        if not decision.is_allowed:
            raise refuse(found, Act.USE_MODEL, decision)
    judged = found.judge(Act.USE_CAPABILITY)
    if judged.default.is_allowed and not judged.denies:
        return prepared

    def may_use(capability: str) -> bool:
        return judged.decide(capability_targets(capability)).is_allowed

    given = prepared.input
    given = replace(given, provider_tools=tuple(tool for tool in given.provider_tools if may_use(tool)))
    passages = prepared.passages
    if not may_use(Capability.VISION):
        history = tuple(replace(message, images=()) for message in given.history)
        given = replace(given, images=(), history=history)
    if not may_use(Capability.FILE_SEARCH):
        given, passages = replace(given, passages=()), ()
    return replace(prepared, input=given, passages=passages)


def _decide_model(found: WorkspacePolicy, model: LanguageModel) -> Decision:
    return found.judge(Act.USE_MODEL).decide(model_targets(model.pk, model.provider_id))


def list_uses(
    prepared: PreparedInput, *, api_key_id: int | None = None, judges: Iterable[LanguageModel] = ()
) -> Uses:
    """Return what an answer uses for as long as it runs; ``judges`` are other models that it asks."""
    uses: list[tuple[Act, tuple[Target, ...]]] = []
    if prepared.model is not None and not prepared.fixed_answer:
        uses += list_model_uses([prepared.model])
    uses += [(Act.USE_CAPABILITY, capability_targets(tool)) for tool in prepared.input.provider_tools]
    uses += list_model_uses(judges)
    if api_key_id is not None:
        uses.append((Act.USE_API, ()))
    return tuple(uses)


def list_model_uses(models: Iterable[LanguageModel]) -> Uses:
    return tuple((Act.USE_MODEL, model_targets(model.pk, model.provider_id)) for model in models)


def find_refused(asked: Iterable[tuple[int, int, Uses]]) -> set[tuple[int, int, Uses]]:
    """Return which of (person, workspace, what they use) the workspace's policy refuses now; in one query.

    A policy that cannot be read refuses its people, and nobody else.
    """
    asked = set(asked)
    people = {person for person, _workspace, uses in asked if uses}
    if not people:
        return set()
    policies = load_readable_policies_of(people)
    return {
        (person, workspace, uses)
        for person, workspace, uses in asked
        if uses and not (person in policies and _allows(policies[person].find(workspace), uses))
    }


def _allows(found: WorkspacePolicy | None, uses: Uses) -> bool:
    return found is not None and all(found.judge(act).decide(targets).is_allowed for act, targets in uses)

"""Hiding a model of the instance from a company: one rule of its sharing policy, and no second mechanism."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from django.db import transaction

from gpts.llm.models import LanguageModel
from marketplace.services.publishing import save_policy
from workspaces.models import User, Workspace
from workspaces.policy import EVERYONE, Act, Effect, Rule, Target, TargetKind
from workspaces.queries import read_policy


def get_hiding_rule(model: LanguageModel) -> Rule:
    """Return the rule that forbids the model to everybody; deny beats allow, so no other rule opens it."""
    return Rule(Act.USE_MODEL, EVERYONE, Target(TargetKind.MODEL, str(model.pk)), Effect.DENY)


@transaction.atomic
def set_model_hidden(
    *, workspace: Workspace, model: LanguageModel, is_hidden: bool, by: User, at: datetime
) -> int:
    """Add or remove the rule; return the policy's revision. Audited as a change of the policy. Idempotent.

    The caller has authorised MANAGE_POLICY. Hiding replaces a rule that allowed the model to everybody.
    """
    read = read_policy(workspace.pk)
    rule = get_hiding_rule(model)
    rules = read.policy.rules - {rule}
    if is_hidden:
        rules = rules - {replace(rule, effect=Effect.ALLOW)} | {rule}
    return save_policy(
        workspace=workspace, policy=replace(read.policy, rules=rules), revision=read.revision, by=by, at=at
    )

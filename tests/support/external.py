"""Rules of a company about GPTs of other workspaces."""

from __future__ import annotations

from core.scope import system_scope
from marketplace.services.publishing import save_policy
from tests.support.times import NOW
from workspaces.models import Group, Workspace
from workspaces.policy import Act
from workspaces.queries import read_policy
from workspaces.services.policies import parse_policy


def limit_external(
    company: Workspace, *, group: Group | None = None, effect: str = "deny", gpt_id: int | None = None
) -> None:
    """Save a policy with one rule about GPTs from outside: for a group or everyone, for one GPT or all."""
    rule = {
        "act": Act.USE_EXTERNAL.value,
        "effect": effect,
        "subject_kind": "group" if group else "everyone",
        "subject": str(group.pk) if group else "",
        "target_kind": "gpt" if gpt_id else "any",
        "target": str(gpt_id) if gpt_id else "",
    }
    closed = [Act.USE_EXTERNAL.value] if effect == "allow" else []
    _save(company, [rule], closed)


def open_external(company: Workspace) -> None:
    """Save a policy without rules."""
    _save(company, [], [])


def _save(company: Workspace, rules: list[dict[str, str]], closed: list[str]) -> None:
    with system_scope("tests"):
        save_policy(
            workspace=company,
            policy=parse_policy(rules, closed),
            revision=read_policy(company.pk).revision,
            by=company.members.select_related("user").get(role="owner").user,
            at=NOW,
        )

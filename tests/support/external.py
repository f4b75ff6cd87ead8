"""Rules of a company about GPTs of other workspaces."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from core.scope import system_scope
from gpts.assistants.models import GPT, Adoption
from gpts.assistants.services.adoptions import approve_adoption
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


def allow_approved(company: Workspace) -> None:
    """Save a policy that lets members use those GPTs from outside that the company approved."""
    rule = {
        "act": Act.USE_EXTERNAL.value,
        "effect": "allow",
        "subject_kind": "everyone",
        "subject": "",
        "target_kind": "approval",
        "target": "approved",
    }
    _save(company, [rule], [Act.USE_EXTERNAL.value])


def approve(
    company: Workspace, gpt: GPT, number: int = 1, *, groups: list[Group] | None = None, days: int = 100
) -> Adoption:
    """Approve a version for everyone or for groups; it ends in ``days``, from now on."""
    with system_scope("tests"):
        now = timezone.now()
        return approve_adoption(
            workspace=company,
            gpt=gpt,
            number=number,
            groups=groups,
            expires_at=now + timedelta(days=days),
            recertify_at=now + timedelta(days=days // 2 or 1),
            by=company.members.select_related("user").get(role="owner").user,
            at=now,
        )


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

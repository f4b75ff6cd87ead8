"""Acme's sharing policy with its history: what its interns may not do, hosts of actions, models."""

from __future__ import annotations

from datetime import datetime, timedelta

from demo.company_people import COLLEAGUES
from demo.models_and_budgets import ACME
from gpts.llm.models import LanguageModel
from marketplace.services.publishing import save_policy
from workspaces.models import Group, Member, PolicyRevision, User, Workspace
from workspaces.queries import read_policy
from workspaces.services.groups import add_group_members, create_group
from workspaces.services.policies import parse_policy

ADMIN = "admin@acme.test"
INTERNS, INTERN = "Interns", f"reader{COLLEAGUES[0]:02d}@demo.test"


def lacks_policy() -> bool:
    acme = Workspace.objects.filter(name=ACME).first()
    return acme is not None and not PolicyRevision.objects.filter(workspace=acme).exists()


def seed_policy(*, at: datetime) -> str:
    """Make the group of interns and three revisions; returns how many rules hold."""
    acme = Workspace.objects.get(name=ACME)
    admin = User.objects.get(email=ADMIN)
    interns = _find_interns(acme, admin, at=at)
    hosts = [
        _rule("use_actions", "allow", target_kind="host", target=host)
        for host in ("acme.example", "weather.example", "api.trains.example")
    ]
    careful = [
        _rule("use_actions", "deny", target_kind="host", target="payroll.acme.example"),
        _rule("export", "deny", "group", interns),
        _rule("share_by_link", "deny", "role", "member"),
    ]
    models = [
        _rule("use_model", "deny", "group", interns, "model", str(model.pk))
        for model in LanguageModel.objects.filter(provider__workspace=acme, name="quoter-1")
    ]
    outside = [_rule("use_external", "deny", "group", interns)]
    steps = [
        (60, hosts[:2], "Only hosts that we know."),
        (32, [*hosts, *careful], "Trains for the travel desk; payroll stays inside."),
        (6, [*hosts, *careful, *models, *outside], "Interns begin with our own GPTs."),
    ]
    for days, rules, note in steps:
        save_policy(
            workspace=acme,
            policy=parse_policy(rules, ["use_actions"]),
            revision=read_policy(acme.pk).revision,
            note=note,
            by=admin,
            at=at - timedelta(days=days),
        )
    return f"{len(steps[-1][1])} rules of Acme"


def _find_interns(acme: Workspace, admin: User, *, at: datetime) -> str:
    group = Group.objects.filter(workspace=acme, name=INTERNS).first()
    if group is None:
        group = create_group(workspace=acme, name=INTERNS, by=admin, at=at - timedelta(days=60))
        seat = Member.objects.get(workspace=acme, user__email=INTERN)
        add_group_members(group=group, member_ids=[seat.pk], by=admin, at=at - timedelta(days=60))
    return str(group.pk)


def _rule(
    act: str,
    effect: str,
    subject_kind: str = "everyone",
    subject: str = "",
    target_kind: str = "any",
    target: str = "",
) -> dict[str, str]:
    return {
        "act": act,
        "effect": effect,
        "subject_kind": subject_kind,
        "subject": subject,
        "target_kind": target_kind,
        "target": target,
    }

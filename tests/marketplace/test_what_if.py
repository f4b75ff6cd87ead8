"""What a change of the policy would do to GPTs from outside, with what the company approved and blocked."""

from __future__ import annotations

import pytest
from django.utils import timezone

from core.scope import open_scope
from gpts.assistants.models import Adoption
from gpts.assistants.services.adoptions import block_gpt
from marketplace.what_if import describe_access, preview_change
from tests.support.companies import create_company
from tests.support.external import approve
from tests.support.factories.workspaces import UserFactory
from tests.support.marketplace import make_listing
from tests.support.times import NOW
from workspaces.access import scope_for
from workspaces.models import Group, GroupMember, Member, User
from workspaces.policy import EVERYONE, Act, Approval, Effect, Policy, Rule, Target, TargetKind
from workspaces.queries import list_ruled_people

pytestmark = pytest.mark.django_db
APPROVED = Target(TargetKind.APPROVAL, Approval.APPROVED)


def build_policy(*rules: tuple[Effect, Target], is_closed: bool = False) -> Policy:
    found = frozenset(Rule(Act.USE_EXTERNAL, EVERYONE, target, effect) for effect, target in rules)
    return Policy(found, frozenset({Act.USE_EXTERNAL} if is_closed else ()))


def test_approvals_and_blocks_are_read() -> None:
    owner, sailor = UserFactory.create(display_name="Olga"), UserFactory.create(display_name="Sam")
    company = create_company(owner, member=sailor)
    group = Group.objects.create(workspace=company, name="Sailors", created_at=NOW)
    GroupMember.objects.create(group=group, member=Member.objects.get(workspace=company, user=sailor))
    for_all, for_sailors, _nobody, blocked, ended = (
        make_listing(name=name).gpt for name in ("All", "Sailors", "Nobody", "Blocked", "Ended")
    )
    approve(company, for_all)
    approve(company, for_sailors, groups=[group])
    approve(company, ended)
    Adoption.objects.filter(gpt=ended).update(expires_at=timezone.now())
    block_gpt(workspace=company, gpt=blocked, note="It leaks.", by=owner, at=NOW)
    both = tuple(sorted((owner.pk, sailor.pk)))

    def see(
        before: Policy, after: Policy, *, gpt: int | None = None
    ) -> set[tuple[str, tuple[int, ...], bool]]:
        with open_scope(scope_for(User.objects.get(pk=owner.pk))):
            effects = preview_change(company, before, after, gpt=gpt)
        found = set()
        for effect in effects:
            assert effect.count == len(effect.objects)
            people = tuple(sorted(effect.people))
            found |= {(name, people, effect.is_gain) for name in effect.objects}
        return found

    everything, nothing = build_policy(), build_policy(is_closed=True)
    approved_only = build_policy((Effect.ALLOW, APPROVED), is_closed=True)
    no_approved = build_policy((Effect.DENY, APPROVED))
    lost_by_others = {("Nobody", both, False), ("Ended", both, False), ("Sailors", (owner.pk,), False)}
    lost_approved = {("All", both, False), ("Sailors", (sailor.pk,), False)}
    assert see(everything, approved_only) == lost_by_others
    assert see(approved_only, nothing) == see(everything, no_approved) == lost_approved
    assert see(nothing, approved_only) == {(name, who, True) for name, who, _gain in lost_approved}
    assert see(everything, nothing) == lost_by_others | lost_approved
    assert see(everything, approved_only, gpt=for_sailors.pk) == {("Sailors", (owner.pk,), False)}
    assert see(everything, approved_only, gpt=for_all.pk) == see(everything, nothing, gpt=blocked.pk) == set()
    assert see(everything, nothing, gpt=10**9) == set()

    with open_scope(scope_for(User.objects.get(pk=owner.pk))):
        people = {person.id: person for person in list_ruled_people(company.pk)}
        access = [
            next(one for one in describe_access(company, approved_only, people[user.pk]))
            for user in (owner, sailor)
        ]
    assert [(one.act, one.allowed, one.asked, set(one.refused)) for one in access] == [
        (Act.USE_EXTERNAL, 1, 4, {"Sailors", "Nobody", "Ended"}),
        (Act.USE_EXTERNAL, 2, 4, {"Nobody", "Ended"}),
    ]

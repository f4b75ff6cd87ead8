"""The policy of the demo's company: with its group of interns made before, and saved once only."""

from __future__ import annotations

import pytest

from core.scope import system_scope
from demo.models_and_budgets import ACME
from demo.policies import ADMIN, INTERNS, lacks_policy, seed_policy
from tests.support.companies import create_company
from tests.support.factories.workspaces import UserFactory
from tests.support.times import NOW
from workspaces.models import Group, PolicyRevision, Workspace
from workspaces.policy import Act, SubjectKind
from workspaces.queries import read_policy

pytestmark = pytest.mark.django_db


def test_rules_are_about_the_group_that_is_there() -> None:
    with system_scope("tests"):
        company = create_company(UserFactory.create(email=ADMIN))
        Workspace.objects.filter(pk=company.pk).update(name=ACME)
        group = Group.objects.create(workspace=company, name=INTERNS, created_at=NOW)
        assert lacks_policy()
        assert seed_policy(at=NOW) == "7 rules of Acme"
        assert not lacks_policy()
        assert PolicyRevision.objects.filter(workspace=company).count() == 3
        policy = read_policy(company.pk).policy
    about_groups = [rule for rule in policy.rules if rule.subject.kind == SubjectKind.GROUP]
    assert {rule.act for rule in about_groups} == {Act.EXPORT, Act.USE_EXTERNAL}
    assert {rule.subject.value for rule in about_groups} == {str(group.pk)}

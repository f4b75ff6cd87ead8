"""Sharing policies: saved with a history, asked by every act, refused where they cannot be read."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from core.errors import Conflict, Forbidden, InvalidInput, LimitUnreadable
from core.models import AuditEvent
from core.scope import NOBODY, Scope, open_scope
from marketplace.services.publishing import restore_saved_policy, save_policy
from tests.support.factories.workspaces import MemberFactory, UserFactory, WorkspaceFactory
from tests.support.times import AT
from workspaces.acts import check_act, check_external
from workspaces.models import (
    Group,
    GroupMember,
    Member,
    PolicyRevision,
    PolicyRule,
    SharingPolicy,
    User,
    Workspace,
)
from workspaces.policy import RULED, Act, Policy, Rule, host_targets
from workspaces.queries import (
    ExternalGPT,
    decide_external,
    find_revision,
    load_policies,
    load_policies_of,
    load_policy,
    read_policy,
    write_rule,
)
from workspaces.services.policies import (
    clean_host,
    drop_group_rules,
    parse_policy,
    replace_policy,
    set_may_publish,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner() -> User:
    return UserFactory.create(display_name="Ada")


@pytest.fixture
def team(owner: User) -> Workspace:
    return WorkspaceFactory.create(owner=owner)


def join(team: Workspace, owner: User, name: str, role: str = "member") -> User:
    user = UserFactory.create(display_name=name)
    MemberFactory.create(workspace=team, user=user, role=role, by=owner)
    return user


def put_in_group(team: Workspace, name: str, *people: User) -> Group:
    group = Group.objects.create(workspace=team, name=name, created_at=AT)
    for person in people:
        GroupMember.objects.create(group=group, member=Member.objects.get(workspace=team, user=person))
    return group


def rule(
    act: Act,
    effect: str,
    subject_kind: str = "everyone",
    subject: Any = "",
    target_kind: str = "any",
    target: str = "",
) -> dict[str, str]:
    return {
        "act": act.value, "effect": effect, "subject_kind": subject_kind, "subject": str(subject),
        "target_kind": target_kind, "target": target,
    }  # fmt: skip


def save(
    team: Workspace, by: User, *rules: dict[str, str], closed: tuple[Act, ...] = (), note: str = ""
) -> int:
    return save_policy(
        workspace=team,
        policy=parse_policy(rules, [act.value for act in closed]),
        revision=read_policy(team.pk).revision,
        note=note,
        by=by,
        at=AT,
    )


def is_refused(person: User, act: Act, team: Workspace, **more: Any) -> bool:
    try:
        check_act(person, act, workspace_id=team.pk, **more)
    except Forbidden as error:
        return error.code in ("policy_refuses", "publishing_not_allowed", "external_not_allowed")
    return False


def test_every_ruled_act_is_refused_to_the_group_and_to_nobody_else(owner: User, team: Workspace) -> None:
    ann, bob = join(team, owner, "Ann"), join(team, owner, "Bob")
    group = put_in_group(team, "Interns", ann)
    asked = list(RULED)
    assert not any(is_refused(person, act, team) for person in (owner, ann, bob) for act in asked)
    save(team, owner, *(rule(act, "deny", "group", group.pk) for act in asked))
    assert all(is_refused(ann, act, team) for act in asked)
    assert not any(is_refused(person, act, team) for person in (owner, bob) for act in asked)
    # In another workspace of hers the rules of this one say nothing.
    assert not any(is_refused(ann, act, ann.personal_workspace) for act in asked)
    GroupMember.objects.filter(member__user=ann).delete()
    assert not any(is_refused(ann, act, team) for act in asked)


def test_a_refusal_says_whose_rule_decided_in_any_scope(owner: User, team: Workspace) -> None:
    ann = join(team, owner, "Ann")
    group = put_in_group(team, "Interns", ann)
    save(team, owner, rule(Act.BUILD, "deny", "group", group.pk))
    with open_scope(NOBODY), pytest.raises(Forbidden) as refused:
        check_act(ann, Act.BUILD, workspace_id=team.pk)
    assert str(refused.value.message) == (
        "The sharing policy of Acme does not allow this. The group “Interns” may not create GPTs."
        " Ask one of its admins."
    )
    assert refused.value.data == {
        "act": "build", "workspace": team.slug,
        "rule": rule(Act.BUILD, "deny", "group", group.pk),
    }  # fmt: skip


def test_closed_acts_and_hosts(owner: User, team: Workspace) -> None:
    ann = join(team, owner, "Ann")
    save(
        team, owner,
        rule(Act.USE_ACTIONS, "allow", target_kind="host", target="*.Acme.Test."),
        rule(Act.USE_ACTIONS, "deny", target_kind="host", target="hr.acme.test"),
        closed=(Act.USE_ACTIONS, Act.EXPORT),
    )  # fmt: skip
    hosts = ["acme.test", "api.acme.test", "hr.acme.test", "x.hr.acme.test", "test", "evilacme.test"]
    assert [is_refused(ann, Act.USE_ACTIONS, team, targets=host_targets(host)) for host in hosts] == [
        False, False, True, True, True, True,
    ]  # fmt: skip
    assert is_refused(ann, Act.EXPORT, team)


@pytest.mark.parametrize(
    ("typed", "cleaned"),
    [
        ("API.Example.com", "api.example.com"),
        ("*.example.com", "example.com"),
        ("example.com.", "example.com"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("https://example.com", None),
        ("example.com/path", None),
        ("exa mple.com", None),
        ("a..b", None),
        ("-a.test", None),
        ("", None),
        ("*", None),
        ("x" * 10_000, None),
        ("\x00.test", None),
    ],
)
def test_hosts(typed: str, cleaned: str | None) -> None:
    if cleaned is not None:
        assert clean_host(typed, field="x") == cleaned
        return
    with pytest.raises(InvalidInput):
        clean_host(typed, field="x")


def test_bad_rules_are_refused_and_nothing_is_saved(owner: User, team: Workspace) -> None:
    stranger, other = (
        UserFactory.create(display_name="Stranger"),
        WorkspaceFactory.create(owner=owner, name="Other"),
    )
    foreign = Group.objects.create(workspace=other, name="Foreign", created_at=AT)
    events = AuditEvent.objects.count()
    wrong: list[tuple[str, list[dict[str, str]]]] = [
        ("unknown_act", [{**rule(Act.BUILD, "deny"), "act": "fly"}]),
        ("unknown_act", [rule(Act.CHAT, "deny")]),
        ("unknown_effect", [rule(Act.BUILD, "maybe")]),
        ("unknown_subject", [rule(Act.BUILD, "deny", "role", "emperor")]),
        ("unknown_subject", [rule(Act.BUILD, "deny", "person", "x" * 10_000)]),
        ("unknown_subject", [rule(Act.BUILD, "deny", "group", "0")]),
        ("unknown_group", [rule(Act.BUILD, "deny", "group", foreign.pk)]),
        ("unknown_group", [rule(Act.BUILD, "deny", "group", 10**17)]),
        ("unknown_group", [rule(Act.SHARE_WITH_GROUP, "deny", target_kind="group", target=str(foreign.pk))]),
        ("not_a_member", [rule(Act.BUILD, "deny", "person", stranger.pk)]),
        ("unknown_target_kind", [rule(Act.BUILD, "deny", target_kind="host", target="a.test")]),
        ("unknown_target", [rule(Act.PUBLISH, "deny", target_kind="gpt", target="123456")]),
        ("unknown_target", [rule(Act.USE_MODEL, "deny", target_kind="model", target="123456")]),
        ("unknown_target", [rule(Act.USE_CAPABILITY, "deny", target_kind="capability", target="x" * 200)]),
        ("unknown_target", [rule(Act.USE_CAPABILITY, "deny", target_kind="capability", target="x" * 10_000)]),
        ("unknown_target", [rule(Act.USE_EXTERNAL, "deny", target_kind="approval", target="perhaps")]),
        ("host_invalid", [rule(Act.USE_ACTIONS, "deny", target_kind="host", target="y" * 10_000)]),
        ("rules_contradict", [rule(Act.BUILD, "deny"), rule(Act.BUILD, "allow")]),
        ("too_many_rules", [rule(Act.BUILD, "deny")] * 1001),
    ]  # fmt: skip
    for code, rules in wrong:
        with pytest.raises(InvalidInput) as refused:
            save(team, owner, *rules)
        assert refused.value.code == code, rules
    with pytest.raises(InvalidInput):
        save(team, owner, rule(Act.BUILD, "deny"), note="n" * 10_000)
    assert (PolicyRule.objects.count(), PolicyRevision.objects.count()) == (0, 0)
    assert (SharingPolicy.objects.get(workspace=team).revision, AuditEvent.objects.count()) == (0, events)


def test_two_admins_change_one_policy(owner: User, team: Workspace) -> None:
    eve = join(team, owner, "Eve", "admin")
    assert save(team, owner, rule(Act.EXPORT, "deny")) == 1
    assert save(team, eve, rule(Act.EXPORT, "deny"), rule(Act.BUILD, "deny")) == 2
    mine = parse_policy([rule(Act.USE_API, "deny")], [])
    with pytest.raises(Conflict) as refused:
        replace_policy(workspace=team, policy=mine, revision=1, by=owner, at=AT)
    assert refused.value.code == "policy_changed"
    assert refused.value.data == {
        "revision": 2, "at": AT.isoformat(), "by": eve.pk, "added": [rule(Act.BUILD, "deny")], "removed": [],
    }  # fmt: skip
    assert read_policy(team.pk).policy == parse_policy(
        [rule(Act.EXPORT, "deny"), rule(Act.BUILD, "deny")], []
    )
    # The same content again is no change, whatever revision it was read from.
    same = read_policy(team.pk).policy
    assert replace_policy(workspace=team, policy=same, revision=0, by=owner, at=AT) == 2
    assert PolicyRevision.objects.count() == 2


def test_history_audit_and_restoring(owner: User, team: Workspace) -> None:
    ann = join(team, owner, "Ann")
    group = put_in_group(team, "Interns", ann)
    first = [rule(Act.USE_EXTERNAL, "deny", "group", group.pk), rule(Act.BUILD, "allow", "person", ann.pk)]
    save(team, owner, *first, closed=(Act.BUILD,), note="  Interns  stay inside ")
    save(team, owner)
    assert read_policy(team.pk).policy == Policy()
    one = find_revision(team.pk, 1)
    assert one is not None
    assert (one.note, one.created_by_id) == ("Interns stay inside", owner.pk)
    assert drop_group_rules(group=group, by=owner, at=AT) == 0  # nothing is about it now
    group_id = group.pk
    group.delete()
    number = restore_saved_policy(workspace=team, old=one, revision=2, by=owner, at=AT)
    assert number == 3
    restored = read_policy(team.pk).policy
    assert [write_rule(found) for found in restored.rules] == [first[1]]
    assert restored.closed == {Act.BUILD}
    actions = AuditEvent.objects.filter(workspace_id=team.pk, action__contains="policy").order_by("sequence")
    assert list(actions.values_list("action", flat=True)) == [
        "workspaces.policy_changed", "workspaces.policy_changed", "workspaces.policy_restored",
    ]  # fmt: skip
    assert actions[0].data["changes"] == {
        "build": [["open"], ["closed", f"allow:person:{ann.pk}:any:"]],
        "use_external": [["open"], ["open", f"deny:group:{group_id}:any:"]],
    }
    assert actions[2].data["left_out"] == 1
    with pytest.raises(DatabaseError), transaction.atomic():
        PolicyRevision.objects.filter(number=1).update(note="rewritten")
    # Rules about who has left are left out too.
    Member.objects.filter(workspace=team, user=ann).delete()
    save(team, owner)
    restore_saved_policy(workspace=team, old=one, revision=4, by=owner, at=AT)
    assert read_policy(team.pk).policy == Policy(closed=frozenset({Act.BUILD}))
    names = (
        SharingPolicy.objects.get(workspace=team),
        one,
        PolicyRule(workspace=team, act="export", effect="deny"),
    )
    assert [str(found) for found in names] == [
        f"sharing policy of {team.pk}", f"policy 1 of {team.pk}", f"deny export in {team.pk}",
    ]  # fmt: skip


def test_rules_of_a_deleted_group_go_as_a_revision(owner: User, team: Workspace) -> None:
    ann = join(team, owner, "Ann")
    group = put_in_group(team, "Editors", ann)
    save(
        team, owner,
        rule(Act.BUILD, "allow", "group", group.pk),
        rule(Act.SHARE_WITH_GROUP, "deny", target_kind="group", target=str(group.pk)),
        rule(Act.EXPORT, "deny"),
        closed=(Act.BUILD,),
    )  # fmt: skip
    assert drop_group_rules(group=group, by=owner, at=AT) == 2
    group.delete()
    after = read_policy(team.pk)
    assert (after.revision, [found.act for found in after.policy.rules]) == (2, [Act.EXPORT])
    # Nobody gains: only the group could build, now nobody can.
    assert is_refused(ann, Act.BUILD, team)
    assert is_refused(owner, Act.BUILD, team)


def test_a_policy_that_cannot_be_read_refuses(owner: User, team: Workspace) -> None:
    ann = join(team, owner, "Ann")
    SharingPolicy.objects.filter(workspace=team).delete()
    for ask in (
        lambda: check_act(ann, Act.EXPORT, workspace_id=team.pk),
        lambda: check_external(ann.pk, ExternalGPT(1, owner.personal_workspace.pk)),
        lambda: read_policy(team.pk),
        lambda: set_may_publish(workspace=team, is_allowed=False, by=owner, at=AT),
        lambda: load_policy(ann.pk, 10**9),
    ):
        with pytest.raises(LimitUnreadable):
            ask()
    # A rule of a newer release is not left out: it might forbid.
    SharingPolicy.objects.create(workspace=team, updated_at=AT)
    PolicyRule.objects.create(
        workspace=team, act="fly", subject_kind="everyone", target_kind="any", effect="deny"
    )
    with pytest.raises(LimitUnreadable):
        check_act(ann, Act.EXPORT, workspace_id=team.pk)
    PolicyRule.objects.all().delete()
    SharingPolicy.objects.update(closed_acts=["fly"])
    with pytest.raises(LimitUnreadable):
        check_act(ann, Act.EXPORT, workspace_id=team.pk)


def test_publishing_follows_the_rules(owner: User, team: Workspace) -> None:
    def keeps() -> bool:
        return Workspace.objects.get(pk=team.pk).keeps_inside

    set_may_publish(workspace=team, is_allowed=False, by=owner, at=AT)
    assert (keeps(), len(read_policy(team.pk).policy.rules)) == (True, 2)
    set_may_publish(workspace=team, is_allowed=True, by=owner, at=AT)
    assert (keeps(), read_policy(team.pk).policy) == (False, Policy())
    save(team, owner, closed=(Act.PUBLISH, Act.SHARE_BY_LINK))
    assert keeps()
    assert is_refused(owner, Act.PUBLISH, team)
    set_may_publish(workspace=team, is_allowed=True, by=owner, at=AT)
    assert (keeps(), read_policy(team.pk).policy) == (False, Policy())
    save(team, owner, rule(Act.PUBLISH, "deny"))
    assert (keeps(), is_refused(owner, Act.PUBLISH, team), is_refused(owner, Act.SHARE_BY_LINK, team)) == (
        False, True, False,
    )  # fmt: skip


def test_external_gpts_need_every_company_of_the_person(owner: User, team: Workspace) -> None:
    other_owner = UserFactory.create(display_name="Globa")
    other = WorkspaceFactory.create(owner=other_owner, name="Globex")
    ann = join(team, owner, "Ann")
    group = put_in_group(team, "Interns", ann)
    outside = ExternalGPT(5, owner.personal_workspace.pk)
    gpts = [
        outside, ExternalGPT(6, team.pk), ExternalGPT(7, ann.personal_workspace.pk), ExternalGPT(8, other.pk),
        ExternalGPT(9, other.pk, approved_in=frozenset({team.pk})),
    ]  # fmt: skip

    def allowed() -> list[int]:
        decisions = decide_external(load_policies(ann.pk), gpts)
        return [gpt for gpt, decision in decisions.items() if decision.is_allowed]

    assert allowed() == [5, 6, 7, 8, 9]
    save(team, owner, rule(Act.USE_EXTERNAL, "deny", target_kind="approval", target="unapproved"))
    assert allowed() == [6, 7, 9]
    MemberFactory.create(workspace=other, user=ann, role="member", by=other_owner)
    assert allowed() == [6, 7, 8, 9]  # her own company's
    save(team, owner, rule(Act.USE_EXTERNAL, "deny", "group", group.pk))
    save(other, other_owner, rule(Act.USE_EXTERNAL, "deny", "role", "owner"))
    assert allowed() == [6, 7, 8, 9]
    with pytest.raises(Forbidden, match="external_not_allowed") as refused:
        check_external(ann.pk, outside)
    assert "The group “Interns” may not use GPTs from outside." in str(refused.value.message)
    check_external(owner.pk, ExternalGPT(8, other.pk))
    with pytest.raises(Forbidden):
        check_external(other_owner.pk, ExternalGPT(6, team.pk))
    # Of many people at once, in one query and in a scope of none of them.
    with open_scope(Scope()), CaptureQueries() as queries:
        found = load_policies_of([ann.pk, owner.pk, other_owner.pk])
    assert (len(queries), {pk: len(one.companies) for pk, one in found.items()}) == (
        1, {ann.pk: 2, owner.pk: 1, other_owner.pk: 1},
    )  # fmt: skip


class CaptureQueries:
    def __enter__(self) -> list[str]:
        self.sql: list[str] = []
        self.wrapper = connection.execute_wrapper(self._note)
        self.wrapper.__enter__()
        return self.sql

    def _note(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if "set_config" not in sql:
            self.sql.append(sql)
        return execute(sql, params, many, context)

    def __exit__(self, *error: Any) -> None:
        self.wrapper.__exit__(*error)


def test_constraints(owner: User, team: Workspace) -> None:
    good: dict[str, Any] = {
        "workspace": team, "act": "build", "subject_kind": "everyone", "target_kind": "any", "effect": "deny"
    }  # fmt: skip
    for bad in (
        {"subject_kind": "role"},
        {"subject_kind": "group"},
        {"subject_kind": "person"},
        {"role": "owner"},
        {"person": owner},
        {"target_value": "x"},
        {"target_kind": "host"},
        {"effect": "maybe"},
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            PolicyRule.objects.create(**(good | bad))
    PolicyRule.objects.create(**good)
    with pytest.raises(DatabaseError), transaction.atomic():
        PolicyRule.objects.create(**(good | {"effect": "allow"}))


def test_rules_read_back_as_written(owner: User, team: Workspace) -> None:
    save(team, owner, rule(Act.BUILD, "deny", "role", "member"), closed=(Act.EXPORT,))
    read = read_policy(team.pk).policy
    assert isinstance(next(iter(read.rules)), Rule)
    mine = load_policy(owner.pk, team.pk).policy
    assert mine == Policy(closed=frozenset({Act.EXPORT}))  # only what concerns the owner

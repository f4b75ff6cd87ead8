"""The pure policy engine: its table by example, and what must hold for every set of rules."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workspaces.policy import (
    ANY_TARGET,
    EVERYONE,
    Act,
    Decision,
    Effect,
    Ground,
    Person,
    Policy,
    Question,
    Rule,
    Subject,
    SubjectKind,
    Target,
    TargetKind,
    compare,
    decide,
    find_changes,
    gpt_targets,
    host_and_parents,
    host_targets,
    judge,
    keeps_inside,
    refuses_everybody,
)

ANN = Person(7, "builder", frozenset({1, 2}))
GROUP = Subject(SubjectKind.GROUP, "1")
ROLE = Subject(SubjectKind.ROLE, "builder")
ME = Subject(SubjectKind.PERSON, "7")


def rule(
    effect: str, subject: Subject = EVERYONE, target: Target = ANY_TARGET, act: Act = Act.USE_ACTIONS
) -> Rule:
    return Rule(act, subject, target, Effect(effect))


def host(name: str) -> Target:
    return Target(TargetKind.HOST, name)


def policy(*rules: Rule, closed: tuple[Act, ...] = ()) -> Policy:
    return Policy(frozenset(rules), frozenset(closed))


CLOSED = (Act.USE_ACTIONS,)
# rules, closed acts, host asked, the answer, which rule decided (None: the default)
TABLE = [
    ((), (), "a.test", True, None),
    ((), CLOSED, "a.test", False, None),
    ((rule("allow"),), CLOSED, "a.test", True, 0),
    ((rule("allow", target=host("b.test")),), CLOSED, "a.test", False, None),
    ((rule("allow", target=host("a.test")),), CLOSED, "api.a.test", True, 0),
    ((rule("allow", target=host("api.a.test")),), CLOSED, "a.test", False, None),
    ((rule("allow", target=host("a.test")),), CLOSED, "evila.test", False, None),
    ((rule("allow", target=host("a.test")),), CLOSED, "a.test.evil.test", False, None),
    ((rule("allow"), rule("deny", target=host("a.test"))), (), "x.a.test", False, 1),
    ((rule("allow", ME), rule("deny")), (), "a.test", False, 1),
    ((rule("deny", GROUP), rule("deny")), (), "a.test", False, 0),
    ((rule("deny", ROLE), rule("deny", GROUP)), (), "a.test", False, 1),
    ((rule("deny", ME), rule("deny", GROUP)), (), "a.test", False, 0),
    ((rule("allow", target=host("test")), rule("allow", target=host("a.test"))), CLOSED, "x.a.test", True, 1),
    (
        (rule("allow", target=host("x.a.test")), rule("allow", target=host("a.test"))),
        CLOSED,
        "x.a.test",
        True,
        0,
    ),
    # The subject comes first: a person on anything before everyone on this host.
    ((rule("allow", ME), rule("allow", target=host("a.test"))), CLOSED, "a.test", True, 0),
    ((rule("deny", Subject(SubjectKind.GROUP, "9")),), (), "a.test", True, None),
    ((rule("deny", Subject(SubjectKind.ROLE, "member")),), (), "a.test", True, None),
    ((rule("deny", act=Act.BUILD),), (), "a.test", True, None),
    ((rule("allow", target=host("168.0.1")),), CLOSED, "192.168.0.1", False, None),
]


@pytest.mark.parametrize(("rules", "closed", "asked", "is_allowed", "place"), TABLE)
def test_examples(
    rules: tuple[Rule, ...], closed: tuple[Act, ...], asked: str, is_allowed: bool, place: int | None
) -> None:
    decision = decide(policy(*rules, closed=closed), ANN, Act.USE_ACTIONS, host_targets(asked))
    assert (decision.is_allowed, decision.rule) == (is_allowed, None if place is None else rules[place])


def test_several_targets_of_one_question() -> None:
    to_group = Target(TargetKind.GROUP, "5")
    rules = policy(
        rule("allow", target=to_group, act=Act.SHARE_WITH_GROUP),
        rule("deny", target=Target(TargetKind.GPT, "3"), act=Act.SHARE_WITH_GROUP),
        closed=(Act.SHARE_WITH_GROUP,),
    )
    ask = judge(rules, ANN, Act.SHARE_WITH_GROUP).decide
    assert ask((to_group,)).is_allowed
    assert not ask((to_group, *gpt_targets(3))).is_allowed
    assert not ask(gpt_targets(4)).is_allowed


def test_hosts_and_their_parents() -> None:
    assert list(host_and_parents("a.b.test")) == ["a.b.test", "b.test", "test"]
    assert list(host_and_parents("10.0.0.1")) == ["10.0.0.1"]


def test_who_keeps_gpts_inside() -> None:
    link, store = rule("deny", act=Act.SHARE_BY_LINK), rule("deny", act=Act.PUBLISH)
    assert [keeps_inside(policy(*rules)) for rules in ((), (link,), (store,), (link, store))] == [
        False, False, False, True,
    ]  # fmt: skip
    closed = policy(link, closed=(Act.PUBLISH,))
    assert keeps_inside(closed)
    assert not keeps_inside(policy(link, rule("allow", GROUP, act=Act.PUBLISH), closed=(Act.PUBLISH,)))
    assert not refuses_everybody(policy(rule("deny", GROUP, act=Act.PUBLISH)), Act.PUBLISH)


# What holds for every set of rules -------------------------------------------------------------------------

ACTS = [Act.USE_EXTERNAL, Act.USE_ACTIONS, Act.SHARE_WITH_GROUP]
SUBJECTS = st.sampled_from(
    [EVERYONE, ROLE, Subject(SubjectKind.ROLE, "member"), GROUP, Subject(SubjectKind.GROUP, "2"), ME,
     Subject(SubjectKind.PERSON, "8")]
)  # fmt: skip
TARGETS = [
    ANY_TARGET, host("test"), host("a.test"), host("x.a.test"), *gpt_targets(1), *gpt_targets(2),
    Target(TargetKind.APPROVAL, "approved"), Target(TargetKind.GROUP, "5"),
]  # fmt: skip
RULES = st.builds(
    Rule, st.sampled_from(ACTS), SUBJECTS, st.sampled_from(TARGETS), st.sampled_from(list(Effect))
)
POLICIES = st.builds(
    Policy, st.frozensets(RULES, max_size=12), st.frozensets(st.sampled_from(ACTS), max_size=3)
)
PEOPLE = st.builds(
    Person,
    st.sampled_from([7, 8, 9]),
    st.sampled_from(["", "member", "builder", "admin"]),
    st.frozensets(st.sampled_from([1, 2, 3]), max_size=3),
)
ASKED = st.lists(st.sampled_from([*TARGETS, host("y.x.a.test"), host("b.test")]), max_size=3).map(tuple)


def is_about(given_rule: Rule, person: Person, act: Act, targets: tuple[Target, ...]) -> bool:
    """Say anew, in the plainest words, whether a rule applies."""
    kind, value = given_rule.subject.kind, given_rule.subject.value
    includes_person = {
        SubjectKind.EVERYONE: True,
        SubjectKind.ROLE: value == person.role,
        SubjectKind.GROUP: value in {str(group) for group in person.groups},
        SubjectKind.PERSON: value == str(person.id),
    }[kind]
    wanted = given_rule.target
    includes_target = wanted == ANY_TARGET or any(
        wanted == target
        or (target.kind == wanted.kind == TargetKind.HOST and target.value.endswith("." + wanted.value))
        for target in targets
    )
    return given_rule.act == act and includes_person and includes_target


@settings(max_examples=400, deadline=None)
@given(POLICIES, PEOPLE, st.sampled_from(ACTS), ASKED, RULES, st.randoms(use_true_random=False))
def test_whole_table(
    rules: Policy, person: Person, act: Act, targets: tuple[Target, ...], more: Rule, order: Random
) -> None:
    decision = decide(rules, person, act, targets)
    applying = {found for found in rules.rules if is_about(found, person, act, targets)}
    denies = {found for found in applying if found.effect == Effect.DENY}
    # Deny beats allow; one rule of the winning effect decides, or the default.
    if denies:
        assert (decision.is_allowed, decision.rule in denies) == (False, True)
    elif applying:
        assert (decision.is_allowed, decision.rule in applying) == (True, True)
    else:
        default = Decision(
            act not in rules.closed, None, Ground.CLOSED if act in rules.closed else Ground.OPEN
        )
        assert decision == default
    # Free of order, also of the rule that is named.
    shuffled = list(rules.rules)
    order.shuffle(shuffled)
    assert decide(Policy(frozenset(shuffled), rules.closed), person, act, targets[::-1]) == decision
    # One more deny, or closing an act, only takes away; one more allow only gives.
    for effect in Effect:
        added = Rule(more.act, more.subject, more.target, effect)
        after = decide(Policy(rules.rules | {added}, rules.closed), person, act, targets)
        if after.is_allowed != decision.is_allowed:
            assert after.is_allowed == (effect == Effect.ALLOW)
            assert after.rule == added
    closing = decide(Policy(rules.rules, rules.closed | {act}), person, act, targets)
    assert decision.is_allowed or not closing.is_allowed
    # The rule that decides is enough by itself.
    if decision.rule is not None:
        assert decide(Policy(frozenset({decision.rule}), rules.closed), person, act, targets) == decision
    # Nobody passes where everybody is refused.
    if refuses_everybody(rules, act):
        assert not decision.is_allowed
    assert decision.is_allowed <= judge(rules, person, act).allows_some()


@settings(max_examples=150, deadline=None)
@given(
    POLICIES,
    POLICIES,
    st.lists(PEOPLE, max_size=6, unique_by=lambda person: person.id),
    st.lists(ASKED, max_size=4),
)
def test_changes_are_those_of_asking_everybody(
    before: Policy, after: Policy, people: list[Person], asked: list[tuple[Target, ...]]
) -> None:
    questions = [Question(f"{act}{place}", act, one) for act in ACTS for place, one in enumerate(asked)]
    found = {
        (question.key, person): (change.before, change.after)
        for change in find_changes(before, after, people, questions)
        for question in change.questions
        for person in change.people
    }
    expected = {}
    for question in questions:
        for person in people:
            was = decide(before, person, question.act, question.targets)
            becomes = decide(after, person, question.act, question.targets)
            if was.is_allowed != becomes.is_allowed:
                expected[question.key, person.id] = (was, becomes)
    assert found == expected


@given(POLICIES, POLICIES)
def test_difference_leads_from_one_to_the_other(before: Policy, after: Policy) -> None:
    difference = compare(before, after)
    rules = before.rules - set(difference.removed) - {old for old, _new in difference.changed}
    rules |= set(difference.added) | {new for _old, new in difference.changed}
    closed = (before.closed - set(difference.opened)) | set(difference.closed)
    assert (rules, closed) == (after.rules, after.closed)
    assert bool(difference) == (before != after)

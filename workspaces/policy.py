"""The sharing policy of a workspace: a pure engine of rules. No rows, no request, no framework.

A policy is a set of rules and a set of *closed* acts. A rule allows or denies one act to a subject (everyone,
a role, a group, a person) on a target (any, or a GPT, a model, a host, …). For one question, which is a
person, an act and the targets that describe what it is done to:

1. The rules that *apply* are those of the act whose subject includes the person and whose target includes one
   of the question's targets.
2. If any of them denies, the answer is no. **Deny beats allow**, however specific the allow is.
3. Otherwise, if any of them allows, the answer is yes.
4. Otherwise the act's default decides: yes for an open act, no for a closed one. Closing an act and allowing
   nothing is the empty list that allows nobody; allowing it to everyone on any target is the "all" that
   overrides the list.

One rule decides: among those that apply with the effect of the answer, the most specific (person > group >
role > everyone; at the same subject exact target > parent, a longer host before a shorter one > any), and
between equals the first in the order of their texts, never of their ages. So the answer does not depend on
the order of the rules; adding a deny, or closing an act, only takes away; adding an allow only gives.
Specificity never turns a deny into an allow: it says which rule is named. Whoever wants an exception from
"nobody" closes the act and allows the exception, instead of denying everyone.

A target of a question is included by a rule's target of the same kind and value. A host is included by itself
and each parent domain (``example.com`` includes ``api.example.com``, not the reverse). A question may name
several targets, such as a GPT and the group that it is shared with, or a model and its provider: ``PARENTS``
says which kinds are less specific.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import chain, pairwise


class Act(StrEnum):
    """What a person may do in their state; those in ``RULED`` are ruled by the policy of a workspace."""

    BUILD = "build"  # create or duplicate a GPT
    USE_MODEL = "use_model"
    USE_CAPABILITY = "use_capability"
    UPLOAD_KNOWLEDGE = "upload_knowledge"
    USE_ACTIONS = "use_actions"  # of GPTs of the workspace, and whatever it pays for
    USE_EXTERNAL = "use_external"  # GPTs of other workspaces
    SHARE_WITH_PERSON = "share_with_person"
    SHARE_WITH_GROUP = "share_with_group"
    SHARE_INSIDE = "share_inside"  # with the members of its workspace
    SHARE_BY_LINK = "share_by_link"
    PUBLISH = "publish"  # submit to the public store, or go live there
    INVITE_GUEST = "invite_guest"
    MAKE_GROUP = "make_group"
    EXPORT = "export"
    USE_API = "use_api"
    SHARE_CONVERSATION = "share_conversation"
    CHAT = "chat"
    REPORT = "report"
    RATE = "rate"
    APPEAL = "appeal"


class SubjectKind(StrEnum):
    EVERYONE = "everyone"
    ROLE = "role"
    GROUP = "group"
    PERSON = "person"


class TargetKind(StrEnum):
    ANY = "any"
    GPT = "gpt"  # the number of a GPT
    APPROVAL = "approval"  # of external GPTs: "approved" or "unapproved"
    MODEL = "model"  # the number of a model
    PROVIDER = "provider"  # the number of a provider of models
    CAPABILITY = "capability"
    HOST = "host"  # of actions, or of the e-mail address of a guest
    GROUP = "group"  # the number of a group that a GPT is shared with


class Effect(StrEnum):
    ALLOW = "allow"
    DENY = "deny"


class Approval(StrEnum):
    APPROVED = "approved"
    UNAPPROVED = "unapproved"


# The acts that a policy rules, in the order of its pages, with the kinds of targets of their rules.
RULED: Mapping[Act, frozenset[TargetKind]] = {
    Act.USE_EXTERNAL: frozenset({TargetKind.APPROVAL, TargetKind.GPT}),
    Act.BUILD: frozenset(),
    Act.USE_MODEL: frozenset({TargetKind.MODEL, TargetKind.PROVIDER}),
    Act.USE_CAPABILITY: frozenset({TargetKind.CAPABILITY}),
    Act.UPLOAD_KNOWLEDGE: frozenset(),
    Act.USE_ACTIONS: frozenset({TargetKind.HOST, TargetKind.GPT}),
    Act.SHARE_WITH_PERSON: frozenset({TargetKind.GPT}),
    Act.SHARE_WITH_GROUP: frozenset({TargetKind.GPT, TargetKind.GROUP}),
    Act.SHARE_INSIDE: frozenset({TargetKind.GPT}),
    Act.SHARE_BY_LINK: frozenset({TargetKind.GPT}),
    Act.PUBLISH: frozenset({TargetKind.GPT}),
    Act.INVITE_GUEST: frozenset({TargetKind.HOST}),
    Act.MAKE_GROUP: frozenset(),
    Act.EXPORT: frozenset(),
    Act.USE_API: frozenset(),
}
# Less specific than an exact target, more than any.
PARENTS = frozenset({TargetKind.APPROVAL, TargetKind.PROVIDER})
_SUBJECT_RANK = {
    SubjectKind.EVERYONE: 0,
    SubjectKind.ROLE: 1,
    SubjectKind.GROUP: 2,
    SubjectKind.PERSON: 3,
}
_ANY_RANK, _PARENT_RANK, _EXACT_RANK = (0, 0), 1, (2, 0)


@dataclass(frozen=True, order=True)
class Target:
    """What an act is done to: ``value`` is empty for ANY, in lower case for HOST, else an id or a name."""

    kind: TargetKind = TargetKind.ANY
    value: str = ""


ANY_TARGET = Target()


def gpt_targets(gpt_id: int) -> tuple[Target, ...]:
    return (Target(TargetKind.GPT, str(gpt_id)),)


def model_targets(model_id: int, provider_id: int) -> tuple[Target, ...]:
    return Target(TargetKind.MODEL, str(model_id)), Target(TargetKind.PROVIDER, str(provider_id))


def capability_targets(capability: str) -> tuple[Target, ...]:
    return (Target(TargetKind.CAPABILITY, capability),)


def host_targets(host: str) -> tuple[Target, ...]:
    """Describe a host in lower case and ASCII, as it is called; its parents need no naming."""
    return (Target(TargetKind.HOST, host),)


@dataclass(frozen=True, order=True)
class Subject:
    """Whom a rule is about: ``value`` is empty for EVERYONE, the name of a role, else the id as text."""

    kind: SubjectKind = SubjectKind.EVERYONE
    value: str = ""


EVERYONE = Subject()


@dataclass(frozen=True, order=True)
class Rule:
    act: Act
    subject: Subject
    target: Target
    effect: Effect


@dataclass(frozen=True)
class Person:
    """A person as rules see them: ``role`` is empty and ``groups`` are none for somebody who is no member."""

    id: int
    role: str = ""
    groups: frozenset[int] = frozenset()

    def subjects(self) -> Iterator[Subject]:
        """Yield the subjects that include this person, the most specific first."""
        yield Subject(SubjectKind.PERSON, str(self.id))
        for group in self.groups:
            yield Subject(SubjectKind.GROUP, str(group))
        if self.role:
            yield Subject(SubjectKind.ROLE, self.role)
        yield EVERYONE


class Ground(StrEnum):
    """What an answer rests on: a rule, or the default of an act without a rule that applies.

    BLOCKED is no answer of the engine: a company blocked one GPT from outside, whatever its rules say.
    """

    RULE = "rule"
    OPEN = "open"
    CLOSED = "closed"
    BLOCKED = "blocked"


@dataclass(frozen=True)
class Decision:
    """An answer and the rule that decided; without one the act's default did."""

    is_allowed: bool
    rule: Rule | None
    ground: Ground


OPEN = Decision(is_allowed=True, rule=None, ground=Ground.OPEN)
CLOSED = Decision(is_allowed=False, rule=None, ground=Ground.CLOSED)
BLOCKED = Decision(is_allowed=False, rule=None, ground=Ground.BLOCKED)


@dataclass(frozen=True)
class Policy:
    """A set of rules, and the acts for which only what a rule allows is allowed."""

    rules: frozenset[Rule] = frozenset()
    closed: frozenset[Act] = frozenset()
    # By act and subject, built once: a policy is asked many times.
    _index: dict[tuple[Act, Subject], list[Rule]] = field(
        init=False, repr=False, compare=False, hash=False, default_factory=dict
    )

    def __post_init__(self) -> None:
        for rule in self.rules:
            self._index.setdefault((rule.act, rule.subject), []).append(rule)

    def rules_of(self, act: Act, person: Person) -> list[Rule]:
        """Return the rules of ``act`` whose subject includes ``person``."""
        return [rule for subject in person.subjects() for rule in self._index.get((act, subject), ())]


DEFAULT_POLICY = Policy()


def host_and_parents(host: str) -> Iterator[str]:
    """Yield ``host`` and its parent domains, the longest first; a bare address has no parents."""
    yield host
    labels = host.split(".")
    if ":" in host or labels[-1].isdigit():
        return
    for start in range(1, len(labels)):
        yield ".".join(labels[start:])


# Prepared by rank and text: the smallest decides.
_Order = tuple[int, tuple[int, int], Rule]


@dataclass(frozen=True)
class Judge:
    """Answers for one person and one act, with the rules looked up by target: for many targets at once."""

    default: Decision
    denies: Mapping[Target, _Order]
    allows: Mapping[Target, _Order]

    def decide(self, targets: Iterable[Target] = ()) -> Decision:
        """Return the answer for something that all of ``targets`` describe. No target: the act as a whole."""
        if not self.denies and not self.allows:
            return self.default
        wanted = list(_including(targets))
        for table in (self.denies, self.allows):
            found = [_rank(table[target], rank) for target, rank in wanted if target in table]
            if found:
                rule = min(found)[-1]
                return Decision(rule.effect == Effect.ALLOW, rule, Ground.RULE)
        return self.default

    def allows_some(self) -> bool:
        """Return whether the act may be allowed on some target; no only when it is refused on every one."""
        if ANY_TARGET in self.denies:
            return False
        return self.default.is_allowed or bool(self.allows)


def _rank(entry: _Order, rank: tuple[int, int]) -> tuple[int, tuple[int, int], Rule]:
    subject, _own, rule = entry
    return subject, (-rank[0], -rank[1]), rule


def _including(targets: Iterable[Target]) -> Iterator[tuple[Target, tuple[int, int]]]:
    """Yield the targets of rules that include any of ``targets``, with how specific they are."""
    for target in targets:
        if target.kind == TargetKind.HOST:
            for place, host in enumerate(host_and_parents(target.value)):
                yield (
                    Target(TargetKind.HOST, host),
                    _EXACT_RANK if place == 0 else (_PARENT_RANK, host.count(".") + 1),
                )
        elif target.kind != TargetKind.ANY:
            yield target, (_PARENT_RANK, 0) if target.kind in PARENTS else _EXACT_RANK
    yield ANY_TARGET, _ANY_RANK


def judge(policy: Policy, person: Person, act: Act) -> Judge:
    """Prepare the answers of ``policy`` for one person and one act."""
    denies: dict[Target, _Order] = {}
    allows: dict[Target, _Order] = {}
    for rule in policy.rules_of(act, person):
        table = denies if rule.effect == Effect.DENY else allows
        order = (-_SUBJECT_RANK[rule.subject.kind], (0, 0), rule)
        table[rule.target] = min(order, table.get(rule.target, order))
    return Judge(CLOSED if act in policy.closed else OPEN, denies, allows)


def decide(policy: Policy, person: Person, act: Act, targets: Iterable[Target] = ()) -> Decision:
    """Return whether ``person`` may do ``act`` to what all of ``targets`` describe, and what decided."""
    return judge(policy, person, act).decide(targets)


def refuses_everybody(policy: Policy, act: Act) -> bool:
    """Return whether nobody may do ``act`` on anything: denied to everyone, or closed without exception."""
    deny_all = Rule(act, EVERYONE, ANY_TARGET, Effect.DENY)
    if deny_all in policy.rules:
        return True
    return act in policy.closed and not any(
        rule.act == act and rule.effect == Effect.ALLOW for rule in policy.rules
    )


def keeps_inside(policy: Policy) -> bool:
    """Return whether the rules refuse both links and the store to everybody."""
    return refuses_everybody(policy, Act.SHARE_BY_LINK) and refuses_everybody(policy, Act.PUBLISH)


# What changes ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class PolicyDifference:
    """What differs from one policy to another, each in the order of texts."""

    added: tuple[Rule, ...]
    removed: tuple[Rule, ...]
    # The same subject, act and target with the other effect: before, after.
    changed: tuple[tuple[Rule, Rule], ...]
    closed: tuple[Act, ...]
    opened: tuple[Act, ...]

    def __bool__(self) -> bool:
        return any((self.added, self.removed, self.changed, self.closed, self.opened))


def compare(before: Policy, after: Policy) -> PolicyDifference:
    """Return what differs; a rule that turned from allow to deny, or back, counts as changed."""
    added, removed = after.rules - before.rules, before.rules - after.rules
    changed = []
    for old in sorted(removed):
        effect = Effect.ALLOW if old.effect == Effect.DENY else Effect.DENY
        new = Rule(old.act, old.subject, old.target, effect)
        if new in added:
            changed.append((old, new))
    turned = {rule for pair in changed for rule in pair}
    return PolicyDifference(
        tuple(sorted(added - turned)),
        tuple(sorted(removed - turned)),
        tuple(changed),
        tuple(sorted(after.closed - before.closed)),
        tuple(sorted(before.closed - after.closed)),
    )


@dataclass(frozen=True)
class Question:
    """Something that a person might do: an act on what ``targets`` describe. ``key`` is the caller's."""

    key: str
    act: Act
    targets: tuple[Target, ...] = ()


@dataclass(frozen=True)
class AccessChange:
    """People whose answer to the same questions turns, with what decided before and decides after."""

    act: Act
    questions: tuple[Question, ...]
    people: tuple[int, ...]
    before: Decision
    after: Decision


def find_changes(
    before: Policy, after: Policy, people: Iterable[Person], questions: Iterable[Question]
) -> list[AccessChange]:
    """Return whose answers would turn, joined where the same rules decide them; gains and losses together.

    Fast for thousands of people and of questions: only people whom a rule that differs includes are asked,
    once for all whom the same rules include, and about questions that no rule tells apart only once.
    """
    acts = _differing_acts(before, after)
    people = list(people)
    by_act: dict[Act, list[Question]] = {act: [] for act in acts}
    for question in questions:
        if question.act in acts:
            by_act[question.act].append(question)
    found: list[AccessChange] = []
    for act in sorted(acts):
        if by_act[act]:
            found += _find_changes_of_act(before, after, act, people, _Sorted(by_act[act]))
    return found


def _find_changes_of_act(
    before: Policy, after: Policy, act: Act, people: list[Person], asked: _Sorted
) -> list[AccessChange]:
    # By the identity of the questions' tuple, which _Sorted makes once: hashing thousands of them is slow.
    joined: dict[tuple[Decision, Decision, int], tuple[tuple[Question, ...], list[int]]] = {}
    is_default_same = (act in before.closed) == (act in after.closed)
    changed = {rule.subject for rule in before.rules ^ after.rules if rule.act == act}
    for person, ids in _group_people((before, after), act, people).items():
        if is_default_same and changed.isdisjoint(person.subjects()):
            continue
        old, new = judge(before, person, act), judge(after, person, act)
        named = frozenset((*old.denies, *old.allows, *new.denies, *new.allows))
        for targets, alike in asked.tell_apart(named):
            was, becomes = old.decide(targets), new.decide(targets)
            if was.is_allowed != becomes.is_allowed:
                joined.setdefault((was, becomes, id(alike)), (alike, []))[1].extend(ids)
    return [
        AccessChange(act, alike, tuple(ids), was, becomes)
        for (was, becomes, _identity), (alike, ids) in joined.items()
    ]


class _Sorted:
    """The questions of one act, sorted by which of them a set of rules' targets tells apart."""

    def __init__(self, questions: list[Question]) -> None:
        self._questions = questions
        self._places: dict[Target, list[int]] = {}
        for place, question in enumerate(questions):
            for target, _specificity in _including(question.targets):
                self._places.setdefault(target, []).append(place)
        self._known: dict[frozenset[Target], list[tuple[tuple[Target, ...], tuple[Question, ...]]]] = {}
        self._tuples: dict[tuple[int, ...], tuple[Question, ...]] = {}
        self._rests: dict[tuple[int, ...], tuple[Question, ...]] = {}

    def tell_apart(self, named: frozenset[Target]) -> list[tuple[tuple[Target, ...], tuple[Question, ...]]]:
        """Return the questions in groups to which rules about ``named`` give one answer, with its targets."""
        named = frozenset(target for target in named if target != ANY_TARGET and target in self._places)
        if named not in self._known:
            touched: dict[int, list[Target]] = {}
            for target in sorted(named):
                for place in self._places[target]:
                    touched.setdefault(place, []).append(target)
            groups: dict[tuple[Target, ...], list[int]] = {}
            for place, targets in touched.items():
                # With several of them the question's own, as the most specific decides.
                key = self._questions[place].targets if len(targets) > 1 else tuple(targets)
                groups.setdefault(key, []).append(place)
            apart = [(key, self._pick(tuple(sorted(places)))) for key, places in groups.items()]
            rest = self._pick_rest(tuple(sorted(touched)))
            self._known[named] = [((), rest), *apart] if rest else apart
        return self._known[named]

    def _pick(self, places: tuple[int, ...]) -> tuple[Question, ...]:
        if places not in self._tuples:
            self._tuples[places] = tuple(self._questions[place] for place in places)
        return self._tuples[places]

    def _pick_rest(self, places: tuple[int, ...]) -> tuple[Question, ...]:
        """Return all questions but those at ``places``, which are sorted."""
        if places not in self._rests:
            ends = [-1, *places, len(self._questions)]
            parts = [self._questions[end + 1 : following] for end, following in pairwise(ends)]
            self._rests[places] = tuple(chain.from_iterable(parts))
        return self._rests[places]


def _differing_acts(before: Policy, after: Policy) -> set[Act]:
    return {rule.act for rule in before.rules ^ after.rules} | (before.closed ^ after.closed)


def _group_people(policies: Iterable[Policy], act: Act, people: Iterable[Person]) -> dict[Person, list[int]]:
    """Group people by what of them the rules of ``act`` mention; the keys are people of their own making."""
    named = {rule.subject for policy in policies for rule in policy.rules if rule.act == act}
    roles = {subject.value for subject in named if subject.kind == SubjectKind.ROLE}
    groups = frozenset(int(subject.value) for subject in named if subject.kind == SubjectKind.GROUP)
    ids = {int(subject.value) for subject in named if subject.kind == SubjectKind.PERSON}
    found: dict[Person, list[int]] = {}
    for person in people:
        key = Person(
            person.id if person.id in ids else 0,
            person.role if person.role in roles else "",
            person.groups & groups,
        )
        found.setdefault(key, []).append(person.id)
    return found

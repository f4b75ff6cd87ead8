"""What a sharing policy, or a change of it, means: who may do what, and who would gain or lose what."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from django.utils.translation import gettext_lazy as _

from gpts.assistants.models import GPT
from gpts.assistants.queries.adoptions import CompanyAdoptions, load_company_adoptions
from gpts.llm.states import Capability
from marketplace.models import Listing
from marketplace.policy_targets import get_label, list_models, name_targets
from marketplace.states import ListingState
from workspaces.models import Workspace
from workspaces.policy import (
    RULED,
    AccessChange,
    Act,
    Decision,
    Person,
    Policy,
    Question,
    Rule,
    Target,
    TargetKind,
    capability_targets,
    decide,
    find_changes,
    gpt_targets,
    host_targets,
    model_targets,
)
from workspaces.queries import external_targets, list_ruled_people

# GPTs from outside that a what-if asks about, the most used first.
ASKED_GPTS = 2_000


@dataclass(frozen=True)
class GroupQuestions:
    """Questions about GPTs that are approved for members of some groups: for them, and for all others."""

    groups: frozenset[int]
    inside: tuple[Question, ...]
    outside: tuple[Question, ...]

    def includes(self, person: Person) -> bool:
        return not self.groups.isdisjoint(person.groups)


@dataclass
class Questions:
    """What people might do in a workspace; ``names`` are those of the objects, by the questions' keys."""

    everybody: list[Question] = field(default_factory=list)
    by_groups: list[GroupQuestions] = field(default_factory=list)
    names: dict[str, str] = field(default_factory=dict)

    def ask(self, act: Act, key: str, name: str, targets: tuple[Target, ...] = ()) -> None:
        self.everybody.append(self.build(act, key, name, targets))

    def build(self, act: Act, key: str, name: str, targets: tuple[Target, ...]) -> Question:
        self.names[f"{act}:{key}"] = name
        return Question(f"{act}:{key}", act, targets)

    def list_for(self, person: Person) -> list[Question]:
        """Return what one person is asked."""
        found = list(self.everybody)
        for one in self.by_groups:
            found += one.inside if one.includes(person) else one.outside
        return found


def build_questions(workspace: Workspace, policies: Iterable[Policy], *, gpt: int | None = None) -> Questions:
    """Return what people might do in a workspace, with what it approved among GPTs from outside.

    Of these the 2,000 most used, those that rules name and those that are approved for somebody; none that is
    blocked, which no rule changes. Of hosts those that rules name, and any other. With ``gpt`` only questions
    about this GPT, also where no rule names it. At most six queries.
    """
    rules = {rule for policy in policies for rule in policy.rules}
    if gpt is not None:
        return _ask_about_one(workspace, gpt)
    named = name_targets(workspace, rules)
    questions = Questions()
    for act in RULED:
        if act == Act.USE_EXTERNAL:
            _ask_about_external(questions, workspace, rules, named)
        elif act == Act.USE_MODEL:
            for model in list_models(workspace):
                targets = model_targets(model.pk, model.provider_id)
                questions.ask(act, str(model.pk), get_label(model), targets)
        elif act == Act.USE_CAPABILITY:
            for value, label in Capability.choices:
                questions.ask(act, value, str(label), capability_targets(value))
        elif act in (Act.USE_ACTIONS, Act.INVITE_GUEST):
            questions.ask(act, "", str(_("any other host")))
            for host in _find_values(rules, act, TargetKind.HOST):
                questions.ask(act, host, host, host_targets(host))
            for value in _find_values(rules, act, TargetKind.GPT):
                of_gpt = gpt_targets(int(value))
                questions.ask(act, f"gpt{value}", named.get(of_gpt[0], ""), of_gpt)
        else:
            questions.ask(act, "", "")
            for target in sorted({rule.target for rule in rules if rule.act == act}):
                if target.kind in (TargetKind.GPT, TargetKind.GROUP):
                    questions.ask(act, f"{target.kind}{target.value}", named.get(target, ""), (target,))
    return questions


def _ask_about_one(workspace: Workspace, gpt_id: int) -> Questions:
    questions = Questions()
    gpt = GPT.objects.filter(pk=gpt_id).only("name", "workspace_id").first()
    if gpt is None:
        return questions
    if gpt.workspace_id == workspace.pk:
        for act, kinds in RULED.items():
            if TargetKind.GPT in kinds and act != Act.USE_EXTERNAL:
                questions.ask(act, f"gpt{gpt.pk}", gpt.name, gpt_targets(gpt.pk))
        return questions
    name = Listing.objects.filter(gpt=gpt, state=ListingState.LISTED).values_list("name", flat=True).first()
    _ask_about_adopted(questions, {gpt.pk: name or ""}, load_company_adoptions(workspace.pk))
    return questions


def _ask_about_external(
    questions: Questions, workspace: Workspace, rules: Iterable[Rule], named: Mapping[Target, str]
) -> None:
    adoptions = load_company_adoptions(workspace.pk)
    listed = Listing.objects.filter(state=ListingState.LISTED).exclude(workspace=workspace)
    names = listed.values_list("gpt_id", "name")
    gpts = dict(names.order_by("-popularity", "pk")[:ASKED_GPTS])
    missing = adoptions.approved - gpts.keys()
    if missing:
        gpts.update(names.filter(gpt_id__in=missing))
    for value in _find_values(rules, Act.USE_EXTERNAL, TargetKind.GPT):
        gpts.setdefault(int(value), named.get(gpt_targets(int(value))[0], ""))
    _ask_about_adopted(questions, gpts, adoptions)


def _ask_about_adopted(questions: Questions, gpts: Mapping[int, str], adoptions: CompanyAdoptions) -> None:
    limited: dict[frozenset[int], list[int]] = {}
    for gpt_id, name in gpts.items():
        if gpt_id in adoptions.blocked:
            continue
        if gpt_id in adoptions.by_groups:
            limited.setdefault(adoptions.by_groups[gpt_id], []).append(gpt_id)
        else:
            is_approved = gpt_id in adoptions.everyone
            targets = external_targets(gpt_id, is_approved=is_approved)
            questions.ask(Act.USE_EXTERNAL, str(gpt_id), name, targets)
    for groups, ids in limited.items():
        inside, outside = (
            tuple(
                questions.build(
                    Act.USE_EXTERNAL, str(one), gpts[one], external_targets(one, is_approved=is_approved)
                )
                for one in ids
            )
            for is_approved in (True, False)
        )
        questions.by_groups.append(GroupQuestions(groups, inside, outside))


def _find_values(rules: Iterable[Rule], act: Act, kind: TargetKind) -> list[str]:
    return sorted({rule.target.value for rule in rules if rule.act == act and rule.target.kind == kind})


@dataclass(frozen=True)
class Effect:
    """People who gain or lose the same for the same reason; ``objects`` are names of what it is about."""

    act: Act
    is_gain: bool
    people: tuple[int, ...]
    objects: tuple[str, ...]
    count: int
    before: Decision
    after: Decision


def preview_change(
    workspace: Workspace,
    before: Policy,
    after: Policy,
    *,
    people: Sequence[Person] | None = None,
    gpt: int | None = None,
) -> list[Effect]:
    """Return who would gain or lose what, the largest first; ``people`` by default all members.

    ``gpt`` narrows the questions to those about one GPT. Nothing is written.
    """
    questions = build_questions(workspace, (before, after), gpt=gpt)
    people = list_ruled_people(workspace.pk) if people is None else people
    return group_changes(list_changes(before, after, people, questions), questions.names)


def list_changes(
    before: Policy, after: Policy, people: Sequence[Person], questions: Questions
) -> Iterator[AccessChange]:
    yield from find_changes(before, after, people, questions.everybody)
    for one in questions.by_groups:
        inside = [person for person in people if one.includes(person)]
        outside = [person for person in people if not one.includes(person)]
        yield from find_changes(before, after, inside, one.inside)
        yield from find_changes(before, after, outside, one.outside)


def group_changes(changes: Iterable[AccessChange], names: Mapping[str, str]) -> list[Effect]:
    """Join changes of the same people for the same reason."""
    found: dict[tuple[Act, tuple[int, ...], Decision, Decision], list[str]] = {}
    for change in changes:
        key = (change.act, change.people, change.before, change.after)
        found.setdefault(key, []).extend(names[question.key] for question in change.questions)
    effects = [
        Effect(
            act,
            after.is_allowed,
            people,
            tuple(name for name in objects if name),
            len(objects),
            before,
            after,
        )
        for (act, people, before, after), objects in found.items()
    ]
    return sorted(effects, key=lambda effect: (-len(effect.people) * effect.count, effect.act))


@dataclass(frozen=True)
class Access:
    """What somebody may do of one act: how many of the objects in question, and what decides most of them."""

    act: Act
    allowed: int
    asked: int
    refused: tuple[str, ...]
    decision: Decision


def describe_access(workspace: Workspace, policy: Policy, person: Person) -> list[Access]:
    """Return what a person may do, act by act in the order of the page."""
    questions = build_questions(workspace, [policy])
    names, all_asked = questions.names, questions.list_for(person)
    found = []
    for act in RULED:
        asked = [question for question in all_asked if question.act == act]
        answers = [(question, decide(policy, person, act, question.targets)) for question in asked]
        if not answers:
            continue
        usual = Counter(decision for _question, decision in answers).most_common(1)[0][0]
        refused = tuple(names[question.key] for question, decision in answers if not decision.is_allowed)
        found.append(
            Access(act, len(answers) - len(refused), len(answers), tuple(filter(None, refused)), usual)
        )
    return found

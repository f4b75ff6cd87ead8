"""What rules of a sharing policy are about: GPTs, models and capabilities with their names, and what to ask.

``workspaces`` knows rules and not what their targets are called.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from core.errors import InvalidInput
from gpts.assistants.models import GPT
from gpts.llm.catalogue import list_chat_models
from gpts.llm.models import LanguageModel
from gpts.llm.states import Capability
from marketplace.models import Listing
from marketplace.states import ListingState
from workspaces.models import Workspace
from workspaces.policy import (
    RULED,
    AccessChange,
    Act,
    Approval,
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
# Acts about GPTs of the workspace.
SHARING = (Act.SHARE_WITH_PERSON, Act.SHARE_WITH_GROUP, Act.SHARE_INSIDE, Act.SHARE_BY_LINK, Act.PUBLISH)


def list_models(workspace: Workspace) -> list[LanguageModel]:
    return list(list_chat_models(workspace))


def _label(model: LanguageModel) -> str:
    return str(model.shown_label or model.name)


def list_choices(workspace: Workspace, act: Act, models: Sequence[LanguageModel]) -> list[tuple[Target, str]]:
    """Return the targets of an act that a list can offer, with their names; GPTs and hosts are typed."""
    if act == Act.USE_EXTERNAL:
        return [
            (Target(TargetKind.APPROVAL, Approval.UNAPPROVED), str(_("Those that nobody approved"))),
            (Target(TargetKind.APPROVAL, Approval.APPROVED), str(_("Those that are approved"))),
        ]
    if act == Act.USE_MODEL:
        providers = {model.provider_id: model.provider.name for model in models}
        return [
            *((Target(TargetKind.MODEL, str(model.pk)), _label(model)) for model in models),
            *(
                (
                    Target(TargetKind.PROVIDER, str(identifier)),
                    str(_("All models of %(provider)s")) % {"provider": name},
                )
                for identifier, name in providers.items()
            ),
        ]
    if act == Act.USE_CAPABILITY:
        return [(Target(TargetKind.CAPABILITY, value), str(label)) for value, label in Capability.choices]
    return []


def find_gpt_target(workspace: Workspace, act: Act, address: str) -> Target | None:
    """Return the target of the GPT at ``address``: of the store for USE_EXTERNAL, else of the workspace."""
    slug = address.strip().rstrip("/").rsplit("/", 1)[-1].lower()
    if not slug or len(slug) > 80 or "\x00" in slug:
        return None
    gpts = GPT.objects.filter(slug=slug, deleted_at__isnull=True)
    is_own = Q(workspace=workspace)
    gpts = gpts.filter(~is_own if act == Act.USE_EXTERNAL else is_own)
    identifier = gpts.values_list("pk", flat=True).first()
    return None if identifier is None else gpt_targets(identifier)[0]


def name_targets(workspace: Workspace, rules: Iterable[Rule]) -> dict[Target, str]:
    """Return the names of the targets in ``rules``, in at most two queries; what is gone has none."""
    targets = {rule.target for rule in rules}
    found: dict[Target, str] = {}
    if any(target.kind in (TargetKind.MODEL, TargetKind.PROVIDER) for target in targets):
        models = LanguageModel.objects.select_related("provider").filter(
            Q(provider__workspace=workspace) | Q(provider__workspace__isnull=True)
        )
        for model in models:
            of_model, of_provider = model_targets(model.pk, model.provider_id)
            found[of_model] = _label(model)
            found[of_provider] = str(_("all of %(provider)s")) % {"provider": model.provider.name}
    labels = dict(Capability.choices)
    for target in targets:
        if target.kind == TargetKind.CAPABILITY and target.value in labels:
            found[target] = str(labels[target.value])
    gpts = {int(target.value) for target in targets if target.kind == TargetKind.GPT}
    if gpts:
        for identifier, name in GPT.objects.filter(pk__in=gpts).values_list("pk", "name"):
            found[gpt_targets(identifier)[0]] = name
        for identifier, name in Listing.objects.filter(gpt__in=gpts).values_list("gpt_id", "name"):
            found[gpt_targets(identifier)[0]] = name
    return found


def name_addresses(rules: Iterable[Rule]) -> dict[Target, str]:
    """Return the addresses of the GPTs in ``rules``, as they are typed in the form."""
    gpts = {int(rule.target.value) for rule in rules if rule.target.kind == TargetKind.GPT}
    if not gpts:
        return {}
    rows = GPT.objects.filter(pk__in=gpts).values_list("pk", "slug")
    return {gpt_targets(identifier)[0]: slug for identifier, slug in rows}


def check_targets(workspace: Workspace, rules: Iterable[Rule]) -> None:
    """Raise InvalidInput (``unknown_target``) for a GPT, a model or a capability that does not fit.

    USE_EXTERNAL is about GPTs of others, all other acts are about the workspace's own.
    """
    rules = list(rules)
    known = name_targets(workspace, rules)
    own = {
        str(identifier)
        for identifier in GPT.objects.filter(
            workspace=workspace,
            pk__in=[int(rule.target.value) for rule in rules if rule.target.kind == TargetKind.GPT],
        ).values_list("pk", flat=True)
    }
    named = (TargetKind.GPT, TargetKind.MODEL, TargetKind.PROVIDER, TargetKind.CAPABILITY)
    for rule in sorted(rules):
        if rule.target.kind not in named:
            continue
        fits = rule.target in known
        if rule.target.kind == TargetKind.GPT:
            fits = fits and (rule.target.value in own) == (rule.act != Act.USE_EXTERNAL)
        if not fits:
            raise InvalidInput(
                _(
                    "This GPT, model or capability is not there, or not for this question: GPTs from outside"
                    " are those of other workspaces, all other questions are about your own."
                ),
                code="unknown_target",
                field="rules",
            )


# What-if ---------------------------------------------------------------------------------------------------


def build_questions(
    workspace: Workspace, policies: Iterable[Policy]
) -> tuple[list[Question], dict[str, str]]:
    """Return what people might do in a workspace, and the name of each question's object by its key.

    Of GPTs from outside the 2,000 most used and those that rules name; of hosts those that rules name, and
    any other. At most four queries.
    """
    policies = list(policies)
    rules = {rule for policy in policies for rule in policy.rules}
    named = name_targets(workspace, rules)
    questions: list[Question] = []
    names: dict[str, str] = {}

    def ask(act: Act, key: str, name: str, targets: tuple[Target, ...] = ()) -> None:
        questions.append(Question(f"{act}:{key}", act, targets))
        names[f"{act}:{key}"] = name

    for act in RULED:
        if act == Act.USE_EXTERNAL:
            _ask_about_external(workspace, rules, named, ask)
        elif act == Act.USE_MODEL:
            for model in list_models(workspace):
                ask(act, str(model.pk), _label(model), model_targets(model.pk, model.provider_id))
        elif act == Act.USE_CAPABILITY:
            for value, label in Capability.choices:
                ask(act, value, str(label), capability_targets(value))
        elif act in (Act.USE_ACTIONS, Act.INVITE_GUEST):
            ask(act, "", str(_("any other host")))
            for host in _find_values(rules, act, TargetKind.HOST):
                ask(act, host, host, host_targets(host))
            for value in _find_values(rules, act, TargetKind.GPT):
                ask(act, f"gpt{value}", named.get(gpt_targets(int(value))[0], ""), gpt_targets(int(value)))
        else:
            ask(act, "", "")
            for target in sorted({rule.target for rule in rules if rule.act == act}):
                if target.kind in (TargetKind.GPT, TargetKind.GROUP):
                    ask(act, f"{target.kind}{target.value}", named.get(target, ""), (target,))
    return questions, names


def _ask_about_external(
    workspace: Workspace, rules: Iterable[Rule], named: Mapping[Target, str], ask: Callable[..., None]
) -> None:
    listed = (
        Listing.objects.filter(state=ListingState.LISTED)
        .exclude(workspace=workspace)
        .order_by("-popularity", "pk")
        .values_list("gpt_id", "name")[:ASKED_GPTS]
    )
    gpts = dict(listed)
    for value in _find_values(rules, Act.USE_EXTERNAL, TargetKind.GPT):
        gpts.setdefault(int(value), named.get(gpt_targets(int(value))[0], ""))
    for identifier, name in gpts.items():
        ask(Act.USE_EXTERNAL, str(identifier), name, external_targets(identifier, is_approved=False))


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
    questions, names = build_questions(workspace, (before, after))
    if gpt is not None:
        target = gpt_targets(gpt)[0]
        questions = [question for question in questions if target in question.targets]
    changes = find_changes(
        before, after, list_ruled_people(workspace.pk) if people is None else people, questions
    )
    return group_changes(changes, names)


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
    questions, names = build_questions(workspace, [policy])
    found = []
    for act in RULED:
        asked = [question for question in questions if question.act == act]
        answers = [(question, decide(policy, person, act, question.targets)) for question in asked]
        if not answers:
            continue
        usual = Counter(decision for _question, decision in answers).most_common(1)[0][0]
        refused = tuple(names[question.key] for question, decision in answers if not decision.is_allowed)
        found.append(
            Access(act, len(answers) - len(refused), len(answers), tuple(filter(None, refused)), usual)
        )
    return found

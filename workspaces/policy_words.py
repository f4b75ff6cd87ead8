"""How rules of a sharing policy read: each as a sentence, in the reader's language."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from workspaces.models import Group, User
from workspaces.policy import (
    Act,
    Approval,
    Decision,
    Effect,
    Ground,
    Policy,
    PolicyDifference,
    Rule,
    Subject,
    SubjectKind,
    Target,
    TargetKind,
)
from workspaces.states import Role


@dataclass(frozen=True)
class ActWords:
    """The question of an act on the page, a label for lists, its sentences, and what follows from a no."""

    question: Any
    label: Any
    may: Any
    may_not: Any
    consequence: Any
    # With what the rule is about; acts without targets have none.
    may_on: Any = ""
    may_not_on: Any = ""


ACTS: Mapping[Act, ActWords] = {
    Act.USE_EXTERNAL: ActWords(
        _("Who may use GPTs from outside?"),
        _("GPTs from outside"),
        _("%(who)s may use GPTs from outside."),
        _("%(who)s may not use GPTs from outside."),
        _(
            "They cannot open, find or mention those GPTs, and answers that run stop within two seconds. It"
            " holds for their whole account, also when another workspace pays."
        ),
        _("%(who)s may use these GPTs from outside: %(what)s."),
        _("%(who)s may not use these GPTs from outside: %(what)s."),
    ),
    Act.BUILD: ActWords(
        _("Who may create GPTs?"),
        _("Create GPTs"),
        _("%(who)s may create GPTs."),
        _("%(who)s may not create GPTs."),
        _("GPTs that they have made stay as they are. A role of builder or higher is needed in any case."),
    ),
    Act.USE_MODEL: ActWords(
        _("Who may use which models?"),
        _("Models"),
        _("%(who)s may use all models."),
        _("%(who)s may not use any model."),
        _("They cannot choose the model, and a turn with it is refused before anything is sent."),
        _("%(who)s may use the model %(what)s."),
        _("%(who)s may not use the model %(what)s."),
    ),
    Act.USE_CAPABILITY: ActWords(
        _("Who may use which capabilities?"),
        _("Capabilities"),
        _("%(who)s may use all capabilities."),
        _("%(who)s may not use any capability."),
        _("Their turns run without the capability, and they cannot turn it on for a GPT."),
        _("%(who)s may use the capability %(what)s."),
        _("%(who)s may not use the capability %(what)s."),
    ),
    Act.UPLOAD_KNOWLEDGE: ActWords(
        _("Who may upload knowledge?"),
        _("Upload knowledge"),
        _("%(who)s may upload knowledge."),
        _("%(who)s may not upload knowledge."),
        _("Files that are there already stay and are searched as before."),
    ),
    Act.USE_ACTIONS: ActWords(
        _("Where may actions send data?"),
        _("Actions and their hosts"),
        _("%(who)s may use actions of any host."),
        _("%(who)s may not use actions."),
        _("A host stands for its subdomains too, not the reverse. A call to another host is not made."),
        _("%(who)s may use actions that send data to %(what)s."),
        _("%(who)s may not use actions that send data to %(what)s."),
    ),
    Act.SHARE_WITH_PERSON: ActWords(
        _("Who may share a GPT with single people?"),
        _("Share with people"),
        _("%(who)s may share GPTs with single people."),
        _("%(who)s may not share GPTs with single people."),
        _("Shares that exist stay until somebody ends them."),
        _("%(who)s may share %(what)s with single people."),
        _("%(who)s may not share %(what)s with single people."),
    ),
    Act.SHARE_WITH_GROUP: ActWords(
        _("Who may share a GPT with a group?"),
        _("Share with groups"),
        _("%(who)s may share GPTs with groups."),
        _("%(who)s may not share GPTs with groups."),
        _("Shares that exist stay until somebody ends them."),
        _("%(who)s may share with groups: %(what)s."),
        _("%(who)s may not share with groups: %(what)s."),
    ),
    Act.SHARE_INSIDE: ActWords(
        _("Who may share a GPT with the whole workspace?"),
        _("Share with the workspace"),
        _("%(who)s may share GPTs with the workspace."),
        _("%(who)s may not share GPTs with the workspace."),
        _("What is shared already stays; a new version cannot go live for the workspace."),
        _("%(who)s may share %(what)s with the workspace."),
        _("%(who)s may not share %(what)s with the workspace."),
    ),
    Act.SHARE_BY_LINK: ActWords(
        _("Who may share a GPT with anyone who has the link?"),
        _("Share by link"),
        _("%(who)s may share GPTs by link."),
        _("%(who)s may not share GPTs by link."),
        _("Links of GPTs whose owner may not share them stop with the next request."),
        _("%(who)s may share %(what)s by link."),
        _("%(who)s may not share %(what)s by link."),
    ),
    Act.PUBLISH: ActWords(
        _("Who may publish in the public store?"),
        _("Publish in the store"),
        _("%(who)s may publish in the public store."),
        _("%(who)s may not publish in the public store."),
        _("Listings of GPTs whose owner may not publish are withdrawn at once, and return when allowed."),
        _("%(who)s may publish %(what)s in the public store."),
        _("%(who)s may not publish %(what)s in the public store."),
    ),
    Act.INVITE_GUEST: ActWords(
        _("Who may invite guests?"),
        _("Invite guests"),
        _("%(who)s may invite guests."),
        _("%(who)s may not invite guests."),
        _("Guests who are here stay until they expire or somebody removes them."),
        _("%(who)s may invite guests with an address at %(what)s."),
        _("%(who)s may not invite guests with an address at %(what)s."),
    ),
    Act.MAKE_GROUP: ActWords(
        _("Who may create groups?"),
        _("Make groups"),
        _("%(who)s may create groups."),
        _("%(who)s may not create groups."),
        _("Groups that exist stay."),
    ),
    Act.EXPORT: ActWords(
        _("Who may export conversations?"),
        _("Export conversations"),
        _("%(who)s may export conversations."),
        _("%(who)s may not export conversations."),
        _("The export of one's own account stays, as the law grants it to everybody."),
    ),
    Act.USE_API: ActWords(
        _("Who may use the API?"),
        _("Use the API"),
        _("%(who)s may use the API."),
        _("%(who)s may not use the API."),
        _("Keys of this workspace stop at once, running streams too, and work again when it is allowed."),
    ),
}


@dataclass(frozen=True)
class Names:
    """What the ids in rules are called: groups and people by id, others by kind and value."""

    groups: Mapping[str, str] = field(default_factory=dict)
    people: Mapping[str, str] = field(default_factory=dict)
    targets: Mapping[Target, str] = field(default_factory=dict)


def find_names(workspace_id: int, rules: Iterable[Rule], targets: Mapping[Target, str]) -> Names:
    """Look up the groups and people that ``rules`` name, in two queries; ``targets`` are known to the caller.

    Groups of other workspaces and unknown people get no name.
    """
    rules = list(rules)
    groups = {rule.subject.value for rule in rules if rule.subject.kind == SubjectKind.GROUP}
    groups |= {rule.target.value for rule in rules if rule.target.kind == TargetKind.GROUP}
    people = {rule.subject.value for rule in rules if rule.subject.kind == SubjectKind.PERSON}
    found = Group.objects.filter(workspace_id=workspace_id, pk__in=groups).values_list("pk", "name")
    names = {str(identifier): name for identifier, name in found} if groups else {}
    rows = User.objects.filter(pk__in=people).only("pk", "display_name", "email") if people else []
    return Names(
        groups=names,
        people={str(person.pk): str(person) for person in rows},
        targets=targets,
    )


NO_NAMES = Names()


def describe_subject(subject: Subject, names: Names = NO_NAMES) -> str:
    """Return whom a rule is about, at the beginning of a sentence."""
    if subject.kind == SubjectKind.ROLE:
        return gettext("People with the role %(role)s") % {"role": Role(subject.value).label}
    if subject.kind == SubjectKind.GROUP:
        name = names.groups.get(subject.value)
        return gettext("The group “%(name)s”") % {"name": name} if name else gettext("A deleted group")
    if subject.kind == SubjectKind.PERSON:
        return names.people.get(subject.value) or gettext("A former member")
    return gettext("Members of the workspace")


def describe_target(target: Target, names: Names = NO_NAMES) -> str:
    """Return what a rule is about; without a known name its kind."""
    if target.kind == TargetKind.ANY:
        return gettext("everything")
    if target in names.targets:
        return names.targets[target]
    if target.kind == TargetKind.HOST:
        return target.value
    if target.kind == TargetKind.APPROVAL:
        is_approved = target.value == Approval.APPROVED
        return gettext("those that are approved") if is_approved else gettext("those that nobody approved")
    if target.kind == TargetKind.GROUP:
        name = names.groups.get(target.value)
        return gettext("the group “%(name)s”") % {"name": name} if name else gettext("a deleted group")
    return {
        TargetKind.GPT: gettext("this GPT"),
        TargetKind.MODEL: gettext("this model"),
        TargetKind.PROVIDER: gettext("models of this provider"),
        TargetKind.CAPABILITY: gettext("this capability"),
    }[target.kind]


def describe_rule(rule: Rule, names: Names = NO_NAMES) -> str:
    """Return a rule as a sentence."""
    words = ACTS[rule.act]
    is_allow = rule.effect == Effect.ALLOW
    who = describe_subject(rule.subject, names)
    if rule.target.kind == TargetKind.ANY:
        return str(words.may if is_allow else words.may_not) % {"who": who}
    what = describe_target(rule.target, names)
    return str(words.may_on if is_allow else words.may_not_on) % {"who": who, "what": what}


def describe_ground(decision: Decision, names: Names = NO_NAMES) -> str:
    """Return what decided, as a sentence: the rule, or the act's default."""
    if decision.rule is not None:
        return describe_rule(decision.rule, names)
    if decision.ground == Ground.BLOCKED:
        return gettext("This GPT is blocked there.")
    if decision.ground == Ground.CLOSED:
        return gettext("Only those whom a rule allows may do this, and no rule does.")
    return gettext("No rule forbids this.")


def describe_default(act: Act, policy: Policy) -> str:
    """Return the present answer to the question of an act, before its exceptions."""
    rules = [rule for rule in policy.rules if rule.act == act]
    if act in policy.closed:
        if not any(rule.effect == Effect.ALLOW for rule in rules):
            return gettext("Nobody: only what a rule allows is allowed, and no rule allows anything.")
        return gettext("Only those whom a rule below allows.")
    if not rules:
        return gettext("Everyone, without exception.")
    return gettext("Everyone, except where a rule below forbids it.")


def describe_difference(difference: PolicyDifference, names: Names = NO_NAMES) -> list[tuple[str, str]]:
    """Return what changed as pairs of a kind (added, removed, changed, closed, opened) and a sentence."""
    found = [("added", describe_rule(rule, names)) for rule in difference.added]
    found += [("removed", describe_rule(rule, names)) for rule in difference.removed]
    found += [
        (
            "changed",
            gettext("%(before)s → %(after)s")
            % {"before": describe_rule(before, names), "after": describe_rule(after, names)},
        )
        for before, after in difference.changed
    ]
    found += [
        ("closed", gettext("%(act)s: now only what a rule allows.") % {"act": ACTS[act].label})
        for act in difference.closed
    ]
    found += [
        (
            "opened",
            gettext("%(act)s: now everyone, except where a rule forbids it.") % {"act": ACTS[act].label},
        )
        for act in difference.opened
    ]
    return found

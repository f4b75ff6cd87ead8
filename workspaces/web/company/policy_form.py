"""The form of a sharing policy: one section for each act, one row for each exception, typed texts kept."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext as _

from core.errors import InvalidInput
from gpts.llm.models import LanguageModel
from marketplace.policy_targets import find_gpt_target, list_choices, list_models, name_addresses
from workspaces.models import Group, User, Workspace
from workspaces.policy import RULED, Act, Effect, Policy, Rule, SubjectKind, Target, TargetKind
from workspaces.policy_words import ACTS, Names, describe_default, describe_rule
from workspaces.services.policies import MAX_RULES, parse_policy
from workspaces.states import Role

MAX_TEXT = 300
_ROW = re.compile(r"([a-z_]{1,20})-(\d{1,4})-who")
OPEN, CLOSED = "open", "closed"


@dataclass
class RuleRow:
    """One exception as it is typed. ``who`` and ``what`` are values of lists, ``email`` and ``text`` free."""

    act: Act
    place: int
    who: str = ""
    email: str = ""
    what: str = "any"
    text: str = ""
    effect: str = Effect.DENY
    sentence: str = ""
    error: str = ""

    @property
    def prefix(self) -> str:
        return f"{self.act}-{self.place}"


@dataclass
class Section:
    """One question of the page: its answer, its exceptions, and an empty row for one more."""

    act: Act
    is_closed: bool
    rows: list[RuleRow]
    answer: str
    targets: list[tuple[str, str]]
    kinds: list[tuple[str, str]]
    was_changed: bool = False

    @property
    def words(self) -> Any:
        return ACTS[self.act]

    @property
    def has_targets(self) -> bool:
        return bool(RULED[self.act])

    @property
    def has_text(self) -> bool:
        return bool(self.kinds)

    @property
    def text_kinds(self) -> str:
        """Return the kinds of targets that are typed, as data-field-when takes them."""
        return "|".join(value for value, _label in self.kinds)

    @property
    def text_label(self) -> str:
        if len(self.kinds) > 1:
            return _("Host or address of the GPT")
        return _("Host") if self.text_kinds == TargetKind.HOST else _("Address of the GPT")

    @property
    def error(self) -> bool:
        return any(row.error for row in self.rows)


def build_sections(
    workspace: Workspace, policy: Policy, names: Names, *, saved: Policy | None = None
) -> list[Section]:
    """Return the form of ``policy``; ``saved`` is what holds now, to mark what differs."""
    models = list_models(workspace)
    addresses = name_addresses(policy.rules)
    emails = _find_emails(policy)
    sections = []
    for act in RULED:
        rules = sorted(rule for rule in policy.rules if rule.act == act)
        rows = [_build_row(rule, place, names, addresses, emails) for place, rule in enumerate(rules)]
        section = _build_section(workspace, act, models, is_closed=act in policy.closed, rows=rows)
        section.answer = describe_default(act, policy)
        if saved is not None:
            before = {rule for rule in saved.rules if rule.act == act}
            section.was_changed = before != set(rules) or (act in saved.closed) != (act in policy.closed)
        sections.append(section)
    return sections


def _build_section(
    workspace: Workspace, act: Act, models: Sequence[LanguageModel], *, is_closed: bool, rows: list[RuleRow]
) -> Section:
    targets = [("any", _("Everything"))] if RULED[act] else []
    targets += [
        (f"{target.kind}:{target.value}", name) for target, name in list_choices(workspace, act, models)
    ]
    kinds = []
    if TargetKind.HOST in RULED[act]:
        kinds.append((TargetKind.HOST.value, _("A host:")))
    if TargetKind.GPT in RULED[act]:
        kinds.append((TargetKind.GPT.value, _("A GPT:")))
    offered = {value for value, _label in (*targets, *kinds)}
    for row in rows:
        # A model that was retired since, or a group: kept as it is.
        if row.what not in offered and RULED[act]:
            targets.append((row.what, row.sentence))
            offered.add(row.what)
    rows.append(RuleRow(act, len(rows)))
    return Section(act, is_closed, rows, "", targets, kinds)


def _build_row(
    rule: Rule, place: int, names: Names, addresses: Mapping[Target, str], emails: Mapping[str, str]
) -> RuleRow:
    kind, value = rule.subject.kind, rule.subject.value
    row = RuleRow(rule.act, place, effect=rule.effect, sentence=describe_rule(rule, names))
    row.who = {
        SubjectKind.EVERYONE: "everyone",
        SubjectKind.ROLE: f"role:{value}",
        SubjectKind.GROUP: f"group:{value}",
        SubjectKind.PERSON: "person",
    }[kind]
    if kind == SubjectKind.PERSON:
        row.email = emails.get(value, "")
    if rule.target.kind in (TargetKind.HOST, TargetKind.GPT):
        row.what = rule.target.kind.value
        row.text = rule.target.value
        if rule.target.kind == TargetKind.GPT:
            row.text = addresses.get(rule.target, "")
    elif rule.target.kind != TargetKind.ANY:
        row.what = f"{rule.target.kind}:{rule.target.value}"
    return row


def _find_emails(policy: Policy) -> dict[str, str]:
    people = [rule.subject.value for rule in policy.rules if rule.subject.kind == SubjectKind.PERSON]
    if not people:
        return {}
    return {str(pk): email for pk, email in User.objects.filter(pk__in=people).values_list("pk", "email")}


def list_subjects(workspace: Workspace) -> list[tuple[str, str]]:
    """Return whom a rule may be about, besides a person by e-mail."""
    groups = Group.objects.filter(workspace=workspace).order_by("name").values_list("pk", "name")
    return [
        ("everyone", _("Everyone")),
        *((f"role:{value}", _("Role: %(role)s") % {"role": label}) for value, label in Role.choices),
        *((f"group:{pk}", _("Group: %(name)s") % {"name": name}) for pk, name in groups),
        ("person", _("One member, by e-mail")),
    ]


@dataclass
class PostedPolicy:
    """What was typed: a policy when it is valid, the sections to show again when it is not."""

    policy: Policy | None
    sections: list[Section]
    error: str = ""


def read_form(workspace: Workspace, data: QueryDict) -> PostedPolicy:
    """Read the whole form; a row without a subject is an empty one, a marked one goes."""
    rows: dict[Act, list[RuleRow]] = {act: [] for act in RULED}
    for key in data:
        found = _ROW.fullmatch(key)
        if found is not None and found[1] in rows and sum(map(len, rows.values())) <= MAX_RULES:
            row = _read_row(Act(found[1]), int(found[2]), data)
            if row is not None:
                rows[row.act].append(row)
    closed = [act for act in RULED if data.get(f"{act}-default") == CLOSED]
    found_rules: set[Rule] = set()
    is_valid, error = True, ""
    for act_rows in rows.values():
        act_rows.sort(key=lambda row: row.place)
        for place, row in enumerate(act_rows):
            row.place = place
            try:
                found_rules |= _parse_row(workspace, row).rules
            except InvalidInput as refusal:
                row.error, is_valid = str(refusal.message), False
    policy = None
    if is_valid:
        try:
            policy = _join(found_rules, closed)
        except InvalidInput as refusal:
            error = str(refusal.message)
    models = list_models(workspace)
    sections = [
        _build_section(workspace, act, models, is_closed=act in closed, rows=act_rows)
        for act, act_rows in rows.items()
    ]
    return PostedPolicy(policy, sections, error)


def _read_row(act: Act, place: int, data: QueryDict) -> RuleRow | None:
    row = RuleRow(act, place)
    for name in ("who", "email", "what", "text", "effect"):
        typed = data.get(f"{row.prefix}-{name}", getattr(row, name))
        setattr(row, name, typed.strip()[:MAX_TEXT])
    return None if not row.who or data.get(f"{row.prefix}-remove") else row


def _parse_row(workspace: Workspace, row: RuleRow) -> Policy:
    subject_kind, _sep, subject = row.who.partition(":")
    if subject_kind == SubjectKind.PERSON:
        subject = _find_member(workspace, row.email)
    target_kind, _sep, target = row.what.partition(":")
    if target_kind == TargetKind.HOST:
        target = row.text
    elif target_kind == TargetKind.GPT:
        gpt = find_gpt_target(workspace, row.act, row.text)
        if gpt is None:
            raise InvalidInput(
                _("There is no such GPT for this question. Type the end of its address, after /g/."),
                code="unknown_target",
                field="rules",
            )
        target = gpt.value
    written = {
        "act": row.act.value,
        "subject_kind": subject_kind,
        "subject": subject,
        "target_kind": target_kind or TargetKind.ANY.value,
        "target": target,
        "effect": row.effect,
    }
    return parse_policy([written], [])


def _find_member(workspace: Workspace, email: str) -> str:
    person = (
        User.objects.filter(memberships__workspace=workspace, email__iexact=email)
        .values_list("pk", flat=True)
        .first()
        if email and "\x00" not in email
        else None
    )
    if person is None:
        raise InvalidInput(
            _("No member of this workspace has this e-mail address."), code="not_a_member", field="rules"
        )
    return str(person)


def _join(rules: set[Rule], closed: list[Act]) -> Policy:
    effects: dict[tuple[Any, ...], Effect] = {}
    for rule in sorted(rules):
        if effects.setdefault((rule.act, rule.subject, rule.target), rule.effect) != rule.effect:
            raise InvalidInput(
                _("Two rules allow and forbid the same thing to the same people. Remove one of them."),
                code="rules_contradict",
                field="rules",
            )
    return Policy(frozenset(rules), frozenset(closed))

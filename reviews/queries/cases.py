"""The evidence that a moderator needs to judge one case."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q

from core.text_diff import diff_texts
from gpts.assistants.models import Version
from gpts.assistants.queries.gpts import gpt_workspace_scope
from gpts.knowledge.models import KnowledgeFile
from gpts.knowledge.queries import get_file_beginning, list_answering_files
from marketplace.models import BuilderProfile, Listing
from reviews.checks import LABELS
from reviews.checks.reasons import REASONS
from reviews.models import Appeal, Case, Check, Decision, PolicyVersion, Report, Standing, Strike, Submission
from reviews.queries.policies import get_policies_in_force
from reviews.queries.version_fields import VERSION_FIELDS, format_field
from reviews.states import (
    BRIGADE_NOTE,
    NEGATIVE_OUTCOMES,
    CheckOutcome,
    Outcome,
    ReportCategory,
    SubmissionState,
    list_outcomes,
)

KNOWLEDGE_EXCERPT = 600
# Unchanged lines shown around each change.
DIFF_CONTEXT = 3
_APPROVED_STATES = (
    SubmissionState.LIVE,
    SubmissionState.SUPERSEDED,
    SubmissionState.QUARANTINED,
    SubmissionState.REMOVED,
)


@dataclass(frozen=True)
class DiffSegment:
    """A stretch of a line; changed words of a changed line are marked."""

    text: str
    is_changed: bool


@dataclass(frozen=True)
class DiffLine:
    """``kind`` is same, add, remove, or gap for ``hidden`` unchanged lines."""

    kind: str
    segments: list[DiffSegment]
    hidden: int


@dataclass(frozen=True)
class FieldDiff:
    """One field compared with the last approved version; ``lines`` is empty when nothing changed."""

    name: str
    label: Any
    lines: list[DiffLine]


@dataclass(frozen=True)
class CheckView:
    check: Check
    label: Any
    evidence: list[dict[str, Any]]


@dataclass(frozen=True)
class ReportGroup:
    """Reports of one category. Reporters are numbered, so that their identity does not influence judging."""

    category: str
    label: Any
    weight: int
    reports: list[tuple[str, Report]]


@dataclass(frozen=True)
class BuilderView:
    profile: BuilderProfile | None
    standing: Standing | None
    strikes: int
    listings: list[Listing]
    submissions: int
    refused: int


@dataclass(frozen=True)
class OutcomeChoice:
    value: str
    label: Any
    is_negative: bool
    policies: list[PolicyVersion]


@dataclass(frozen=True)
class DecisionView:
    decision: Decision
    policies: list[PolicyVersion]


@dataclass(frozen=True)
class CaseDetail:
    """``before`` is the last approved version, ``looking`` the names of others who have the case open."""

    case: Case
    version: Version | None
    before: Version | None
    diffs: list[FieldDiff]
    checks: list[CheckView]
    groups: list[ReportGroup]
    builder: BuilderView | None
    listing: Listing | None
    files: list[tuple[KnowledgeFile, str]]
    outcomes: list[OutcomeChoice]
    policies: list[PolicyVersion]
    decisions: list[DecisionView]
    appeals: list[Appeal]
    looking: list[str]

    @property
    def notes(self) -> list[str]:
        """Why the case was opened or escalated."""
        return [line for line in self.case.note.splitlines() if line != BRIGADE_NOTE]

    @property
    def is_update(self) -> bool:
        return self.before is not None

    @property
    def abilities(self) -> list[str]:
        """The labels of the version's capabilities."""
        return format_field(self.version, "capabilities").splitlines() if self.version else []


def get_case_detail(case: Case, *, looking: list[str], at: datetime) -> CaseDetail:
    """Return the evidence of a case that access_case returned. A fixed number of queries."""
    listing = (
        Listing.objects.select_related("version", "score").filter(gpt=case.gpt).first()
        if case.gpt_id
        else None
    )
    version = case.submission.version if case.submission else (listing.version if listing else None)
    before = _get_last_approved(case, version) if case.submission else None
    policies = list(get_policies_in_force(at=at).values())
    return CaseDetail(
        case=case,
        version=version,
        before=before,
        diffs=_diff_fields(before, version) if before and version else [],
        checks=_list_checks(version),
        groups=_group_reports(case),
        builder=_get_builder(case, at=at),
        listing=listing,
        files=_list_files(case, version),
        outcomes=_list_outcomes(case, policies),
        policies=policies,
        decisions=_list_decisions(case),
        appeals=list(case.appeals.select_related("appellant").order_by("filed_at")),
        looking=looking,
    )


def get_subject_name(case: Case) -> str:
    """Return the name of what the case is about, for lists and headings."""
    if case.submission is not None:
        return case.submission.version.name
    return str(case.gpt or case.builder or case.pk)


def _get_last_approved(case: Case, version: Version | None) -> Version | None:
    approved = (
        Submission.objects.filter(gpt=case.gpt, state__in=_APPROVED_STATES)
        .exclude(version=version)
        .filter(pk__lt=case.submission_id)
        .select_related("version")
        .order_by("-pk")
        .first()
    )
    return None if approved is None else approved.version


def _diff_fields(before: Version, after: Version) -> list[FieldDiff]:
    diffs = []
    for name, label in VERSION_FIELDS:
        old, new = format_field(before, name), format_field(after, name)
        diffs.append(FieldDiff(name, label, _diff_texts(old, new) if old != new else []))
    return diffs


def _diff_texts(old: str, new: str) -> list[DiffLine]:
    return [
        DiffLine(
            line.kind,
            [DiffSegment(part.text, line.is_paired and part.kind != "same") for part in line.segments],
            line.hidden,
        )
        for line in diff_texts(old, new, context=DIFF_CONTEXT)
    ]


def _list_checks(version: Version | None) -> list[CheckView]:
    if version is None:
        return []
    rank = {CheckOutcome.ERRORED: 0, CheckOutcome.FLAGGED: 1, CheckOutcome.PASSED: 2}
    checks = sorted(
        Check.objects.filter(version=version),
        key=lambda c: (rank[CheckOutcome(c.outcome)], -c.score, c.checker),
    )
    return [
        CheckView(
            check,
            LABELS.get(check.checker, check.checker),
            [
                {
                    **item,
                    "where": dict(VERSION_FIELDS).get(item.get("where", ""), item.get("where", "")),
                    "reason": REASONS.get(item.get("why", ""), item.get("why", "")),
                }
                for item in check.evidence
            ],
        )
        for check in checks
    ]


def _group_reports(case: Case) -> list[ReportGroup]:
    groups: dict[str, list[tuple[str, Report]]] = {}
    for number, report in enumerate(case.reports.order_by("created_at", "id")[:500], start=1):
        groups.setdefault(report.category, []).append((str(number), report))
    views = [
        ReportGroup(
            category,
            ReportCategory(category).label,
            sum(report.weight for _n, report in reports) // 100,
            reports,
        )
        for category, reports in groups.items()
    ]
    return sorted(views, key=lambda group: -group.weight)


def _get_builder(case: Case, *, at: datetime) -> BuilderView | None:
    if case.builder is None:
        return None
    submissions = Submission.objects.filter(gpt__owner=case.builder)
    refused = (SubmissionState.REJECTED, SubmissionState.CHANGES_REQUESTED)
    states = list(submissions.values_list("state", flat=True))
    return BuilderView(
        profile=BuilderProfile.objects.filter(user=case.builder).first(),
        standing=Standing.objects.filter(user=case.builder).first(),
        strikes=Strike.objects.filter(user=case.builder, removed_at__isnull=True, expires_at__gt=at).count(),
        listings=list(
            Listing.objects.filter(publisher=case.builder)
            .exclude(gpt=case.gpt)
            .order_by("-popularity", "-pk")[:8]
        ),
        submissions=len(states),
        refused=sum(state in refused for state in states),
    )


def _list_files(case: Case, version: Version | None) -> list[tuple[KnowledgeFile, str]]:
    """Return the knowledge files of the judged version, each with the beginning of its text."""
    if version is None or case.gpt is None or not version.knowledge_hashes:
        return []
    with gpt_workspace_scope(case.gpt):
        files = list_answering_files(case.gpt, version).order_by("name", "pk")[:20]
        return [(file, get_file_beginning(file)[:KNOWLEDGE_EXCERPT]) for file in files]


def _list_decisions(case: Case) -> list[DecisionView]:
    """Return the decisions on this case and the one that it is about, with the policies they cite."""
    decisions = list(
        Decision.objects.filter(Q(case=case) | Q(pk=case.origin_id))
        .select_related("decider", "case")
        .prefetch_related("enforcements", "notices__report")
        .order_by("decided_at")
    )
    cited = {key for decision in decisions for key in decision.policy_versions}
    wordings = PolicyVersion.objects.select_related("policy").in_bulk(cited)
    return [DecisionView(one, [wordings[key] for key in one.policy_versions]) for one in decisions]


def _list_outcomes(case: Case, policies: list[PolicyVersion]) -> list[OutcomeChoice]:
    return [
        OutcomeChoice(
            value=outcome.value,
            label=Outcome(outcome).label,
            is_negative=outcome in NEGATIVE_OUTCOMES,
            policies=[policy for policy in policies if outcome in policy.allowed_outcomes],
        )
        for outcome in list_outcomes(case.kind, has_gpt=case.gpt_id is not None)
    ]

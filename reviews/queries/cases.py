"""Everything that a moderator must see to judge one case."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.cache import cache
from django.db.models import Q

from gpts.assistants.models import Version
from gpts.assistants.queries.gpts import inside_workspace_of
from gpts.knowledge.models import KnowledgeFile
from gpts.knowledge.queries import beginning_of, files_answering
from marketplace.models import BuilderProfile, Listing
from reviews.checks import LABELS
from reviews.checks.reasons import REASONS
from reviews.diff import Line, diff_texts
from reviews.models import Appeal, Case, Check, Decision, PolicyVersion, Report, Standing, Strike, Submission
from reviews.services.decisions import current_policies
from reviews.snapshot import FIELDS, shown
from reviews.states import (
    NEGATIVE_OUTCOMES,
    OUTCOMES_OF_KIND,
    CheckOutcome,
    Outcome,
    ReportCategory,
    SubmissionState,
)

LOOKING_SECONDS = 150
KNOWLEDGE_EXCERPT = 600
_WAS_LIVE = (
    SubmissionState.LIVE,
    SubmissionState.SUPERSEDED,
    SubmissionState.QUARANTINED,
    SubmissionState.REMOVED,
)


@dataclass(frozen=True)
class FieldDiff:
    """One field of the snapshot beside the last approved one; ``lines`` is empty when nothing changed."""

    name: str
    label: Any
    lines: list[Line]


@dataclass(frozen=True)
class CheckView:
    check: Check
    label: Any
    evidence: list[dict[str, Any]]


@dataclass(frozen=True)
class ReportGroup:
    """Reports of one category. Reporters are "Reporter 1 … n": who they are plays no part in judging."""

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
    def is_update(self) -> bool:
        return self.before is not None

    @property
    def abilities(self) -> list[str]:
        """The capabilities of the version in words."""
        return shown(self.version, "capabilities").splitlines() if self.version else []


def case_detail(case: Case, *, viewer: Any, at: datetime) -> CaseDetail:
    """Gather the evidence of a case that access_case returned. A fixed number of queries."""
    listing = (
        Listing.objects.select_related("version", "score").filter(gpt=case.gpt).first()
        if case.gpt_id
        else None
    )
    version = case.submission.version if case.submission else (listing.version if listing else None)
    before = _last_approved(case, version) if case.submission else None
    policies = list(current_policies(at=at).values())
    return CaseDetail(
        case=case,
        version=version,
        before=before,
        diffs=_diffs(before, version) if before and version else [],
        checks=_checks(version),
        groups=_groups(case),
        builder=_builder(case, at=at),
        listing=listing,
        files=_files(case, version),
        outcomes=_outcomes(case, policies),
        policies=policies,
        decisions=_decisions(case),
        appeals=list(case.appeals.select_related("appellant").order_by("filed_at")),
        looking=look_at(case, viewer),
    )


def look_at(case: Case, viewer: Any) -> list[str]:
    """Note that ``viewer`` has the page open and return the names of the others who have."""
    key = f"reviews:looking:{case.pk}"
    others: dict[int, str] = cache.get(key) or {}
    cache.set(key, {**others, viewer.pk: str(viewer)}, LOOKING_SECONDS)
    return [name for identifier, name in others.items() if identifier != viewer.pk]


def _last_approved(case: Case, version: Version | None) -> Version | None:
    approved = (
        Submission.objects.filter(gpt=case.gpt, state__in=_WAS_LIVE)
        .exclude(version=version)
        .filter(pk__lt=case.submission_id)
        .select_related("version")
        .order_by("-pk")
        .first()
    )
    return None if approved is None else approved.version


def _diffs(before: Version, after: Version) -> list[FieldDiff]:
    found = []
    for name, label in FIELDS:
        old, new = shown(before, name), shown(after, name)
        found.append(FieldDiff(name, label, diff_texts(old, new) if old != new else []))
    return found


def _checks(version: Version | None) -> list[CheckView]:
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
                    "where": dict(FIELDS).get(item.get("where", ""), item.get("where", "")),
                    "reason": REASONS.get(item.get("why", ""), item.get("why", "")),
                }
                for item in check.evidence
            ],
        )
        for check in checks
    ]


def _groups(case: Case) -> list[ReportGroup]:
    groups: dict[str, list[tuple[str, Report]]] = {}
    for number, report in enumerate(case.reports.order_by("created_at", "id")[:500], start=1):
        groups.setdefault(report.category, []).append((str(number), report))
    found = [
        ReportGroup(
            category,
            ReportCategory(category).label,
            sum(report.weight for _n, report in reports) // 100,
            reports,
        )
        for category, reports in groups.items()
    ]
    return sorted(found, key=lambda group: -group.weight)


def _builder(case: Case, *, at: datetime) -> BuilderView | None:
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


def _files(case: Case, version: Version | None) -> list[tuple[KnowledgeFile, str]]:
    """Return the files that the judged version knows, each with the beginning of its text."""
    if version is None or case.gpt is None or not version.knowledge_hashes:
        return []
    with inside_workspace_of(case.gpt):
        files = files_answering(case.gpt, version).order_by("name", "pk")[:20]
        return [(file, beginning_of(file)[:KNOWLEDGE_EXCERPT]) for file in files]


def _decisions(case: Case) -> list[DecisionView]:
    """Return the decisions on this case and the one that it is about, with the wordings they name."""
    decisions = list(
        Decision.objects.filter(Q(case=case) | Q(pk=case.origin_id))
        .select_related("decider", "case")
        .prefetch_related("enforcements", "notices__report")
        .order_by("decided_at")
    )
    named = {key for decision in decisions for key in decision.policy_versions}
    wordings = PolicyVersion.objects.select_related("policy").in_bulk(named)
    return [DecisionView(one, [wordings[key] for key in one.policy_versions]) for one in decisions]


def _outcomes(case: Case, policies: list[PolicyVersion]) -> list[OutcomeChoice]:
    return [
        OutcomeChoice(
            value=outcome.value,
            label=Outcome(outcome).label,
            is_negative=outcome in NEGATIVE_OUTCOMES,
            policies=[policy for policy in policies if outcome in policy.allowed_outcomes],
        )
        for outcome in OUTCOMES_OF_KIND[case.kind]
    ]

"""Yearly figures of moderation, as the Digital Services Act requires."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.utils.translation import gettext_lazy as _

from reviews.models import Appeal, Decision, Enforcement, PolicyVersion, Report, Submission
from reviews.states import (
    NEGATIVE_OUTCOMES,
    AppealParty,
    AppealState,
    CaseKind,
    DecisionSource,
    EnforcementKind,
    EnforcementState,
    Outcome,
    ReportCategory,
    ReportSource,
)


@dataclass(frozen=True)
class Figure:
    """One number: ``value`` is a count, or hours with one decimal where the section says so."""

    section: str
    name: str
    label: Any
    value: float

    @property
    def section_label(self) -> Any:
        return SECTIONS[self.section]

    @property
    def name_label(self) -> Any:
        return NAMES.get(self.name, self.name)


SECTIONS: dict[str, Any] = {
    "notices": _("Reports"),
    "notices_by_category": _("Reports by category"),
    "notices_by_source": _("Reports by source"),
    "submissions": _("Submissions"),
    "outcomes": _("Decisions by outcome"),
    "decided_by": _("Decided by"),
    "negative_by_policy": _("Restrictions by policy"),
    "hours_to_decision": _("Hours to the decision"),
    "appeals": _("Objections"),
    "appeals_overturned": _("Objections that were right"),
    "suspensions": _("Suspensions"),
}
NAMES: dict[str, Any] = {
    "all": _("All"),
    "submission_median": _("Submissions, half within"),
    "submission_p95": _("Submissions, 95 % within"),
    "report_median": _("Reports, half within"),
    "report_p95": _("Reports, 95 % within"),
}


def build_year_report(year: int) -> list[Figure]:
    """Return the figures of a UTC year. Needs a moderator's or a system scope, to read all reports."""
    start, end = datetime(year, 1, 1, tzinfo=UTC), datetime(year + 1, 1, 1, tzinfo=UTC)
    decisions = list(
        Decision.objects.filter(decided_at__gte=start, decided_at__lt=end).select_related("case__submission")
    )
    figures = [*_count_reports(start, end), *_count_outcomes(decisions), *_count_policies(decisions)]
    figures += _measure_times(decisions)
    figures += _count_appeals(start, end)
    figures += _count_suspensions(start, end)
    return figures


def _count_reports(start: datetime, end: datetime) -> Iterable[Figure]:
    rows = list(
        Report.objects.filter(created_at__gte=start, created_at__lt=end).values_list("category", "source")
    )
    yield Figure("notices", "all", "", len(rows))
    categories = Counter(category for category, _unused in rows)
    yield from (
        Figure("notices_by_category", value, label, categories[value])
        for value, label in ReportCategory.choices
    )
    sources = Counter(source for _unused, source in rows)
    yield from (
        Figure("notices_by_source", value, label, sources[value]) for value, label in ReportSource.choices
    )
    submissions = Submission.objects.filter(submitted_at__gte=start, submitted_at__lt=end).count()
    yield Figure("submissions", "all", "", submissions)


def _count_outcomes(decisions: list[Decision]) -> Iterable[Figure]:
    outcomes = Counter(decision.outcome for decision in decisions)
    yield from (Figure("outcomes", value, label, outcomes[value]) for value, label in Outcome.choices)
    automated = sum(decision.source == DecisionSource.AUTOMATION for decision in decisions)
    yield Figure("decided_by", "automation", DecisionSource.AUTOMATION.label, automated)
    yield Figure("decided_by", "human", DecisionSource.MODERATOR.label, len(decisions) - automated)


def _count_policies(decisions: list[Decision]) -> Iterable[Figure]:
    used = Counter(
        key
        for decision in decisions
        if decision.outcome in NEGATIVE_OUTCOMES
        for key in decision.policy_versions
    )
    by_code: Counter[str] = Counter()
    titles = {}
    for version in (
        PolicyVersion.objects.filter(pk__in=used).select_related("policy").order_by("policy__position")
    ):
        by_code[version.policy.code] += used[version.pk]
        titles[version.policy.code] = version.title
    yield from (Figure("negative_by_policy", code, title, by_code[code]) for code, title in titles.items())


def _measure_times(decisions: list[Decision]) -> Iterable[Figure]:
    submitted = [
        decision.decided_at - decision.case.submission.submitted_at
        for decision in decisions
        if decision.case.submission is not None and decision.round == 1
    ]
    reported = [
        decision.decided_at - decision.case.opened_at
        for decision in decisions
        if decision.case.kind == CaseKind.REPORT
    ]
    for name, spans in (("submission", submitted), ("report", reported)):
        yield Figure("hours_to_decision", f"{name}_median", "", compute_percentile(spans, 50))
        yield Figure("hours_to_decision", f"{name}_p95", "", compute_percentile(spans, 95))


def compute_percentile(spans: list[timedelta], percent: int) -> float:
    """Return the nearest-rank percentile in hours, 0 without data."""
    if not spans:
        return 0.0
    ordered = sorted(spans)
    rank = -(-len(ordered) * percent // 100)
    return round(ordered[max(rank, 1) - 1].total_seconds() / 3600, 1)


def _count_appeals(start: datetime, end: datetime) -> Iterable[Figure]:
    rows = list(Appeal.objects.filter(filed_at__gte=start, filed_at__lt=end).values_list("party", "state"))
    for party in AppealParty:
        states = [state for filed_by, state in rows if filed_by == party]
        yield Figure("appeals", party.value, party.label, len(states))
        overturned = sum(state in (AppealState.OVERTURNED, AppealState.PARTLY) for state in states)
        yield Figure("appeals_overturned", party.value, party.label, overturned)


def _count_suspensions(start: datetime, end: datetime) -> Iterable[Figure]:
    suspended = Enforcement.objects.filter(
        kind=EnforcementKind.SUSPEND_BUILDER,
        state__in=(EnforcementState.EXECUTED, EnforcementState.REVERSED),
        executed_at__gte=start,
        executed_at__lt=end,
    ).count()
    yield Figure("suspensions", "builders", EnforcementKind.SUSPEND_BUILDER.label, suspended)

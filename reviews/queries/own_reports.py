"""A person's own reports: what came of them, and whether they may object.

Reports and decisions are moderation's rows, so its scope is opened here; every query names the reporter. The
reasons of a decision are for the builder and are not read.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext

from core.pagination import Page, paginate
from reviews.models import Appeal, Decision, Notice, Report
from reviews.queries.appeals import get_appeal_deadline, get_appeal_party
from reviews.scope import open_moderation_scope
from reviews.states import NEGATIVE_OUTCOMES, NoticeKind
from workspaces.models import User

PAGE_SIZE = 30


@dataclass(frozen=True)
class OwnReport:
    """A report as its reporter may see it. ``answer`` is the notice of its outcome, as it was sent."""

    report: Report
    answer: Notice | None
    appeal: Appeal | None

    @property
    def name(self) -> str:
        """The listing's name when it was reported."""
        return str(self.report.evidence.get("name", ""))

    @property
    def decision(self) -> Decision | None:
        return self.answer.decision if self.answer is not None else None

    @property
    def outcome(self) -> str:
        """What was found, in words of the active language; the state while nothing has been."""
        if self.decision is None:
            return self.report.get_state_display()
        if self.decision.outcome in NEGATIVE_OUTCOMES:
            return gettext("It breaks the rules")
        return gettext("It keeps the rules")


@dataclass(frozen=True)
class ReportRedress:
    """Whether the reporter may object to the dismissal of a report, and until when."""

    can_appeal: bool
    until: datetime | None


def list_own_reports(user: User, *, cursor: str = "") -> tuple[Page[Report], list[OwnReport]]:
    """Return a page of the person's reports, newest first, and what came of each. Three queries."""
    with open_moderation_scope():
        page = paginate(
            Report.objects.filter(reporter=user), order=("-created_at", "-id"), cursor=cursor, size=PAGE_SIZE
        )
        return page, _add_outcomes(page.items, user)


def get_own_report(report: Report, user: User, *, at: datetime) -> tuple[OwnReport, ReportRedress]:
    """Return a report that access_own_report returned, with what came of it and the way to object."""
    with open_moderation_scope():
        own = _add_outcomes([report], user)[0]
        decision = own.decision
        if decision is None or get_appeal_party(decision, user) is None:
            return own, ReportRedress(can_appeal=False, until=None)
        until = get_appeal_deadline(decision)
        can_appeal = own.appeal is None and at <= until and not decision.overrides.exists()
        return own, ReportRedress(can_appeal, until)


def _add_outcomes(reports: Sequence[Report], user: User) -> list[OwnReport]:
    notices = Notice.objects.filter(report__in=reports, recipient=user, kind=NoticeKind.OUTCOME)
    answers = {notice.report_id: notice for notice in notices.select_related("decision__case")}
    decisions = [notice.decision_id for notice in answers.values()]
    appeals = {
        appeal.decision_id: appeal
        for appeal in Appeal.objects.filter(appellant=user, decision_id__in=decisions)
    }
    return [
        OwnReport(report, answer, appeals.get(answer.decision_id) if answer and answer.decision_id else None)
        for report in reports
        for answer in (answers.get(report.pk),)
    ]

"""Whether a person may object to a decision, and until when."""

from __future__ import annotations

from datetime import datetime, timedelta

from reviews.models import Decision, Report
from reviews.states import NEGATIVE_OUTCOMES, AppealParty, Outcome
from workspaces.models import User

APPEAL_WINDOW = timedelta(days=184)


def get_appeal_party(decision: Decision, user: User) -> AppealParty | None:
    """Return the role in which ``user`` may object to the decision, None when they may not.

    Builders object to negative decisions, reporters to a dismissal of their report.
    """
    if decision.outcome in NEGATIVE_OUTCOMES and decision.case.builder_id == user.pk:
        return AppealParty.OWNER
    is_dismissal = decision.outcome == Outcome.NO_VIOLATION
    if is_dismissal and Report.objects.filter(case_id=decision.case_id, reporter=user).exists():
        return AppealParty.REPORTER
    return None


def get_appeal_deadline(decision: Decision) -> datetime:
    """Return the last moment for an objection: 184 days after the notice, or the decision without one."""
    notice = decision.notices.order_by("created_at").first()
    return (notice.created_at if notice else decision.decided_at) + APPEAL_WINDOW

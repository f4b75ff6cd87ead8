"""The choices and state machines of moderation: one transition table and one function for each machine."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from django.db.models import IntegerChoices, TextChoices
from django.utils.translation import gettext_lazy as _

from core.errors import IllegalTransition

T = TypeVar("T", bound=str)


class SubmissionState(TextChoices):
    """State of a submitted version, before and after it is listed."""

    SUBMITTED = "submitted", _("Submitted")
    CHECKING = "checking", _("Being checked")
    IN_REVIEW = "in_review", _("In review")
    APPROVED = "approved", _("Approved")
    LIVE = "live", _("Live")
    SUPERSEDED = "superseded", _("Replaced by a newer version")
    CHANGES_REQUESTED = "changes_requested", _("Changes requested")
    REJECTED = "rejected", _("Rejected")
    WITHDRAWN = "withdrawn", _("Withdrawn")
    QUARANTINED = "quarantined", _("Quarantined")
    REMOVED = "removed", _("Removed")


# A GPT has at most one submission in these states.
OPEN_SUBMISSIONS = (SubmissionState.SUBMITTED, SubmissionState.CHECKING, SubmissionState.IN_REVIEW)
WAITING_FOR_CHECKS = (SubmissionState.SUBMITTED, SubmissionState.CHECKING)


class SubmissionAction(TextChoices):
    START_CHECKS = "start_checks"
    SEND_TO_REVIEW = "send_to_review"
    APPROVE = "approve"
    REQUEST_CHANGES = "request_changes"
    REJECT = "reject"
    WITHDRAW = "withdraw"
    GO_LIVE = "go_live"
    SUPERSEDE = "supersede"
    QUARANTINE = "quarantine"
    RESTORE = "restore"
    REMOVE = "remove"


class CheckOutcome(TextChoices):
    PASSED = "passed", _("Passed")
    FLAGGED = "flagged", _("Flagged")
    ERRORED = "errored", _("Could not run")


class CaseKind(TextChoices):
    PRE_LISTING = "pre_listing", _("Submission")
    REPORT = "report", _("Reports")
    APPEAL = "appeal", _("Appeal")
    PROACTIVE = "proactive", _("Own initiative")
    SECOND_APPROVAL = "second_approval", _("Second approval")


class SubjectType(TextChoices):
    VERSION = "version", _("Version")
    LISTING = "listing", _("Listing")
    BUILDER = "builder", _("Builder")
    RATING = "rating", _("Rating")
    CONVERSATION = "conversation", _("Shared conversation")


# In a case's note: many reports came at once.
BRIGADE_NOTE = "brigade"


class Queue(TextChoices):
    LISTINGS = "listings", _("Submissions")
    REPORTS = "reports", _("Reports")
    APPEALS = "appeals", _("Appeals")
    APPROVALS = "approvals", _("Second approvals")


QUEUE_BY_KIND: Mapping[str, Queue] = {
    CaseKind.PRE_LISTING: Queue.LISTINGS,
    CaseKind.REPORT: Queue.REPORTS,
    CaseKind.PROACTIVE: Queue.REPORTS,
    CaseKind.APPEAL: Queue.APPEALS,
    CaseKind.SECOND_APPROVAL: Queue.APPROVALS,
}


class Tier(IntegerChoices):
    """First criterion of the queue's order (QUEUE_ORDER in models/cases.py)."""

    CRITICAL = 0, _("Child safety or imminent harm")
    LEGAL = 1, _("Legal or trusted flagger")
    SECURITY = 2, _("Malware, phishing, theft of credentials")
    APPEAL_DUE = 3, _("Appeal near its due time")
    NORMAL = 4, _("Normal")


class CaseState(TextChoices):
    OPEN = "open", _("Being prepared")
    QUEUED = "queued", _("Waiting")
    CLAIMED = "claimed", _("Claimed")
    ESCALATED = "escalated", _("Escalated")
    DECIDED = "decided", _("Decided")
    AWAITING_SECOND = "awaiting_second", _("Waiting for a second person")
    CLOSED = "closed", _("Closed")


UNDECIDED_CASES = (CaseState.OPEN, CaseState.QUEUED, CaseState.CLAIMED, CaseState.ESCALATED)
WORKABLE_CASES = (CaseState.QUEUED, CaseState.CLAIMED, CaseState.ESCALATED)


class CaseAction(TextChoices):
    ENQUEUE = "enqueue"
    CLAIM = "claim"
    RELEASE = "release"
    EXPIRE = "expire"
    TAKE_OVER = "take_over"
    ESCALATE = "escalate"
    RESUME = "resume"
    DECIDE = "decide"
    HOLD = "hold"
    CONFIRM = "confirm"
    RETURN = "return"
    CLOSE = "close"
    WITHDRAW = "withdraw"
    REOPEN = "reopen"


class Outcome(TextChoices):
    APPROVE = "approve", _("Approve and publish")
    REQUEST_CHANGES = "request_changes", _("Ask for changes")
    REJECT = "reject", _("Reject")
    NO_VIOLATION = "no_violation", _("No violation")
    WARN = "warn", _("Warn the builder")
    DELIST = "delist", _("Take out of the store")
    QUARANTINE = "quarantine", _("Quarantine")
    SUSPEND_BUILDER = "suspend_builder", _("Suspend the builder")
    UPHOLD = "uphold", _("Uphold the decision")
    OVERTURN = "overturn", _("Overturn the decision")
    CONFIRM = "confirm", _("Confirm")
    SEND_BACK = "send_back", _("Send back")


NEGATIVE_OUTCOMES = (
    Outcome.REQUEST_CHANGES,
    Outcome.REJECT,
    Outcome.WARN,
    Outcome.DELIST,
    Outcome.QUARANTINE,
    Outcome.SUSPEND_BUILDER,
)
OUTCOMES_BY_KIND: Mapping[str, tuple[Outcome, ...]] = {
    CaseKind.PRE_LISTING: (Outcome.APPROVE, Outcome.REQUEST_CHANGES, Outcome.REJECT),
    CaseKind.REPORT: (
        Outcome.NO_VIOLATION, Outcome.WARN, Outcome.DELIST, Outcome.QUARANTINE, Outcome.SUSPEND_BUILDER,
    ),
    CaseKind.PROACTIVE: (
        Outcome.NO_VIOLATION, Outcome.WARN, Outcome.DELIST, Outcome.QUARANTINE, Outcome.SUSPEND_BUILDER,
    ),
    CaseKind.APPEAL: (Outcome.UPHOLD, Outcome.OVERTURN),
    CaseKind.SECOND_APPROVAL: (Outcome.CONFIRM, Outcome.SEND_BACK),
}  # fmt: skip


# Those that need a GPT.
OUTCOMES_ABOUT_GPT = (Outcome.DELIST, Outcome.QUARANTINE)


def list_outcomes(kind: str, *, has_gpt: bool) -> list[Outcome]:
    """Return the outcomes of a case of this kind; a case about a builder has none that acts on a GPT."""
    return [one for one in OUTCOMES_BY_KIND[kind] if has_gpt or one not in OUTCOMES_ABOUT_GPT]


class DecisionSource(TextChoices):
    AUTOMATION = "automation", _("Automated")
    MODERATOR = "moderator", _("Moderator")
    LEGAL = "legal", _("Legal order")
    WORKSPACE_ADMIN = "workspace_admin", _("Workspace admin")


class EnforcementKind(TextChoices):
    PUBLISH_VERSION = "publish_version", _("Publish the version")
    REJECT_VERSION = "reject_version", _("Refuse the version")
    DELIST = "delist", _("Take out of the store")
    QUARANTINE = "quarantine", _("Quarantine")
    WARN = "warn", _("Warning")
    SUSPEND_BUILDER = "suspend_builder", _("Suspend the builder")
    HOLD_PAYOUT = "hold_payout", _("Hold payouts")
    PROHIBIT_NAME = "prohibit_name", _("Prohibit the name")


class EnforcementState(TextChoices):
    PLANNED = "planned", _("Planned")
    HELD = "held", _("Held for a second person")
    EXECUTED = "executed", _("In force")
    FAILED = "failed", _("Failed")
    REVERSED = "reversed", _("Reversed")
    CANCELLED = "cancelled", _("Cancelled")


class EnforcementAction(TextChoices):
    HOLD = "hold"
    EXECUTE = "execute"
    FAIL = "fail"
    REVERSE = "reverse"
    CANCEL = "cancel"


class ReportCategory(TextChoices):
    """What a reporter can say is wrong. TIER_BY_CATEGORY lists the urgent ones."""

    CHILD_SAFETY = "child_safety", _("Sexual content about children")
    IMMINENT_HARM = "imminent_harm", _("Danger to life, self-harm, violence")
    ILLEGAL = "illegal", _("Something else that is illegal")
    MALWARE = "malware", _("Malware, phishing or theft of data")
    IMPERSONATION = "impersonation", _("Pretends to be somebody else")
    COPYRIGHT = "copyright", _("Uses my work or brand without permission")
    COPY = "copy", _("A copy of another GPT")
    PRIVACY = "privacy", _("Collects or reveals personal data")
    HATE = "hate", _("Hate or harassment")
    SEXUAL = "sexual", _("Sexual content")
    MISLEADING = "misleading", _("Misleading or fraud")
    SPAM = "spam", _("Spam or broken")


TIER_BY_CATEGORY: Mapping[str, Tier] = {
    ReportCategory.CHILD_SAFETY: Tier.CRITICAL,
    ReportCategory.IMMINENT_HARM: Tier.CRITICAL,
    ReportCategory.ILLEGAL: Tier.LEGAL,
    ReportCategory.COPYRIGHT: Tier.LEGAL,
    ReportCategory.MALWARE: Tier.SECURITY,
}


# Their cases are in the restricted lane.
RESTRICTED_CATEGORIES = (ReportCategory.CHILD_SAFETY,)


class ReportSource(TextChoices):
    USER = "user", _("Signed-in person")
    VISITOR = "visitor", _("Visitor")
    TRUSTED_FLAGGER = "trusted_flagger", _("Trusted flagger")
    SYSTEM = "system", _("Automated")


class ReportState(TextChoices):
    RECEIVED = "received", _("Received")
    ATTACHED = "attached", _("Being looked at")
    ANSWERED = "answered", _("Answered")
    INVALID = "invalid", _("Not valid")


class ReportAction(TextChoices):
    ATTACH = "attach"
    ANSWER = "answer"
    INVALIDATE = "invalidate"


class NoticeKind(TextChoices):
    RECEIPT = "receipt", _("Receipt")
    STATEMENT_OF_REASONS = "statement_of_reasons", _("Statement of reasons")
    APPROVAL = "approval", _("Approval")
    OUTCOME = "outcome", _("Outcome for the reporter")
    WARNING = "warning", _("Warning")


class DeliveryState(TextChoices):
    WAITING = "waiting", _("Waiting to be sent")
    SENT = "sent", _("Sent")
    FAILED = "failed", _("Could not be sent")


class AppealParty(TextChoices):
    OWNER = "owner", _("Owner")
    REPORTER = "reporter", _("Reporter")


class AppealState(TextChoices):
    FILED = "filed", _("Filed")
    UPHELD = "upheld", _("Decision upheld")
    OVERTURNED = "overturned", _("Decision overturned")
    PARTLY = "partly", _("Partly overturned")


class AppealAction(TextChoices):
    UPHOLD = "uphold"
    OVERTURN = "overturn"
    OVERTURN_PARTLY = "overturn_partly"


class BuilderState(TextChoices):
    NORMAL = "normal", _("In good standing")
    WARNED = "warned", _("Warned")
    RESTRICTED = "restricted", _("Restricted")
    SUSPENDED = "suspended", _("Suspended")


class BuilderAction(TextChoices):
    WARN = "warn"
    RESTRICT = "restrict"
    SUSPEND = "suspend"
    REINSTATE = "reinstate"


_S, _SA = SubmissionState, SubmissionAction
SUBMISSION_MOVES: Mapping[tuple[str, str], SubmissionState] = {
    (_S.SUBMITTED, _SA.START_CHECKS): _S.CHECKING,
    (_S.CHECKING, _SA.SEND_TO_REVIEW): _S.IN_REVIEW,
    (_S.IN_REVIEW, _SA.APPROVE): _S.APPROVED,
    (_S.IN_REVIEW, _SA.REQUEST_CHANGES): _S.CHANGES_REQUESTED,
    (_S.IN_REVIEW, _SA.REJECT): _S.REJECTED,
    (_S.SUBMITTED, _SA.WITHDRAW): _S.WITHDRAWN,
    (_S.CHECKING, _SA.WITHDRAW): _S.WITHDRAWN,
    (_S.IN_REVIEW, _SA.WITHDRAW): _S.WITHDRAWN,
    (_S.APPROVED, _SA.GO_LIVE): _S.LIVE,
    (_S.LIVE, _SA.SUPERSEDE): _S.SUPERSEDED,
    (_S.APPROVED, _SA.QUARANTINE): _S.QUARANTINED,
    (_S.LIVE, _SA.QUARANTINE): _S.QUARANTINED,
    (_S.QUARANTINED, _SA.RESTORE): _S.LIVE,
    (_S.QUARANTINED, _SA.REMOVE): _S.REMOVED,
    (_S.LIVE, _SA.REMOVE): _S.REMOVED,
    (_S.REMOVED, _SA.RESTORE): _S.LIVE,
    (_S.REJECTED, _SA.RESTORE): _S.APPROVED,
    (_S.CHANGES_REQUESTED, _SA.RESTORE): _S.APPROVED,
}

_C, _CA = CaseState, CaseAction
CASE_MOVES: Mapping[tuple[str, str], CaseState] = {
    (_C.OPEN, _CA.ENQUEUE): _C.QUEUED,
    (_C.QUEUED, _CA.CLAIM): _C.CLAIMED,
    (_C.ESCALATED, _CA.CLAIM): _C.CLAIMED,
    (_C.CLAIMED, _CA.RELEASE): _C.QUEUED,
    (_C.CLAIMED, _CA.EXPIRE): _C.QUEUED,
    (_C.CLAIMED, _CA.TAKE_OVER): _C.CLAIMED,
    (_C.QUEUED, _CA.ESCALATE): _C.ESCALATED,
    (_C.CLAIMED, _CA.ESCALATE): _C.ESCALATED,
    (_C.ESCALATED, _CA.RESUME): _C.QUEUED,
    (_C.CLAIMED, _CA.DECIDE): _C.DECIDED,
    (_C.DECIDED, _CA.HOLD): _C.AWAITING_SECOND,
    (_C.AWAITING_SECOND, _CA.CONFIRM): _C.DECIDED,
    (_C.AWAITING_SECOND, _CA.RETURN): _C.QUEUED,
    (_C.DECIDED, _CA.CLOSE): _C.CLOSED,
    (_C.OPEN, _CA.WITHDRAW): _C.CLOSED,
    (_C.QUEUED, _CA.WITHDRAW): _C.CLOSED,
    (_C.CLAIMED, _CA.WITHDRAW): _C.CLOSED,
    (_C.ESCALATED, _CA.WITHDRAW): _C.CLOSED,
    (_C.CLOSED, _CA.REOPEN): _C.QUEUED,
}

_E, _EA = EnforcementState, EnforcementAction
ENFORCEMENT_MOVES: Mapping[tuple[str, str], EnforcementState] = {
    (_E.PLANNED, _EA.HOLD): _E.HELD,
    (_E.PLANNED, _EA.EXECUTE): _E.EXECUTED,
    (_E.HELD, _EA.EXECUTE): _E.EXECUTED,
    (_E.FAILED, _EA.EXECUTE): _E.EXECUTED,
    (_E.PLANNED, _EA.FAIL): _E.FAILED,
    (_E.HELD, _EA.FAIL): _E.FAILED,
    (_E.FAILED, _EA.FAIL): _E.FAILED,
    (_E.HELD, _EA.CANCEL): _E.CANCELLED,
    (_E.FAILED, _EA.CANCEL): _E.CANCELLED,
    (_E.EXECUTED, _EA.REVERSE): _E.REVERSED,
}

REPORT_MOVES: Mapping[tuple[str, str], ReportState] = {
    (ReportState.RECEIVED, ReportAction.ATTACH): ReportState.ATTACHED,
    (ReportState.RECEIVED, ReportAction.INVALIDATE): ReportState.INVALID,
    (ReportState.ATTACHED, ReportAction.ANSWER): ReportState.ANSWERED,
    (ReportState.ATTACHED, ReportAction.INVALIDATE): ReportState.INVALID,
}

APPEAL_MOVES: Mapping[tuple[str, str], AppealState] = {
    (AppealState.FILED, AppealAction.UPHOLD): AppealState.UPHELD,
    (AppealState.FILED, AppealAction.OVERTURN): AppealState.OVERTURNED,
    (AppealState.FILED, AppealAction.OVERTURN_PARTLY): AppealState.PARTLY,
}

_B, _BA = BuilderState, BuilderAction
BUILDER_MOVES: Mapping[tuple[str, str], BuilderState] = {
    (_B.NORMAL, _BA.WARN): _B.WARNED,
    (_B.WARNED, _BA.WARN): _B.WARNED,
    (_B.RESTRICTED, _BA.WARN): _B.RESTRICTED,
    (_B.WARNED, _BA.RESTRICT): _B.RESTRICTED,
    (_B.NORMAL, _BA.SUSPEND): _B.SUSPENDED,
    (_B.WARNED, _BA.SUSPEND): _B.SUSPENDED,
    (_B.RESTRICTED, _BA.SUSPEND): _B.SUSPENDED,
    (_B.WARNED, _BA.REINSTATE): _B.NORMAL,
    (_B.RESTRICTED, _BA.REINSTATE): _B.NORMAL,
    (_B.SUSPENDED, _BA.REINSTATE): _B.NORMAL,
}


def _apply_move(moves: Mapping[tuple[str, str], T], machine: str, state: str, action: str) -> T:
    target = moves.get((state, action))
    if target is None:
        raise IllegalTransition(
            _("This step is not possible any more. Reload the page to see what has changed."),
            code=f"{machine}_transition",
            data={"state": str(state), "action": str(action)},
        )
    return target


def move_submission(state: str, action: SubmissionAction) -> SubmissionState:
    return _apply_move(SUBMISSION_MOVES, "submission", state, action)


def move_case(state: str, action: CaseAction) -> CaseState:
    return _apply_move(CASE_MOVES, "case", state, action)


def move_enforcement(state: str, action: EnforcementAction) -> EnforcementState:
    return _apply_move(ENFORCEMENT_MOVES, "enforcement", state, action)


def move_report(state: str, action: ReportAction) -> ReportState:
    return _apply_move(REPORT_MOVES, "report", state, action)


def move_appeal(state: str, action: AppealAction) -> AppealState:
    return _apply_move(APPEAL_MOVES, "appeal", state, action)


def move_builder(state: str, action: BuilderAction) -> BuilderState:
    return _apply_move(BUILDER_MOVES, "builder", state, action)

"""The choices of this app, and the allowed transitions between states."""

from __future__ import annotations

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from core.errors import IllegalTransition


class Rule(TextChoices):
    """How a month's money is divided. Part of a rate card."""

    FIXED_RATE = "fixed_rate", _("Fixed rate per use")
    PRO_RATA_POOL = "pro_rata_pool", _("A monthly pool, divided by use")


class Unit(TextChoices):
    CONVERSATION = "conversation", _("Qualified conversation")
    MESSAGE = "message", _("Qualified answer")
    TOKENS = "1k_tokens", _("1,000 output tokens")


class PeriodState(TextChoices):
    OPEN = "open", pgettext_lazy("month", "Open")
    GRACE = "grace", _("Waiting for late usage")
    CALCULATING = "calculating", _("Calculating")
    REVIEW = "review", pgettext_lazy("month", "In review")
    CLOSED = "closed", pgettext_lazy("month", "Closed")


class RunState(TextChoices):
    CALCULATING = "calculating", _("Calculating")
    REVIEW = "review", pgettext_lazy("month", "In review")
    APPROVED = "approved", _("Approved")
    REJECTED = "rejected", _("Rejected")


UNDECIDED_RUN_STATES = (RunState.CALCULATING, RunState.REVIEW)


class Verdict(TextChoices):
    """Why a usage event is paid or not, in order of precedence."""

    VOID = "void", _("Voided")
    QUARANTINED = "quarantined", _("Arrived too late")
    FRAUD = "fraud", _("Excluded after an investigation")
    SELF_USE = "self_use", _("Own use")
    AFFILIATED = "affiliated", _("Same workspace")
    STAFF = "staff", _("Staff and monitoring")
    AUTOMATION = "automation", _("Automated pattern")
    REGENERATION = "regeneration", _("Same question again")
    TOO_SHORT = "too_short", _("Answer too short")
    FREE_USER = "free_user", _("Free use")
    CAPPED = "capped", _("Above the cap")
    QUALIFIED = "qualified", pgettext_lazy("use", "Paid")


# Verdicts on facts that can change later. They are stored when the rollup first sees the event.
FROZEN_VERDICTS = (Verdict.AFFILIATED, Verdict.STAFF)
# Verdicts that finance staff give to a single event.
MANUAL_VERDICTS = (Verdict.FRAUD,)


class EntryKind(TextChoices):
    FUND = "fund", _("Pool funded")
    ALLOCATE = "alloc", _("Earnings allocated")
    RELEASE = "release", _("Hold elapsed")
    ITEM = "item", _("Payout approved")
    BANK = "bank", _("Paid by the bank")
    REJECT = "reject", _("Payout rejected")
    RETURN = "return", _("Payout returned")
    LATE = "late", _("Late usage")
    REVERSAL = "reversal", _("Reversal")


class PayoutMethod(TextChoices):
    MANUAL = "manual", _("By arrangement with finance")
    IBAN = "iban", _("Bank account (IBAN)")


class BatchState(TextChoices):
    DRAFT = "draft", _("Draft")
    APPROVED = "approved", _("Approved")
    EXPORTED = "exported", _("Exported")
    ACCEPTED = "accepted", _("Accepted by the bank")
    REJECTED = "rejected", _("Rejected by the bank")
    SETTLED = "settled", _("Settled")
    CANCELLED = "cancelled", _("Cancelled")


class PayoutState(TextChoices):
    QUEUED = "queued", _("Proposed")
    IN_BATCH = "in_batch", _("Approved")
    EXPORTED = "exported", _("Sent to the bank")
    PAID = "paid", _("Paid")
    FAILED = "failed", _("Failed")
    RETURNED = "returned", _("Returned")
    CANCELLED = "cancelled", _("Cancelled")


# A payee with such a payout is not proposed again.
OPEN_PAYOUT_STATES = (PayoutState.QUEUED, PayoutState.IN_BATCH, PayoutState.EXPORTED)
# Final states in which no money was paid.
ENDED_UNPAID = (PayoutState.FAILED, PayoutState.CANCELLED)
# Batches of which nothing was paid: their sums say what they would have paid.
UNPAID_BATCHES = (BatchState.REJECTED, BatchState.CANCELLED)

TRANSITIONS: dict[type[TextChoices], dict[str, tuple[str, ...]]] = {
    PeriodState: {
        PeriodState.OPEN: (PeriodState.GRACE,),
        PeriodState.GRACE: (PeriodState.CALCULATING,),
        # Back to GRACE when a person breaks off a calculation that does not end.
        PeriodState.CALCULATING: (PeriodState.REVIEW, PeriodState.GRACE),
        PeriodState.REVIEW: (PeriodState.CALCULATING, PeriodState.CLOSED),
        PeriodState.CLOSED: (),
    },
    BatchState: {
        BatchState.DRAFT: (BatchState.APPROVED, BatchState.CANCELLED),
        BatchState.APPROVED: (BatchState.EXPORTED, BatchState.CANCELLED),
        BatchState.EXPORTED: (BatchState.ACCEPTED, BatchState.REJECTED, BatchState.SETTLED),
        BatchState.ACCEPTED: (BatchState.SETTLED,),
        BatchState.REJECTED: (),
        BatchState.SETTLED: (),
        BatchState.CANCELLED: (),
    },
    PayoutState: {
        PayoutState.QUEUED: (PayoutState.IN_BATCH, PayoutState.CANCELLED),
        PayoutState.IN_BATCH: (PayoutState.EXPORTED, PayoutState.FAILED, PayoutState.CANCELLED),
        PayoutState.EXPORTED: (PayoutState.PAID, PayoutState.FAILED),
        PayoutState.PAID: (PayoutState.RETURNED,),
        PayoutState.FAILED: (),
        PayoutState.RETURNED: (),
        PayoutState.CANCELLED: (),
    },
}


def check_transition(before: TextChoices | str, after: TextChoices) -> None:
    """Raise IllegalTransition unless TRANSITIONS allows ``after`` as the next state of ``before``."""
    kind = type(after)
    before = kind(before)
    if after not in TRANSITIONS[kind][before]:
        raise IllegalTransition(
            _("This is “%(before)s” now, so it cannot become “%(after)s”. Load the page again.")
            % {"before": before.label, "after": after.label},
            code="transition_illegal",
            data={"before": before.value, "after": after.value},
        )

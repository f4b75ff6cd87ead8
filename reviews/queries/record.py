"""What moderation knows of one GPT, counted for companies that decide about it: no names, no words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from core.min_group import MIN_GROUP
from gpts.assistants.models import GPT, Version
from reviews.models import Decision, Enforcement, Report
from reviews.scope import open_moderation_scope
from reviews.states import EnforcementKind, EnforcementState, Outcome, ReportState

# Measures that were taken against what was in the store; refused drafts stay between builder and moderation.
SHOWN_KINDS = (EnforcementKind.DELIST, EnforcementKind.QUARANTINE, EnforcementKind.WARN)
SHOWN_STATES = (EnforcementState.EXECUTED, EnforcementState.REVERSED)
MEASURES = 20


@dataclass(frozen=True)
class Measure:
    """One measure of moderation: an EnforcementKind, when it was decided, and whether it was taken back."""

    kind: str
    decided_at: datetime
    is_reversed: bool


@dataclass(frozen=True)
class ModerationRecord:
    """``reports`` counts those of accounts that moderation answered: 0, or None while fewer than MIN_GROUP
    people sent some. Others, which anybody can make up, say nothing yet.

    ``approved_at`` is when moderation approved exactly this content for the store.
    """

    reports: int | None
    approved_at: datetime | None
    measures: tuple[Measure, ...]


def read_moderation_record(gpt: GPT, version: Version) -> ModerationRecord:
    """Return the record of a GPT of the store, without the restricted lane. Three queries."""
    with open_moderation_scope():
        reports = Report.objects.filter(
            case__gpt=gpt,
            case__is_restricted=False,
            state=ReportState.ANSWERED,
            reporter__isnull=False,
        )
        people = list(reports.values_list("reporter_id", flat=True))
        approved = (
            Decision.objects.filter(
                case__gpt=gpt,
                case__is_restricted=False,
                outcome=Outcome.APPROVE,
                content_hash=version.content_hash,
            )
            .order_by("-decided_at")
            .values_list("decided_at", flat=True)
            .first()
        )
        rows = Enforcement.objects.filter(
            gpt=gpt,
            kind__in=SHOWN_KINDS,
            state__in=SHOWN_STATES,
            decision__case__is_restricted=False,
        ).order_by("-decision__decided_at", "-id")
        measures = tuple(
            Measure(kind, decided_at, state == EnforcementState.REVERSED)
            for kind, decided_at, state in rows.values_list("kind", "decision__decided_at", "state")[
                :MEASURES
            ]
        )
    few = 0 < len(set(people)) < MIN_GROUP
    return ModerationRecord(None if few else len(people), approved, measures)

"""People say that something in the store is wrong."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.db.models import Sum
from django.utils.translation import gettext_lazy as _

from core.audit import record
from core.errors import Forbidden, InvalidInput
from core.text import clean_block, clean_line, skeleton
from marketplace.models import Listing
from reviews.models import Case, Report, Standing
from reviews.scope import moderation_scope
from reviews.services.cases import DUE_AFTER, open_case
from reviews.services.notices import send_receipt
from reviews.services.standing import NEW_ACCOUNT, report_weight
from reviews.services.throttle import count_report
from reviews.states import (
    TIER_OF_CATEGORY,
    CaseKind,
    ReportAction,
    ReportCategory,
    ReportSource,
    ReportState,
    SubjectType,
    Tier,
    move_report,
)

EXPLANATION_LENGTH = 4_000
RISK_WINDOW = timedelta(days=42)
# What accounts that are days old can add together, in thousandths of a report: a crowd is no argument.
MOST_FROM_NEW_ACCOUNTS = 2_000
BRIGADE_FROM = 20
BRIGADE_NOTE = "brigade"


@dataclass(frozen=True)
class ReportInput:
    """What the form or the API sent. Visitors give name and e-mail; ``address`` is their network address."""

    category: str
    explanation: str
    is_good_faith: bool
    locale: str
    address: str = ""
    subcategory: str = ""
    url: str = ""
    name: str = ""
    email: str = ""


@transaction.atomic
def file_report(*, listing: Listing, given: ReportInput, by: Any | None, at: datetime) -> Report:
    """Attach a report to the one open case about ``listing``, which it opens when there is none.

    The same reporter again while the case is open gets the first report back. Writes report, case,
    receipt and audit event. Raises InvalidInput, RateLimited (20 a day, 5 a minute, for each person and
    each address), Forbidden while the person's reporting is suspended.
    """
    reporter = by if by is not None and by.is_authenticated else None
    values = _cleaned(given, needs_contact=reporter is None)
    standing = None if reporter is None else Standing.objects.filter(user=reporter).first()
    if standing and standing.reporting_suspended_until and standing.reporting_suspended_until > at:
        raise Forbidden(
            _("Your reports are paused after many that did not hold up. You can report again later."),
            code="reporting_suspended",
        )
    address_hash = count_report(reporter, given.address)
    with moderation_scope():
        case, is_new = open_case(
            kind=CaseKind.REPORT,
            subject_type=SubjectType.LISTING,
            subject_id=str(listing.pk),
            at=at,
            tier=TIER_OF_CATEGORY.get(values["category"], Tier.NORMAL),
            gpt=listing.gpt,
            builder=listing.publisher,
        )
        if known := _already(case, reporter, values["reporter_email"]):
            return known
        source = ReportSource.VISITOR if reporter is None else ReportSource.USER
        if standing is not None and standing.is_trusted_flagger:
            source = ReportSource.TRUSTED_FLAGGER
        report = Report.objects.create(
            case=case,
            reporter=reporter,
            source=source,
            evidence=evidence_of(listing, at=at),
            weight=report_weight(reporter, at=at),
            state=move_report(ReportState.RECEIVED, ReportAction.ATTACH),
            address_hash=address_hash,
            created_at=at,
            **values,
        )
        _weigh(case, report, is_new=is_new, at=at)
        send_receipt(report, listing_name=listing.name, at=at)
        record(
            action="reviews.report_filed",
            by=reporter,
            at=at,
            subject=report,
            data={"category": report.category},
        )
    return report


def _cleaned(given: ReportInput, *, needs_contact: bool) -> dict[str, Any]:
    if given.category not in ReportCategory.values:
        raise InvalidInput(_("Choose what is wrong."), code="category_unknown", field="category")
    explanation = clean_block(given.explanation, max_length=EXPLANATION_LENGTH, field="explanation")
    if not given.is_good_faith:
        raise InvalidInput(
            _("Confirm that what you say is true as far as you know."),
            code="good_faith",
            field="is_good_faith",
        )
    name, email = "", ""
    if needs_contact:
        name = clean_line(given.name, max_length=80, field="name")
        email = clean_line(given.email, max_length=254, field="email").lower()
        try:
            validate_email(email)
        except ValidationError as error:
            raise InvalidInput(
                _("Write an e-mail address, for example you@example.org."),
                code="email_invalid",
                field="email",
            ) from error
    return {
        "category": given.category,
        "subcategory": clean_line(given.subcategory, max_length=60, field="subcategory", required=False),
        "explanation": explanation,
        "url": clean_line(given.url, max_length=300, field="url", required=False),
        "is_good_faith": True,
        "locale": given.locale[:10],
        "reporter_name": name,
        "reporter_email": email,
        "text_hash": hashlib.sha256(skeleton(explanation).encode()).hexdigest(),
    }


def _already(case: Case, reporter: Any | None, email: str) -> Report | None:
    mine = {"reporter": reporter} if reporter is not None else {"reporter": None, "reporter_email": email}
    return Report.objects.filter(case=case, **mine).first()


def evidence_of(listing: Listing, *, at: datetime) -> dict[str, Any]:
    """Freeze what everybody could see of the listing at this moment."""
    return {
        "at": at.isoformat(),
        "name": listing.name,
        "description": listing.description,
        "starters": list(listing.starters),
        "category": listing.category,
        "icon": listing.icon,
        "builder": listing.builder_name,
        "version": listing.version_number,
        "content_hash": listing.version.content_hash,
        "state": listing.state,
    }


def _weigh(case: Case, report: Report, *, is_new: bool, at: datetime) -> None:
    """Raise tier and risk, and mark a crowd. Moderators' pages go stale only when the category is new."""
    tier = TIER_OF_CATEGORY.get(report.category, Tier.NORMAL)
    if report.source == ReportSource.TRUSTED_FLAGGER:
        tier = min(tier, Tier.LEGAL)
    if tier < case.tier:
        case.tier = tier
        case.due_at = min(case.due_at, at + DUE_AFTER[tier])
    others = case.reports.exclude(pk=report.pk)
    if not is_new and not others.filter(category=report.category).exists():
        case.row_version += 1
    case.risk = report_risk(case, at=at)
    if BRIGADE_NOTE not in case.note and _is_brigade(case, report, at=at):
        case.note = f"{case.note}\n{BRIGADE_NOTE}".strip()
    case.save(update_fields=["tier", "due_at", "row_version", "risk", "note"])


def report_risk(case: Case, *, at: datetime) -> int:
    """Return 0 to 1,000: the weights of the last 42 days, a tenth each, those of new accounts capped."""
    recent = case.reports.filter(created_at__gt=at - RISK_WINDOW)
    young = recent.filter(reporter__created_at__gt=at - NEW_ACCOUNT)
    old_sum = recent.exclude(pk__in=young).aggregate(total=Sum("weight"))["total"] or 0
    young_sum = young.aggregate(total=Sum("weight"))["total"] or 0
    return int(min(1000, (old_sum + min(young_sum, MOST_FROM_NEW_ACCOUNTS)) // 10))


def _is_brigade(case: Case, report: Report, *, at: datetime) -> bool:
    """Many fresh accounts, or many with the same words, within a day."""
    today = case.reports.filter(created_at__gt=at - timedelta(days=1))
    fresh = today.filter(reporter__created_at__gt=at - NEW_ACCOUNT).count()
    return fresh >= BRIGADE_FROM or today.filter(text_hash=report.text_hash).count() >= BRIGADE_FROM

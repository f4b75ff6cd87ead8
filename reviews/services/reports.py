"""Reports: people say that a listing is wrong."""

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
from reviews.scope import open_moderation_scope
from reviews.services.cases import DUE_AFTER, get_or_open_case
from reviews.services.notices import write_receipt
from reviews.services.report_throttle import throttle_report
from reviews.services.standing import NEW_ACCOUNT, compute_report_weight
from reviews.states import (
    TIER_BY_CATEGORY,
    CaseKind,
    ReportAction,
    ReportCategory,
    ReportSource,
    ReportState,
    SubjectType,
    Tier,
    move_report,
)
from workspaces.models import User

EXPLANATION_LENGTH = 4_000
RISK_WINDOW = timedelta(days=42)
# Upper limit of the weight that all new accounts together can add, in thousandths of a report.
NEW_ACCOUNTS_MAX_WEIGHT = 2_000
BRIGADE_MIN_REPORTS = 20
BRIGADE_NOTE = "brigade"


@dataclass(frozen=True)
class ReportInput:
    """A report as sent by form or API. Visitors give name and e-mail; ``address`` is the network address."""

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
def file_report(*, listing: Listing, given: ReportInput, by: User | None, at: datetime) -> Report:
    """Attach a report to the one open case about ``listing``, opening it when there is none.

    A second report by the same reporter to an open case returns the first one. Writes report, case, receipt
    and audit event. Raises InvalidInput, RateLimited (20 a day, 5 a minute, for each person and address),
    Forbidden while the person's reporting is suspended.
    """
    values = _clean_report(given, needs_contact=by is None)
    standing = None if by is None else Standing.objects.filter(user=by).first()
    if standing and standing.reporting_suspended_until and standing.reporting_suspended_until > at:
        raise Forbidden(
            _("Your reports are paused after many that did not hold up. You can report again later."),
            code="reporting_suspended",
        )
    address_hash = throttle_report(by, given.address)
    with open_moderation_scope():
        case, is_new = get_or_open_case(
            kind=CaseKind.REPORT,
            subject_type=SubjectType.LISTING,
            subject_id=str(listing.pk),
            at=at,
            tier=TIER_BY_CATEGORY.get(values["category"], Tier.NORMAL),
            gpt=listing.gpt,
            builder=listing.publisher,
        )
        if earlier := _get_earlier_report(case, by, values["reporter_email"]):
            return earlier
        source = ReportSource.VISITOR if by is None else ReportSource.USER
        if standing is not None and standing.is_trusted_flagger:
            source = ReportSource.TRUSTED_FLAGGER
        report = Report.objects.create(
            case=case,
            reporter=by,
            source=source,
            evidence=build_evidence(listing, at=at),
            weight=compute_report_weight(by, at=at),
            state=move_report(ReportState.RECEIVED, ReportAction.ATTACH),
            address_hash=address_hash,
            created_at=at,
            **values,
        )
        _raise_priority(case, report, is_new=is_new, at=at)
        write_receipt(report, listing_name=listing.name, at=at)
        record(
            action="reviews.report_filed",
            by=by,
            at=at,
            subject=report,
            data={"category": report.category},
            is_automated=False,  # a visitor has no name, but is no machine
        )
    return report


def _clean_report(given: ReportInput, *, needs_contact: bool) -> dict[str, Any]:
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


def _get_earlier_report(case: Case, reporter: User | None, email: str) -> Report | None:
    by_same = {"reporter": reporter} if reporter is not None else {"reporter": None, "reporter_email": email}
    return Report.objects.filter(case=case, **by_same).first()


def build_evidence(listing: Listing, *, at: datetime) -> dict[str, Any]:
    """Return a snapshot of the listing's public facts."""
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


def _raise_priority(case: Case, report: Report, *, is_new: bool, at: datetime) -> None:
    """Raise the case's tier and risk, and mark brigading.

    Only a new category raises ``row_version``, which makes moderators reload their page.
    """
    tier = TIER_BY_CATEGORY.get(report.category, Tier.NORMAL)
    if report.source == ReportSource.TRUSTED_FLAGGER:
        tier = min(tier, Tier.LEGAL)
    if tier < case.tier:
        case.tier = tier
        case.due_at = min(case.due_at, at + DUE_AFTER[tier])
    others = case.reports.exclude(pk=report.pk)
    if not is_new and not others.filter(category=report.category).exists():
        case.row_version += 1
    case.risk = compute_report_risk(case, at=at)
    if BRIGADE_NOTE not in case.note and _is_brigade(case, report, at=at):
        case.note = f"{case.note}\n{BRIGADE_NOTE}".strip()
    case.save(update_fields=["tier", "due_at", "row_version", "risk", "note"])


def compute_report_risk(case: Case, *, at: datetime) -> int:
    """Return 0 to 1,000: a tenth of the weights of the last 42 days, those of new accounts capped."""
    recent = case.reports.filter(created_at__gt=at - RISK_WINDOW)
    young = recent.filter(reporter__created_at__gt=at - NEW_ACCOUNT)
    old_sum = recent.exclude(pk__in=young).aggregate(total=Sum("weight"))["total"] or 0
    young_sum = young.aggregate(total=Sum("weight"))["total"] or 0
    return int(min(1000, (old_sum + min(young_sum, NEW_ACCOUNTS_MAX_WEIGHT)) // 10))


def _is_brigade(case: Case, report: Report, *, at: datetime) -> bool:
    """Return whether many new accounts, or many reports with the same words, came within a day."""
    today = case.reports.filter(created_at__gt=at - timedelta(days=1))
    fresh = today.filter(reporter__created_at__gt=at - NEW_ACCOUNT).count()
    return (
        fresh >= BRIGADE_MIN_REPORTS
        or today.filter(text_hash=report.text_hash).count() >= BRIGADE_MIN_REPORTS
    )

"""Notices: receipts, statements of reasons, outcomes. Stored as sent; e-mailed after commit."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.cache import cache
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import gettext as _

from core.jobs import enqueue_on_commit
from core.links import absolute_url
from marketplace.access import get_own_profile
from reviews.models import Appeal, Case, Decision, Notice, Report
from reviews.notice_mails import build_notice_mail
from reviews.queries.policies import get_cited_policies
from reviews.scope import open_moderation_scope
from reviews.services.standing import record_report_outcomes
from reviews.states import (
    NEGATIVE_OUTCOMES,
    AppealParty,
    DecisionSource,
    DeliveryState,
    NoticeKind,
    Outcome,
    ReportAction,
    ReportState,
    move_report,
)
from workspaces.models import User
from workspaces.services.mails import build_message
from workspaces.services.notifications import notify

# Longer than sending one mail takes.
CLAIM_SECONDS = 120
RULES_PATH = "/rules"


def _get_language(user: User) -> str:
    return user.language or settings.LANGUAGE_CODE


def write_decision_notices(case: Case, decision: Decision, *, at: datetime) -> None:
    """Write the author's statement and the reporters' answers, once the decision is in force."""
    with open_moderation_scope():
        if case.builder is not None and decision.outcome != Outcome.NO_VIOLATION:
            write_author_notice(case, decision, at=at)
        answer_reports(case, decision, at=at)


def write_author_notice(case: Case, decision: Decision, *, at: datetime) -> Notice:
    """Write the statement of reasons (or the approval) in the author's language."""
    author = case.builder
    assert author is not None
    is_negative = decision.outcome in NEGATIVE_OUTCOMES
    name = _get_subject_name(case)
    with translation.override(_get_language(author)):
        subject = _("“%(name)s”: %(outcome)s") % {"name": name, "outcome": describe_outcome(decision.outcome)}
        facts = build_statement_facts(case, decision, name=name)
        template = "statement" if is_negative else "approval"
        body = render_to_string(
            f"reviews/notices/{template}.txt",
            {
                "person": author,
                "facts": facts,
                "url": _build_decision_url(decision),
                "rules_url": absolute_url(RULES_PATH),
                "profile_url": _build_profile_url(author),
            },
        )
    return _create_notice(
        kind=NoticeKind.STATEMENT_OF_REASONS if is_negative else NoticeKind.APPROVAL,
        case=case,
        decision=decision,
        recipient=author,
        language=_get_language(author),
        subject=subject,
        body=body,
        facts=facts,
        path=f"/reviews/decisions/{decision.pk}",
        at=at,
    )


def describe_outcome(outcome: str) -> str:
    """Return the outcome in words for the builder, in the active language."""
    return {
        Outcome.APPROVE: _("approved and listed"),
        Outcome.REQUEST_CHANGES: _("changes requested"),
        Outcome.REJECT: _("not listed"),
        Outcome.WARN: _("a warning"),
        Outcome.DELIST: _("taken out of the store"),
        Outcome.QUARANTINE: _("quarantined"),
        Outcome.SUSPEND_BUILDER: _("your builder account is suspended"),
    }.get(Outcome(outcome), str(Outcome(outcome).label))


def _describe_consequence(outcome: str) -> str:
    """Return the outcome in words for a reporter, who is not the builder."""
    if outcome == Outcome.SUSPEND_BUILDER:
        return _("the builder's account is suspended")
    return describe_outcome(outcome)


def build_statement_facts(case: Case, decision: Decision, *, name: str) -> dict[str, Any]:
    """Return the fields that article 17 of the Digital Services Act asks for, in the active language.

    They never name a reporter.
    """
    from_report = case.reports.exists()
    return {
        "subject": name,
        "version": case.submission.version.number if case.submission else None,
        "content_hash": decision.content_hash,
        "restriction": describe_outcome(decision.outcome),
        "scope": _("Everywhere on this store"),
        "duration": _("Until a new version is approved or the decision is overturned"),
        "circumstances": decision.reasoning,
        "source": _("People reported it") if from_report else _("The review that every submission passes"),
        "automated_detection": case.submission is not None,
        "automated_decision": decision.source == DecisionSource.AUTOMATION,
        "policies": [
            {"code": policy.policy.code, "number": policy.number, "title": policy.title, "text": policy.text}
            for policy in get_cited_policies(decision)
        ],
        "redress": _(
            "You can object within 184 days; somebody else will judge it. You can also go to court."
        ),
        "decided_at": decision.decided_at.isoformat(),
    }


def write_receipt(report: Report, *, listing_name: str, at: datetime) -> Notice:
    """Write the reporter's receipt, in the language of the report."""
    with translation.override(report.locale):
        subject = _("We received your report about “%(name)s”") % {"name": listing_name}
        body = render_to_string(
            "reviews/notices/receipt.txt",
            {"report": report, "name": listing_name, "url": _build_report_url(report)},
        )
    return _create_notice(
        kind=NoticeKind.RECEIPT,
        case=report.case,
        report=report,
        recipient=report.reporter,
        email=report.reporter_email,
        language=report.locale,
        subject=subject,
        body=body,
        path=_get_report_path(report),
        at=at,
    )


def answer_reports(case: Case, decision: Decision, *, at: datetime) -> None:
    """Write the outcome to every reporter and count it in their records."""
    reports = list(
        case.reports.select_for_update(of=("self",))
        .filter(state=ReportState.ATTACHED)
        .select_related("reporter")
        .order_by("id")
    )
    if not reports:
        return
    name = _get_subject_name(case)
    is_negative = decision.outcome in NEGATIVE_OUTCOMES
    for report in reports:
        report.state = move_report(report.state, ReportAction.ANSWER)
        report.save(update_fields=["state"])
        with translation.override(report.locale):
            subject = _("Your report about “%(name)s” has been decided") % {"name": name}
            body = render_to_string(
                "reviews/notices/outcome.txt",
                {"report": report, "name": name, "is_negative": is_negative,
                 "outcome": _describe_consequence(decision.outcome),
                 "rules_url": absolute_url(RULES_PATH), "url": _build_report_url(report)},
            )  # fmt: skip
        _create_notice(
            kind=NoticeKind.OUTCOME,
            case=case,
            decision=decision,
            report=report,
            recipient=report.reporter,
            email=report.reporter_email,
            language=report.locale,
            subject=subject,
            body=body,
            path=_get_report_path(report),
            at=at,
        )
    record_report_outcomes(reports, upheld=is_negative, at=at)


def write_appellant_notice(appeal: Appeal, decision: Decision, *, at: datetime) -> Notice:
    """Write the outcome of an appeal to the person who filed it."""
    person = appeal.appellant
    name = _get_subject_name(appeal.case)
    overturned = decision.outcome == Outcome.OVERTURN
    path = _get_appeal_path(appeal)
    with translation.override(_get_language(person)), open_moderation_scope():
        subject = _("Your objection about “%(name)s” has been decided") % {"name": name}
        body = render_to_string(
            "reviews/notices/appeal.txt",
            {"person": person, "name": name, "overturned": overturned, "reasoning": decision.reasoning,
             "url": absolute_url(path) if path else ""},
        )  # fmt: skip
        return _create_notice(
            kind=NoticeKind.OUTCOME,
            case=appeal.case,
            decision=decision,
            recipient=person,
            language=_get_language(person),
            subject=subject,
            body=body,
            path=path,
            at=at,
        )


def _create_notice(
    *, case: Case, recipient: User | None, at: datetime, email: str = "", path: str = "", **fields: Any
) -> Notice:
    notice = Notice.objects.create(
        case=case,
        recipient=recipient,
        email=recipient.email if recipient is not None else email,
        created_at=at,
        **fields,
    )
    if recipient is not None:
        notify(
            user=recipient,
            kind=f"reviews.{notice.kind}",
            title=notice.subject,
            # The page says all that the mail says, and better; without one the mail's text is all there is.
            body="" if path else notice.body,
            url=path,
            at=at,
        )
    enqueue_on_commit("reviews.deliver_notice", notice_id=str(notice.pk))
    return notice


def _get_subject_name(case: Case) -> str:
    if case.submission is not None:
        return case.submission.version.name
    listing = getattr(case.gpt, "listing", None) if case.gpt else None
    if listing is not None:
        return str(listing.name)
    return str(case.gpt or case.builder)


def _get_report_path(report: Report) -> str:
    """Return the page of a report for its reporter; empty for a visitor, who cannot sign in to it."""
    return f"/reviews/reports/{report.pk}" if report.reporter_id is not None else ""


def _build_report_url(report: Report) -> str:
    path = _get_report_path(report)
    return absolute_url(path) if path else ""


def _get_appeal_path(appeal: Appeal) -> str:
    """Return the page of the decision for its builder, of the report for its reporter."""
    if appeal.party == AppealParty.OWNER:
        return f"/reviews/decisions/{appeal.decision_id}"
    report = Report.objects.filter(case_id=appeal.decision.case_id, reporter=appeal.appellant).first()
    return _get_report_path(report) if report is not None else ""


def _build_decision_url(decision: Decision) -> str:
    return absolute_url(f"/reviews/decisions/{decision.pk}")


def _build_profile_url(user: User) -> str:
    """Return the address of the person's public page, empty without one."""
    profile = get_own_profile(user)
    return absolute_url(f"/builders/{profile.handle}") if profile is not None else ""


def list_undelivered_notices(*, at: datetime) -> list[UUID]:
    """Return notices that their own job should have e-mailed by now. For the periodic job."""
    late = Notice.objects.filter(delivery=DeliveryState.WAITING, created_at__lt=at - timedelta(minutes=1))
    return list(late.order_by("created_at").values_list("pk", flat=True)[:200])


def send_notice(
    *, notice_id: UUID, at: datetime, step: Callable[[], AbstractContextManager[Any]] = nullcontext
) -> bool:
    """E-mail a waiting notice. Returns False when it was sent before; a mail server that is down raises.

    ``step`` opens the scope of each step: none is open while the mail server answers.
    """
    with step():
        notice = Notice.objects.select_related("decision").filter(pk=notice_id).first()
    # The claim ends by itself, so that a notice whose worker died is tried again.
    claim = f"reviews:sending-notice:{notice_id}"
    if notice is None or notice.delivery == DeliveryState.SENT or not cache.add(claim, 1, CLAIM_SECONDS):
        return False
    try:
        _send(notice)
        with step():
            Notice.objects.filter(pk=notice_id).update(delivery=DeliveryState.SENT, sent_at=at)
    finally:
        cache.delete(claim)
    return True


def _send(notice: Notice) -> None:
    host = settings.DEFAULT_FROM_EMAIL.rpartition("@")[2].rstrip(">")
    # The same id on every try, so that mail programs can drop duplicates.
    headers = {"Message-ID": f"<{notice.pk}@{host}>"}
    text = build_notice_mail(notice)
    with translation.override(notice.language):
        build_message(to=notice.email, text=text, headers=headers).send()

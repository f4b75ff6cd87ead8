"""Rows of moderation that no service writes in this form, and the input of a report."""

from __future__ import annotations

from datetime import UTC, datetime

import factory
from factory.django import DjangoModelFactory

from reviews.models import Appeal, Report
from reviews.services.reports import ReportInput

AT = datetime(2026, 3, 2, 9, tzinfo=UTC)


class ReportInputFactory(factory.Factory[ReportInput]):
    """A valid report by a signed-in person, as form or API send it."""

    class Meta:
        model = ReportInput

    category = "misleading"
    explanation = "It promises a cure."
    is_good_faith = True
    locale = "en"


class ReportFactory(DjangoModelFactory[Report]):
    """A visitor's report. Name ``case``."""

    class Meta:
        model = Report

    source = "visitor"
    category = "spam"
    explanation = "Broken."
    is_good_faith = True
    locale = "en"
    reporter_email = "visitor@example.test"
    text_hash = ""
    created_at = AT


class AppealFactory(DjangoModelFactory[Appeal]):
    """An open appeal by the builder. Name ``decision``; it shares the decision's case."""

    class Meta:
        model = Appeal

    case = factory.SelfAttribute("decision.case")
    party = "owner"
    appellant = factory.SelfAttribute("decision.case.builder")
    text = "No."
    filed_at = AT

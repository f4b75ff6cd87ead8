"""The rules of the store: what may be listed, which names are protected, how reviews and appeals go."""

from __future__ import annotations

from datetime import timedelta

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from marketplace.page_cache import PAGE_SECONDS
from marketplace.web.visitor_pages import visitor_context, visitor_page
from reviews.queries.appeals import APPEAL_WINDOW
from reviews.queries.policies import get_policies_in_force
from reviews.services.cases import DUE_AFTER
from reviews.services.standing import STRIKE_LASTS
from reviews.services.submissions import DUE_AFTER as SUBMISSION_DUE_AFTER
from reviews.states import Tier

HOUR = timedelta(hours=1)


@visitor_page(PAGE_SECONDS)
def rules_show(request: HttpRequest) -> HttpResponse:
    """Show the wordings in force and the times that moderation works to; a rule's anchor is its code."""
    context = {
        "policies": list(get_policies_in_force(at=timezone.now()).values()),
        "submission_hours": SUBMISSION_DUE_AFTER // HOUR,
        "critical_hours": DUE_AFTER[Tier.CRITICAL] // HOUR,
        "security_hours": DUE_AFTER[Tier.SECURITY] // HOUR,
        "legal_hours": DUE_AFTER[Tier.LEGAL] // HOUR,
        "report_days": DUE_AFTER[Tier.NORMAL].days,
        "appeal_days": DUE_AFTER[Tier.APPEAL_DUE].days,
        "appeal_window_days": APPEAL_WINDOW.days,
        "strike_days": STRIKE_LASTS.days,
        **visitor_context(request),
    }
    return render(request, "marketplace/rules.html", context)

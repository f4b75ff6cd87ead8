"""Claiming, renewing, releasing, escalating and taking over cases."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from core.errors import Conflict, Forbidden, InvalidInput
from reviews.access import access_case
from reviews.queries import QueueFilters
from reviews.services.claims import claim_case, escalate_case, release_claim, renew_claim, take_over_case
from reviews.services.viewers import record_viewer
from reviews.web.cases import render_refusal
from reviews.web.forms import DecisionForm
from reviews.web.moderation_page import build_filter_query
from workspaces.web.people import person_of
from workspaces.web.staff import staff_required


def _redirect_back(request: HttpRequest, case_id: UUID | None = None) -> HttpResponse:
    query = build_filter_query(QueueFilters.from_query(request.GET))
    return redirect(f"/moderation/cases/{case_id}{query}" if case_id else f"/moderation/{query}")


@require_POST
@staff_required("moderator")
def claim(request: HttpRequest, case_id: UUID) -> HttpResponse:
    access_case(person_of(request), case_id)
    try:
        claim_case(case_id=case_id, by=person_of(request), at=timezone.now())
    except (Conflict, Forbidden) as error:
        return render_refusal(request, case_id, DecisionForm(request.POST), error)
    return _redirect_back(request, case_id)


@require_POST
@staff_required("moderator")
def renew(request: HttpRequest, case_id: UUID) -> HttpResponse:
    """Answer the page's heartbeat with the timer, or with a note that the claim is lost."""
    case = access_case(person_of(request), case_id)
    looking = record_viewer(case, person_of(request))
    try:
        renewed = renew_claim(
            case_id=case_id, token=DecisionForm(request.POST).token, by=person_of(request), at=timezone.now()
        )
    except Conflict as error:
        return render(request, "reviews/_claim_lost.html", {"fresh": error.data, "case": case})
    return render(request, "reviews/_timer.html", {"mine": renewed, "case": case, "looking": looking})


@require_POST
@staff_required("moderator")
def release(request: HttpRequest, case_id: UUID) -> HttpResponse:
    access_case(person_of(request), case_id)
    form = DecisionForm(request.POST)
    try:
        release_claim(case_id=case_id, token=form.token, by=person_of(request), at=timezone.now())
    except Conflict as error:
        return render_refusal(request, case_id, form, error)
    messages.info(request, _("The case is back in the queue."))
    return _redirect_back(request)


@require_POST
@staff_required("moderator")
def escalate(request: HttpRequest, case_id: UUID) -> HttpResponse:
    access_case(person_of(request), case_id)
    form = DecisionForm(request.POST)
    try:
        escalate_case(
            case_id=case_id,
            token=form.token,
            reason=form.get_text("reason"),
            by=person_of(request),
            at=timezone.now(),
        )
    except (Conflict, InvalidInput) as error:
        return render_refusal(request, case_id, form, error)
    messages.info(request, _("The case is escalated."))
    return _redirect_back(request)


@require_POST
@staff_required("moderator")
def take_over(request: HttpRequest, case_id: UUID) -> HttpResponse:
    access_case(person_of(request), case_id)
    form = DecisionForm(request.POST)
    try:
        take_over_case(
            case_id=case_id, reason=form.get_text("reason"), by=person_of(request), at=timezone.now()
        )
    except (Conflict, InvalidInput, Forbidden) as error:
        return render_refusal(request, case_id, form, error)
    return _redirect_back(request, case_id)

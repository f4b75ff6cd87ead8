"""Claiming a case, keeping it, giving it back."""

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
from reviews.queries import QueueFilters, look_at
from reviews.services.claims import claim_case, escalate_case, release_claim, renew_claim, take_over_case
from reviews.web.cases import refused
from reviews.web.forms import DecisionForm
from reviews.web.panes import filter_query
from workspaces.web.staff import staff_required


def _back(request: HttpRequest, case_id: UUID | None = None) -> HttpResponse:
    query = filter_query(QueueFilters.read(request.GET))
    return redirect(f"/moderation/cases/{case_id}{query}" if case_id else f"/moderation/{query}")


@require_POST
@staff_required("moderator")
def claim(request: HttpRequest, case_id: UUID) -> HttpResponse:
    access_case(request.user, case_id)
    try:
        claim_case(case_id=case_id, by=request.user, at=timezone.now())
    except (Conflict, Forbidden) as error:
        return refused(request, case_id, DecisionForm(request.POST), error)
    return _back(request, case_id)


@require_POST
@staff_required("moderator")
def renew(request: HttpRequest, case_id: UUID) -> HttpResponse:
    """Answer the page's own heartbeat: the timer, or that the claim is lost. Typed text stays where it is."""
    case = access_case(request.user, case_id)
    looking = look_at(case, request.user)
    try:
        renewed = renew_claim(
            case_id=case_id, token=DecisionForm(request.POST).token, by=request.user, at=timezone.now()
        )
    except Conflict as error:
        return render(request, "reviews/_claim_lost.html", {"fresh": error.data, "case": case})
    return render(request, "reviews/_timer.html", {"mine": renewed, "case": case, "looking": looking})


@require_POST
@staff_required("moderator")
def release(request: HttpRequest, case_id: UUID) -> HttpResponse:
    access_case(request.user, case_id)
    form = DecisionForm(request.POST)
    try:
        release_claim(case_id=case_id, token=form.token, by=request.user, at=timezone.now())
    except Conflict as error:
        return refused(request, case_id, form, error)
    messages.info(request, _("The case is back in the queue."))
    return _back(request)


@require_POST
@staff_required("moderator")
def escalate(request: HttpRequest, case_id: UUID) -> HttpResponse:
    access_case(request.user, case_id)
    form = DecisionForm(request.POST)
    try:
        escalate_case(
            case_id=case_id,
            token=form.token,
            reason=form.typed("reason"),
            by=request.user,
            at=timezone.now(),
        )
    except (Conflict, InvalidInput) as error:
        return refused(request, case_id, form, error)
    messages.info(request, _("The case is escalated."))
    return _back(request)


@require_POST
@staff_required("moderator")
def take_over(request: HttpRequest, case_id: UUID) -> HttpResponse:
    access_case(request.user, case_id)
    form = DecisionForm(request.POST)
    try:
        take_over_case(case_id=case_id, reason=form.typed("reason"), by=request.user, at=timezone.now())
    except (Conflict, InvalidInput, Forbidden) as error:
        return refused(request, case_id, form, error)
    return _back(request, case_id)

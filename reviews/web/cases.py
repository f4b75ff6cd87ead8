"""A case: its evidence, and deciding it."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from core.errors import Conflict, DomainError, Forbidden, InvalidInput
from reviews.access import access_case
from reviews.queries import QueueFilters
from reviews.services.cases import record_pictures_shown
from reviews.services.decisions import decide_case
from reviews.states import CaseState
from reviews.web.forms import DecisionForm, add_domain_error
from reviews.web.moderation_page import build_filter_query, render_moderation_page
from reviews.web.queue import open_next_case
from workspaces.web.people import person_of
from workspaces.web.staff import staff_required


@require_GET
@staff_required("moderator")
def show_case(request: HttpRequest, case_id: UUID) -> HttpResponse:
    return render_moderation_page(request, case=access_case(person_of(request), case_id))


@require_POST
@staff_required("moderator")
def decide(request: HttpRequest, case_id: UUID) -> HttpResponse:
    """Decide, or show the page again with the input and what has changed."""
    access_case(person_of(request), case_id)
    form = DecisionForm(request.POST)
    try:
        decide_case(
            case_id=case_id,
            claim_token=form.token,
            row_version=form.version,
            outcome=form.get_text("outcome"),
            policy_codes=form.chosen_policies,
            reasoning=form.get_text("reasoning"),
            private_note=form.get_text("private_note"),
            by=person_of(request),
            at=timezone.now(),
        )
    except (Conflict, InvalidInput, Forbidden) as error:
        return render_refusal(request, case_id, form, error)
    case = access_case(person_of(request), case_id)
    if case.state == CaseState.AWAITING_SECOND:
        messages.info(request, _("Recorded. Nothing happens until a second person has confirmed it."))
    else:
        messages.success(request, _("Decided."))
    filters = QueueFilters.from_query(request.GET)
    if "next" in request.POST:
        return open_next_case(request, filters)
    return redirect(f"/moderation/cases/{case_id}{build_filter_query(filters)}")


@require_POST
@staff_required("moderator")
def show_pictures(request: HttpRequest, case_id: UUID) -> HttpResponse:
    """Show a case with the pictures that the restricted lane leaves out; the log names who looked."""
    case = access_case(person_of(request), case_id)
    record_pictures_shown(case=case, by=person_of(request), at=timezone.now())
    return render_moderation_page(request, case=case, shows_pictures=True)


def render_refusal(
    request: HttpRequest, case_id: UUID, form: DecisionForm, error: DomainError
) -> HttpResponse:
    """Show the case as it is now, with the error and the input."""
    add_domain_error(form, error)
    return render_moderation_page(
        request,
        case=access_case(person_of(request), case_id),
        form=form,
        problem={"message": error.message, "field": error.field, "fresh": error.data},
        status=error.status,
    )

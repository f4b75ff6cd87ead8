"""One case: evidence, and the decision."""

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
from reviews.services.decisions import decide_case
from reviews.states import CaseState
from reviews.web.forms import DecisionForm, add_domain_error
from reviews.web.panes import filter_query, show_panes
from workspaces.web.staff import staff_required


@require_GET
@staff_required("moderator")
def show_case(request: HttpRequest, case_id: UUID) -> HttpResponse:
    return show_panes(request, case=access_case(request.user, case_id))


@require_POST
@staff_required("moderator")
def decide(request: HttpRequest, case_id: UUID) -> HttpResponse:
    """Decide, or show the page again with everything typed and what changed meanwhile."""
    access_case(request.user, case_id)
    form = DecisionForm(request.POST)
    try:
        decide_case(
            case_id=case_id,
            claim_token=form.token,
            row_version=form.version,
            outcome=form.typed("outcome"),
            policy_codes=form.chosen_policies,
            reasoning=form.typed("reasoning"),
            private_note=form.typed("private_note"),
            by=request.user,
            at=timezone.now(),
        )
    except (Conflict, InvalidInput, Forbidden) as error:
        return refused(request, case_id, form, error)
    case = access_case(request.user, case_id)
    if case.state == CaseState.AWAITING_SECOND:
        messages.info(request, _("Recorded. Nothing happens until a second person has confirmed it."))
    else:
        messages.success(request, _("Decided."))
    query = filter_query(QueueFilters.read(request.GET))
    return redirect(f"/moderation/cases/{case_id}{query}")


def refused(request: HttpRequest, case_id: UUID, form: DecisionForm, error: DomainError) -> HttpResponse:
    """Show the case as it is now, with the refusal and nothing typed lost."""
    add_domain_error(form, error)
    return show_panes(
        request,
        case=access_case(request.user, case_id),
        form=form,
        problem={"message": error.message, "field": error.field, "fresh": error.data},
        status=error.status,
    )

"""The log of decisions for moderators; the statement of reasons and the appeal for builders."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from core.errors import Conflict, InvalidInput
from reviews.access import access_own_decision
from reviews.queries import get_author_statement, get_subject_name, list_decisions
from reviews.services.appeals import file_appeal
from reviews.states import Outcome
from reviews.web.forms import AppealForm, add_domain_error
from workspaces.web.people import person_of
from workspaces.web.staff import staff_required


@require_GET
@staff_required("moderator")
def show_log(request: HttpRequest) -> HttpResponse:
    outcome = request.GET.get("outcome", "")
    page = list_decisions(person_of(request), outcome=outcome, cursor=request.GET.get("cursor", ""))
    return render(
        request,
        "reviews/decision_log.html",
        {
            "page": page,
            "rows": [(decision, get_subject_name(decision.case)) for decision in page.items],
            "outcome": outcome,
            "outcomes": Outcome.choices,
        },
    )


@require_GET
@login_required
def show_statement(request: HttpRequest, decision_id: UUID) -> HttpResponse:
    return _render_statement(request, decision_id, AppealForm())


@require_POST
@login_required
def appeal(request: HttpRequest, decision_id: UUID) -> HttpResponse:
    decision = access_own_decision(person_of(request), decision_id)
    form = AppealForm(request.POST)
    try:
        file_appeal(
            decision=decision, text=request.POST.get("text", ""), by=person_of(request), at=timezone.now()
        )
    except (Conflict, InvalidInput) as error:
        form.is_valid()
        if not form.errors:
            add_domain_error(form, error)
        return _render_statement(request, decision_id, form, status=error.status)
    messages.success(request, _("Your objection is filed. Somebody else will judge it within seven days."))
    return redirect("reviews:decision-detail", decision_id=decision_id)


def _render_statement(
    request: HttpRequest, decision_id: UUID, form: AppealForm, *, status: int = 200
) -> HttpResponse:
    decision = access_own_decision(person_of(request), decision_id)
    return render(
        request,
        "reviews/statement.html",
        {
            "statement": get_author_statement(decision, person_of(request), at=timezone.now()),
            "decision": decision,
            "name": get_subject_name(decision.case),
            "gpt": decision.case.gpt,
            "form": form,
        },
        status=status,
    )

"""The log of decisions for moderators; the statement of reasons and the appeal for builders."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from core.errors import Conflict, InvalidInput
from core.scope import Scope, open_scope
from reviews.access import access_own_decision
from reviews.mail_keys import find_person_of_key
from reviews.queries import get_author_statement, get_subject_name, list_decisions
from reviews.services.appeals import file_appeal
from reviews.states import Outcome
from reviews.web.forms import AppealForm, add_domain_error
from workspaces.models import User
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


View = Callable[[HttpRequest, UUID, User], HttpResponse]


def for_its_reader(view: View) -> Callable[[HttpRequest, UUID], HttpResponse]:
    """Call the view for the signed-in person, or for the closed account whose mail had the key in the URL.

    All others sign in first.
    """

    @wraps(view)
    def open_for_reader(request: HttpRequest, decision_id: UUID) -> HttpResponse:
        if isinstance(request.user, User):
            return view(request, decision_id, request.user)
        person = find_person_of_key(decision_id, request.GET.get("key", ""))
        if person is None:
            return redirect_to_login(request.get_full_path())
        with open_scope(Scope(user_id=person.pk)):
            return view(request, decision_id, person)

    return open_for_reader


@require_GET
@for_its_reader
def show_statement(request: HttpRequest, decision_id: UUID, person: User) -> HttpResponse:
    return _render_statement(request, decision_id, person, AppealForm())


@require_POST
@for_its_reader
def appeal(request: HttpRequest, decision_id: UUID, person: User) -> HttpResponse:
    decision = access_own_decision(person, decision_id)
    form = AppealForm(request.POST)
    try:
        file_appeal(decision=decision, text=request.POST.get("text", ""), by=person, at=timezone.now())
    except (Conflict, InvalidInput) as error:
        form.is_valid()
        if not form.errors:
            add_domain_error(form, error)
        return _render_statement(request, decision_id, person, form, status=error.status)
    messages.success(request, _("Your objection is filed. Somebody else will judge it within seven days."))
    return redirect(reverse("reviews:decision-detail", args=[decision_id]) + _get_key_query(request))


def _get_key_query(request: HttpRequest) -> str:
    key = request.GET.get("key", "")
    return "?" + urlencode({"key": key}) if key else ""


def _render_statement(
    request: HttpRequest, decision_id: UUID, person: User, form: AppealForm, *, status: int = 200
) -> HttpResponse:
    decision = access_own_decision(person, decision_id)
    return render(
        request,
        "reviews/statement.html",
        {
            "statement": get_author_statement(decision, person, at=timezone.now()),
            "decision": decision,
            "key_query": _get_key_query(request),
            "name": get_subject_name(decision.case),
            "gpt": decision.case.gpt,
            "form": form,
        },
        status=status,
    )

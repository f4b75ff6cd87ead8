"""A person's own reports, what came of them, and objecting to a dismissal."""

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
from reviews.access import access_own_report, not_found
from reviews.queries.own_reports import get_own_report, list_own_reports
from reviews.services.appeals import file_appeal
from reviews.web.forms import AppealForm, add_domain_error
from workspaces.web.people import person_of


@login_required
@require_GET
def show_reports(request: HttpRequest) -> HttpResponse:
    page, rows = list_own_reports(person_of(request), cursor=request.GET.get("cursor", ""))
    return render(request, "reviews/own_reports.html", {"page": page, "rows": rows})


@login_required
@require_GET
def show_report(request: HttpRequest, report_id: UUID) -> HttpResponse:
    return _render_report(request, report_id, AppealForm())


@login_required
@require_POST
def appeal(request: HttpRequest, report_id: UUID) -> HttpResponse:
    person, now = person_of(request), timezone.now()
    own, _redress = get_own_report(access_own_report(person, report_id), person, at=now)
    if own.decision is None:
        raise not_found()
    form = AppealForm(request.POST)
    try:
        file_appeal(decision=own.decision, text=request.POST.get("text", ""), by=person, at=now)
    except (Conflict, InvalidInput) as error:
        form.is_valid()
        if not form.errors:
            add_domain_error(form, error)
        return _render_report(request, report_id, form, status=error.status)
    messages.success(request, _("Your objection is filed. Somebody else will judge it within seven days."))
    return redirect("reviews:report-detail", report_id)


def _render_report(
    request: HttpRequest, report_id: UUID, form: AppealForm, *, status: int = 200
) -> HttpResponse:
    person = person_of(request)
    own, redress = get_own_report(access_own_report(person, report_id), person, at=timezone.now())
    context = {"own": own, "redress": redress, "form": form}
    return render(request, "reviews/own_report.html", context, status=status)

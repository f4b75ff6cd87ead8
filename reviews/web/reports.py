"""Reporting a listing, for visitors too."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone, translation
from django.views.decorators.http import require_http_methods

from core.errors import Forbidden, InvalidInput, RateLimited
from marketplace.access import access_listing
from reviews.services.reports import ReportInput, file_report
from reviews.web.forms import ReportForm, add_domain_error
from workspaces.web.client_address import get_client_network
from workspaces.web.people import person_of


@require_http_methods(["GET", "POST"])
def report(request: HttpRequest, slug: str) -> HttpResponse:
    listing = access_listing(slug)
    is_visitor = not request.user.is_authenticated
    if request.method != "POST":
        context = {"listing": listing, "form": ReportForm(is_visitor=is_visitor), "is_visitor": is_visitor}
        return render(request, "reviews/report.html", context)
    form = ReportForm(request.POST, is_visitor=is_visitor)
    given = ReportInput(
        category=request.POST.get("category", ""),
        explanation=request.POST.get("explanation", ""),
        is_good_faith=request.POST.get("is_good_faith", "") == "on",
        locale=translation.get_language() or settings.LANGUAGE_CODE,
        address=get_client_network(request),
        url=request.POST.get("url", ""),
        name=request.POST.get("name", ""),
        email=request.POST.get("email", ""),
    )
    try:
        filed = file_report(
            listing=listing, given=given, by=None if is_visitor else person_of(request), at=timezone.now()
        )
    except (InvalidInput, RateLimited, Forbidden) as error:
        if error.field not in form.errors:
            add_domain_error(form, error)
        context = {"listing": listing, "form": form, "is_visitor": is_visitor}
        return render(request, "reviews/report.html", context, status=error.status)
    # Rendered without a redirect: a visitor could not read the report on another page.
    return render(request, "reviews/report_received.html", {"listing": listing, "report": filed})

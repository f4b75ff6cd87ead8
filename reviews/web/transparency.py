"""The page of a year's moderation figures."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from reviews.queries.transparency import build_year_report
from reviews.scope import open_moderation_scope
from workspaces.web.staff import staff_required


@require_GET
@staff_required("moderator")
def show_report(request: HttpRequest) -> HttpResponse:
    this_year = timezone.now().year
    given = request.GET.get("year", "")
    year = (
        int(given)
        if given.isascii() and given.isdigit() and 2000 <= int(given[:5]) <= this_year
        else this_year
    )
    # The figures of a year are published whole; they count cases of the restricted lane and name none.
    with open_moderation_scope():
        figures = build_year_report(year)
    sections = list(dict.fromkeys(figure.section for figure in figures))
    figures.sort(key=lambda figure: sections.index(figure.section))
    return render(
        request,
        "reviews/transparency.html",
        {"report": figures, "year": year, "years": [this_year, this_year - 1, this_year - 2]},
    )

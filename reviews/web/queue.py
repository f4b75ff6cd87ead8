"""The queue without a case, and claiming the next case."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from reviews.queries import QueueFilters
from reviews.services.claims import claim_next_case
from reviews.web.moderation_page import build_filter_query, render_moderation_page
from workspaces.web.people import person_of
from workspaces.web.staff import staff_required


@require_GET
@staff_required("moderator")
def show_queue(request: HttpRequest) -> HttpResponse:
    return render_moderation_page(request, case=None)


@require_POST
@staff_required("moderator")
def take_next(request: HttpRequest) -> HttpResponse:
    filters = QueueFilters.from_query(request.POST)
    claim = claim_next_case(by=person_of(request), at=timezone.now(), queue=filters.queue)
    query = build_filter_query(filters)
    if claim is None:
        messages.info(request, _("Nothing is waiting here that you could take."))
        return redirect(f"/moderation/{query}")
    return redirect(f"/moderation/cases/{claim.case_id}{query}")

"""The queue, and "next"."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from reviews.queries import QueueFilters
from reviews.services.claims import next_case
from reviews.web.panes import filter_query, show_panes
from workspaces.web.staff import staff_required


@require_GET
@staff_required("moderator")
def show_queue(request: HttpRequest) -> HttpResponse:
    return show_panes(request, case=None)


@require_POST
@staff_required("moderator")
def take_next(request: HttpRequest) -> HttpResponse:
    filters = QueueFilters.read(request.POST)
    claim = next_case(by=request.user, at=timezone.now(), queue=filters.queue)
    query = filter_query(filters)
    if claim is None:
        messages.info(request, _("Nothing is waiting here that you could take."))
        return redirect(f"/moderation/{query}")
    return redirect(f"/moderation/cases/{claim.case_id}{query}")

"""The queue without a case, and claiming the next case."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from core.errors import Conflict
from reviews.queries import QueueFilters, find_next_by_hand
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
    return open_next_case(request, QueueFilters.from_query(request.POST))


def open_next_case(request: HttpRequest, filters: QueueFilters) -> HttpResponse:
    """Claim the next case of a filter and go there, or back to the queue when there is none to take.

    Of a list whose cases are claimed by hand ("show"), the next one is opened without claiming it.
    """
    person, now, query = person_of(request), timezone.now(), build_filter_query(filters)
    try:
        if filters.show:
            case = find_next_by_hand(person, filters=filters, at=now)
            case_id = None if case is None else case.pk
        else:
            claim = claim_next_case(by=person, at=now, queue=filters.queue)
            case_id = None if claim is None else claim.case_id
    except Conflict as error:  # three cases are held; what was done before stays done
        messages.error(request, str(error.message))
        return redirect(f"/moderation/{query}")
    if case_id is None:
        messages.info(request, _("Nothing is waiting here that you could take."))
        return redirect(f"/moderation/{query}")
    return redirect(f"/moderation/cases/{case_id}{query}")

"""/build/shared: the GPTs that others share with a person, who may give a share up."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from core.errors import DomainError
from core.pagination import paginate
from gpts.assistants.queries.shares import list_shares_with
from gpts.assistants.services.shares import leave_share
from gpts.studio.access import access_share_with
from workspaces.web.people import person_of

PAGE_SIZE = 24


@login_required
@require_GET
def shared_list(request: HttpRequest) -> HttpResponse:
    person = person_of(request)
    page = paginate(
        list_shares_with(person), order=("-id",), cursor=request.GET.get("cursor", ""), size=PAGE_SIZE
    )
    rows = [
        {"share": share, "icon_url": f"/{icon}" if (icon := vars(share)["shown_icon"]) else ""}
        for share in page.items
    ]
    return render(request, "gpts/studio/shared.html", {"rows": rows, "page": page})


@login_required
@require_POST
def shared_leave(request: HttpRequest, share_id: int) -> HttpResponse:
    """Give up what is shared with this person alone."""
    person = person_of(request)
    try:
        leave_share(share=access_share_with(person, share_id), by=person, at=timezone.now())
    except DomainError as error:
        if error.status != 403:
            raise
        messages.error(request, str(error.message))
    else:
        messages.success(request, _("It is no longer shared with you."))
    return redirect("gpts:shared-list")

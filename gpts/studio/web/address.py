"""The address of a GPT on the Share page: whether it is free while it is typed, and choosing it."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from core.errors import DomainError
from gpts.assistants.access import access_gpt
from gpts.assistants.rules import GPTAct
from gpts.assistants.services.addresses import check_address, choose_address
from gpts.studio.web.share import render_share_page
from workspaces.web.people import person_of


@login_required
@require_http_methods(["GET", "POST"])
def address(request: HttpRequest, slug: str) -> HttpResponse:
    """GET answers with JSON ``{"problem", "code"}``, both empty for an address that is free.

    429 ``too_many_tries`` for somebody who tries out addresses.
    """
    user = person_of(request)
    gpt = access_gpt(user, slug, to=GPTAct.MANAGE)
    if request.method == "GET":
        asked = request.GET.get("address", "")[:200]
        problem = check_address(gpt=gpt, address=asked, by=user, at=timezone.now())
        return JsonResponse(
            {"problem": str(problem.message), "code": problem.code}
            if problem
            else {"problem": "", "code": ""}
        )
    try:
        gpt = choose_address(gpt=gpt, address=request.POST.get("address", ""), by=user, at=timezone.now())
    except DomainError as refusal:
        return render_share_page(request, gpt, refusal=refusal)
    messages.success(request, _("Its address is now %(address)s.") % {"address": f"/g/{gpt.slug}"})
    return redirect("gpts:build-share", gpt.slug)

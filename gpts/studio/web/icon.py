"""The icon of a draft: uploaded, or drawn from its name in one of a few ways."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from core.errors import DomainError, NotFound
from gpts.assistants.access import access_gpt
from gpts.assistants.drawn_icons import VARIANTS, draw_icon
from gpts.assistants.models import GPT
from gpts.assistants.rules import GPTAct
from gpts.assistants.services.icons import set_drawn_icon, set_icon


@login_required
@require_POST
def build_icon(request: HttpRequest, slug: str) -> HttpResponse:
    """Take an upload, or with ``variant`` draw one; 0 is the first letter of the name."""
    gpt = access_gpt(request.user, slug, to=GPTAct.EDIT)
    now = timezone.now()
    variant = "0" if request.POST.get("remove") else request.POST.get("variant", "")
    upload = request.FILES.get("icon")
    try:
        if variant:
            set_drawn_icon(gpt=gpt, variant=_number(variant), by=request.user, at=now)
        elif upload is not None:
            set_icon(gpt=gpt, upload=upload, by=request.user, at=now)
        else:
            messages.error(request, _("Choose a picture first."))
    except DomainError as refusal:
        messages.error(request, str(refusal.message))
    return redirect("gpts:build-configure", gpt.slug)


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 4 else -1


@login_required
@require_safe
def build_icon_drawn(request: HttpRequest, slug: str, variant: int) -> HttpResponse:
    """One way to draw the icon of a draft, to choose from."""
    gpt = access_gpt(request.user, slug, to=GPTAct.VIEW_SETTINGS)
    if not 1 <= variant <= VARIANTS:
        raise NotFound(_("There is no such picture."), code="icon_not_found")
    response = HttpResponse(draw_icon(gpt.name, variant), content_type="image/png")
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


def drawn_icons(gpt: GPT) -> list[dict[str, object]]:
    """The drawn icons on offer, each with its number and address."""
    return [
        {"variant": variant, "url": reverse("gpts:build-icon-drawn", args=[gpt.slug, variant])}
        for variant in range(1, VARIANTS + 1)
    ]

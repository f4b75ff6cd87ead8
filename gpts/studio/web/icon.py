"""The icon of a draft: uploaded, or drawn from its name."""

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
from gpts.assistants.drawn_icons import VARIANTS, draw_small_icon
from gpts.assistants.models import GPT
from gpts.assistants.rules import GPTAct
from gpts.assistants.services.icons import set_drawn_icon, set_icon
from workspaces.web.people import person_of


@login_required
@require_POST
def icon(request: HttpRequest, slug: str) -> HttpResponse:
    """Set the icon to an uploaded picture or a drawn ``variant``; 0 shows the first letter of the name."""
    user = person_of(request)
    gpt = access_gpt(user, slug, to=GPTAct.EDIT)
    now = timezone.now()
    variant = "0" if request.POST.get("remove") else request.POST.get("variant", "")
    upload = request.FILES.get("icon")
    try:
        if variant:
            set_drawn_icon(gpt=gpt, variant=_parse_number(variant), by=user, at=now)
        elif upload is not None:
            set_icon(gpt=gpt, upload=upload, by=user, at=now)
        else:
            messages.error(request, _("Choose a picture first."))
    except DomainError as refusal:
        messages.error(request, str(refusal.message))
    return redirect("gpts:build-configure", gpt.slug)


def _parse_number(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 4 else -1


@login_required
@require_safe
def drawn_icon(request: HttpRequest, slug: str, variant: int) -> HttpResponse:
    """A small picture of one drawn variant of the icon."""
    gpt = access_gpt(person_of(request), slug, to=GPTAct.VIEW_SETTINGS)
    if not 1 <= variant <= VARIANTS:
        raise NotFound(_("There is no such picture."), code="icon_not_found")
    response = HttpResponse(draw_small_icon(gpt.name, variant), content_type="image/webp")
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


def list_drawn_icons(gpt: GPT) -> list[dict[str, object]]:
    """Return the number and URL of each drawn variant."""
    return [
        {"variant": variant, "url": reverse("gpts:build-icon-drawn", args=[gpt.slug, variant])}
        for variant in range(1, VARIANTS + 1)
    ]

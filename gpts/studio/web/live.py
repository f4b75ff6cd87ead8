"""What an open builder page asks again and again: who else is here, and how the draft stands now."""

from __future__ import annotations

import json
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, JsonResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from core.look.illustrations import avatar
from gpts.assistants.access import access_gpt
from gpts.assistants.models import GPT
from gpts.assistants.rules import GPTAct
from gpts.assistants.services.gpts import serialize_draft_field
from gpts.studio.presence import Present, be_here, leave
from gpts.studio.web.forms import DraftForm


@login_required
@require_POST
def build_presence(request: HttpRequest, slug: str) -> JsonResponse:
    """Answer a window's sign of life with the others and the draft's revision."""
    gpt = access_gpt(request.user, slug, to=GPTAct.VIEW_SETTINGS)
    user: Any = request.user
    window = request.POST.get("window", "")
    if request.POST.get("leave"):
        leave(gpt, user, window)
        return JsonResponse({})
    people = [_person(person) for person in be_here(gpt, user, window)]
    return JsonResponse({"revision": gpt.draft_revision, "people": people})


def _person(person: Present) -> dict[str, str | bool]:
    label = _("You, in another window") if person.is_you else person.name
    return {"label": label, "html": str(avatar(person.name)), "is_you": person.is_you}


@login_required
@require_GET
def build_draft(request: HttpRequest, slug: str) -> JsonResponse:
    """The draft as its form holds it: each field as the list of values that its controls send."""
    gpt = access_gpt(request.user, slug, to=GPTAct.VIEW_SETTINGS)
    fields = {name: form_values(gpt, name) for name in (*DraftForm.base_fields, "starters")}
    return JsonResponse({"revision": gpt.draft_revision, "fields": fields})


def form_values(gpt: GPT, name: str) -> list[str]:
    value = serialize_draft_field(gpt, name)
    if isinstance(value, bool):
        return ["on"] if value else []
    if isinstance(value, list):
        return [str(item) for item in value]
    if isinstance(value, dict):
        return [json.dumps(value, ensure_ascii=False, indent=2)]
    return ["" if value is None else str(value)]

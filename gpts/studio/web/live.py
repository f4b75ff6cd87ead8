"""The endpoints that an open page of a GPT polls: who else has it open, and the current draft."""

from __future__ import annotations

import json

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, JsonResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from core.look.illustrations import avatar
from gpts.assistants.access import access_gpt
from gpts.assistants.models import GPT
from gpts.assistants.rules import GPTAct
from gpts.assistants.services.gpts import serialize_draft_field
from gpts.studio.presence import Presence, record_presence, remove_presence
from gpts.studio.web.forms import DraftForm
from workspaces.web.people import person_of


@login_required
@require_POST
def presence(request: HttpRequest, slug: str) -> JsonResponse:
    """Take a window's heartbeat; answer with the other people and the draft's revision."""
    user = person_of(request)
    gpt = access_gpt(user, slug, to=GPTAct.VIEW_SETTINGS)
    window = request.POST.get("window", "")
    if request.POST.get("leave"):
        remove_presence(gpt, user, window)
        return JsonResponse({})
    people = [_serialize_presence(person) for person in record_presence(gpt, user, window)]
    return JsonResponse({"revision": gpt.draft_revision, "people": people})


def _serialize_presence(person: Presence) -> dict[str, str | bool]:
    label = _("You, in another window") if person.is_you else person.name
    return {"label": label, "html": str(avatar(person.name)), "is_you": person.is_you}


@login_required
@require_GET
def draft(request: HttpRequest, slug: str) -> JsonResponse:
    """The draft as form data: for each field the list of values that its controls post."""
    gpt = access_gpt(person_of(request), slug, to=GPTAct.VIEW_SETTINGS)
    fields = {name: build_form_values(gpt, name) for name in (*DraftForm.base_fields, "starters")}
    return JsonResponse({"revision": gpt.draft_revision, "fields": fields})


def build_form_values(gpt: GPT, name: str) -> list[str]:
    value = serialize_draft_field(gpt, name)
    if isinstance(value, bool):
        return ["on"] if value else []
    if isinstance(value, list):
        return [str(item) for item in value]
    if isinstance(value, dict):
        return [json.dumps(value, ensure_ascii=False, indent=2)]
    return ["" if value is None else str(value)]

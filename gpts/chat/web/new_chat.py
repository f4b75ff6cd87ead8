"""Choosing the GPT of a new chat: a page, and the same in a dialog over a chat."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from core.errors import DomainError
from gpts.assistants.access import access_gpt
from gpts.assistants.models import GPT
from gpts.assistants.rules import GPTAct
from gpts.chat.mentions import NAME_LENGTH, ChatChoices, list_chat_choices
from gpts.chat.web.rendered_turns import get_icon_url
from marketplace.queries.suggestions import list_store_slugs
from workspaces.models import User
from workspaces.queries import get_user_roles
from workspaces.web.people import person_of

# What htmx asks for, by the element that the answer goes into.
_FRAGMENTS = {
    "dialog-place": "gpts/chat/_new_dialog.html",
    "new-chat-choices": "gpts/chat/_new_choices.html",
}


@login_required
@require_GET
def chat_new(request: HttpRequest) -> HttpResponse:
    """Show recent and own GPTs, with ``q`` those of this name, ``gpt`` (the one of the open chat) first."""
    person = person_of(request)
    text = " ".join(request.GET.get("q", "")[:NAME_LENGTH].split())
    context: dict[str, Any] = {
        "q": text,
        "groups": _build_groups(list_chat_choices(person, text, in_store=list_store_slugs(text))),
        "gpt": None if text else _find_open_gpt(person, request.GET.get("gpt", "")),
        "workspace": _find_own_workspace(person, request.GET.get("workspace", "")),
    }
    htmx = getattr(request, "htmx", None)
    template = _FRAGMENTS.get(str(getattr(htmx, "target", "")), "gpts/chat/new.html")
    response = render(request, template, context)
    patch_vary_headers(response, ["HX-Target"])
    return response


def _find_own_workspace(person: User, slug: str) -> str:
    """Return the slug of the workspace that the chat should count for, empty for a foreign one."""
    return slug if any(one.slug == slug for one in get_user_roles(person).memberships) else ""


def _build_groups(choices: ChatChoices) -> list[dict[str, Any]]:
    groups = (
        ("recent", _("Recent"), choices.recent),
        ("own", _("Yours"), choices.own),
        ("workspace", _("Workspace"), choices.workspace),
        ("public", _("Store"), choices.public),
    )
    return [
        {
            "id": name,
            "title": title,
            "gpts": [{"gpt": item, "icon_url": get_icon_url(item.icon)} for item in found],
        }
        for name, title, found in groups
        if found
    ]


def _find_open_gpt(person: User, slug: str) -> GPT | None:
    if not slug or "\x00" in slug:
        return None
    try:
        return access_gpt(person, slug, to=GPTAct.CHAT)
    except DomainError:
        return None

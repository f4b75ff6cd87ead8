"""What sign-up and sign-in say about the GPT that led there."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from django import template
from django.http import HttpRequest
from django.template.context import Context
from django.utils import timezone

from core.errors import NotFound
from marketplace.access import access_listing
from marketplace.cards import icon_url
from marketplace.models import Listing
from workspaces.web.asked_question import find_question

register = template.Library()

_CHAT = re.compile(r"/g/([-\w]{1,100})/chat(?:/asked)?")


@dataclass(frozen=True)
class Intent:
    """The listed GPT that somebody wants to chat with, and what they asked it, if they did."""

    listing: Listing
    question: str

    @property
    def icon_url(self) -> str:
        return icon_url(self.listing.icon)


@register.simple_tag(takes_context=True)
def chat_intent(context: Context) -> Intent | None:
    """Return what the signed-out person came for: a kept question, else the chat that ``next`` leads to.

    Only GPTs of the public store are named; everybody may know these.
    """
    request = context.get("request")
    if not isinstance(request, HttpRequest):
        return None
    question = find_question(request, at=timezone.now())
    slug = question.slug if question else _get_slug(request)
    if not slug:
        return None
    try:
        return Intent(access_listing(slug), question.text if question else "")
    except NotFound:
        return None


def _get_slug(request: HttpRequest) -> str:
    target = request.POST.get("next") or request.GET.get("next", "")
    try:
        found = _CHAT.fullmatch(urlsplit(target).path)
    except ValueError:
        return ""
    return found[1] if found else ""

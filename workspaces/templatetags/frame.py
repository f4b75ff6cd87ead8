"""The frame of every page: what is the same for all visitors is drawn once in each process."""

from __future__ import annotations

import re
from functools import lru_cache
from types import SimpleNamespace
from typing import Any

from django import template
from django.conf import settings
from django.template.context import Context
from django.template.loader import render_to_string
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language

from workspaces.web.context import NavEntry

register = template.Library()

HEADER = "components/site_header.html"
# Stand where an answer has its own address, search text and CSRF token.
_MARK = re.compile("frame-(address|text|token)-5e0c7a")


@register.simple_tag(takes_context=True)
def site_header(context: Context) -> SafeString:
    """The header, from memory for visitors: theirs differs by the marks alone."""
    nav, theme = context.get("nav"), context.get("theme", "")
    if settings.DEBUG or context.get("person") or nav is None or "request" not in context:
        whole: Any = context.flatten()
        return render_to_string(HEADER, whole)
    request = context["request"]
    values = {
        "address": escape(request.get_full_path()),
        "text": escape(request.GET.get("q", "")),
        "token": escape(context.get("csrf_token", "NOTPROVIDED")),
    }
    drawn = _visitors_header(get_language() or "", theme, tuple(nav))
    # Every value is escaped above; the rest comes from the template.
    return mark_safe(_MARK.sub(lambda mark: values[mark[1]], drawn))  # noqa: S308


@lru_cache(maxsize=64)
def _visitors_header(language: str, theme: str, nav: tuple[NavEntry, ...]) -> str:
    address, text, token = (f"frame-{name}-5e0c7a" for name in ("address", "text", "token"))
    request: Any = SimpleNamespace(get_full_path=address, GET={"q": text})
    return render_to_string(
        HEADER, {"nav": nav, "theme": theme, "person": None, "request": request, "csrf_token": token}
    )


@register.simple_tag
def frame_part(name: str) -> SafeString:
    """A part of the frame that knows nothing but the language: the footer, the dialog of keys."""
    if settings.DEBUG:
        return render_to_string(f"components/{name}.html")
    return _drawn(name, get_language() or "")


@lru_cache(maxsize=16)
def _drawn(name: str, language: str) -> SafeString:
    return render_to_string(f"components/{name}.html")

"""The layout around every page; parts that are the same for all visitors are rendered once per process."""

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

from core.instance_settings import get_setting
from workspaces.models import User, Workspace
from workspaces.web.company.navigation import AdminPageLink, list_admin_pages
from workspaces.web.context import NavEntry
from workspaces.web.operator.navigation import OPERATOR_PAGES, find_place
from workspaces.web.switcher import build_switcher, find_page_workspace

register = template.Library()

HEADER = "components/site_header.html"
# Placeholders in the cached header for the address, search text and CSRF token of the request.
_PLACEHOLDER = re.compile("frame-(address|text|token)-5e0c7a")


@register.simple_tag(takes_context=True)
def site_header(context: Context) -> SafeString:
    """Render the header; for visitors from the cache, filling in the placeholders."""
    nav, theme = context.get("nav"), context.get("theme", "")
    if settings.DEBUG or context.get("person") or nav is None or "request" not in context:
        values: Any = context.flatten()
        person = context.get("person")
        if isinstance(person, User):
            values["switcher"] = build_switcher(
                person,
                path=context["request"].path if "request" in context else "",
                page=find_page_workspace(values),
                logos=context.get("workspace_logos") or {},
            )
        return render_to_string(HEADER, values)
    request = context["request"]
    texts = {
        "address": escape(request.get_full_path()),
        "text": escape(request.GET.get("q", "")),
        "token": escape(context.get("csrf_token", "NOTPROVIDED")),
    }
    header = _render_visitor_header(get_language() or "", theme, tuple(nav))
    # Every value is escaped above; the rest comes from the template.
    return mark_safe(_PLACEHOLDER.sub(lambda found: texts[found[1]], header))  # noqa: S308


@lru_cache(maxsize=64)
def _render_visitor_header(language: str, theme: str, nav: tuple[NavEntry, ...]) -> str:
    address, text, token = (f"frame-{name}-5e0c7a" for name in ("address", "text", "token"))
    request: Any = SimpleNamespace(get_full_path=address, GET={"q": text})
    return render_to_string(
        HEADER, {"nav": nav, "theme": theme, "person": None, "request": request, "csrf_token": token}
    )


@register.simple_tag
def frame_part(name: str) -> SafeString:
    """Render a part of the layout that is the same for everybody: the footer, the keyboard dialog."""
    pages = (get_setting("terms_url"), get_setting("privacy_url"), get_setting("help_url"))
    if settings.DEBUG:
        return _render_part.__wrapped__(name, "", pages)
    return _render_part(name, get_language() or "", pages)


@register.simple_tag(takes_context=True)
def admin_pages(context: Context, workspace: Workspace) -> list[tuple[Any, list[AdminPageLink]]]:
    """Return the pages of the workspace's administration that the person may open, in groups."""
    person = context.get("person")
    return list_admin_pages(person, workspace) if isinstance(person, User) else []


@register.simple_tag(takes_context=True)
def operator_menu(context: Context) -> dict[str, Any]:
    """Return the pages of the operator's console in groups, and the place of the page that is shown."""
    return {"groups": OPERATOR_PAGES, "place": find_place(context["request"].path)}


@register.simple_tag
def operator_pages() -> dict[str, str]:
    """Return the addresses of the operator's own pages, empty where there is none."""
    return {
        "terms_url": get_setting("terms_url"),
        "privacy_url": get_setting("privacy_url"),
        "help_url": get_setting("help_url"),
    }


@lru_cache(maxsize=16)
def _render_part(name: str, language: str, pages: tuple[str, str, str]) -> SafeString:
    terms, privacy, help_page = pages
    return render_to_string(
        f"components/{name}.html", {"terms_url": terms, "privacy_url": privacy, "help_url": help_page}
    )

"""What the frame of every page shows: navigation, person, theme, language."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext as _

from workspaces.models import User
from workspaces.queries import standing_of, unread_count
from workspaces.states import Staff, Theme

THEME_COOKIE = "loggia_theme"


@dataclass(frozen=True)
class NavEntry:
    label: str
    url: str
    current: bool


def chrome(request: HttpRequest) -> dict[str, Any]:
    """Return the frame's context. No query for visitors; one, for the unread count, when it is shown."""
    user = getattr(request, "user", None)
    if not isinstance(user, User) or not user.is_authenticated:
        theme = request.COOKIES.get(THEME_COOKIE, "")
        return {
            "nav": _nav(request, frozenset(), signed_in=False),
            "person": None,
            "theme": theme if theme in Theme.values else Theme.SYSTEM.value,
            "unread_notifications": 0,
            "workspaces_of_person": (),
        }
    standing = standing_of(user)
    return {
        "nav": _nav(request, standing.staff, signed_in=True),
        "person": user,
        "theme": user.theme,
        "unread_notifications": SimpleLazyObject(lambda: unread_count(user)),
        "workspaces_of_person": standing.companies,
    }


def _nav(request: HttpRequest, staff: frozenset[str], *, signed_in: bool) -> list[NavEntry]:
    places = [(_("Store"), "/")]
    if signed_in:
        places += [(_("Chats"), "/c/"), (_("Build"), "/build/"), (_("Earnings"), "/earnings/")]
    if Staff.MODERATOR in staff:
        places.append((_("Moderation"), "/moderation/"))
    if Staff.FINANCE in staff:
        places.append((_("Finance"), "/finance/"))
    if Staff.OPERATOR in staff:
        places.append((_("Models"), "/operator/models"))
    path = request.path
    return [
        NavEntry(label, url, path == url if url == "/" else path.startswith(url)) for label, url in places
    ]

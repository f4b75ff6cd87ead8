"""The context of the page layout: navigation, person, theme, workspaces."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext as _

from core.connections import has_open_scope
from core.scope import Scope, open_scope
from marketplace.queries.header import HeaderFacts, get_header_facts
from workspaces.models import User
from workspaces.queries import NO_ROLES, UserRoles, get_user_roles
from workspaces.states import Staff, Theme
from workspaces.web.session_rules import find_session_grace

THEME_COOKIE = "loggia_theme"


@dataclass(frozen=True)
class NavEntry:
    label: str
    url: str
    current: bool


@dataclass(frozen=True)
class Grace:
    """Until when a workspace lets the person sign in without a second factor."""

    workspace: str
    ends_at: datetime


def chrome(request: HttpRequest) -> dict[str, Any]:
    """Return the layout's context. No query for visitors, else one where HeaderFacts are shown."""
    user = getattr(request, "user", None)
    if not isinstance(user, User) or not user.is_authenticated:
        theme = request.COOKIES.get(THEME_COOKIE, "")
        return {
            "nav": _nav(request, NO_ROLES, signed_in=False),
            "person": None,
            "theme": theme if theme in Theme.values else Theme.SYSTEM.value,
            "unread_notifications": 0,
            "builder_handle": "",
            "workspaces_of_person": (),
            "workspace_logos": {},
            "waiting_staff": (),
            "lacks_second_factor": False,
            "second_factor_grace": None,
        }
    roles = get_user_roles(user)
    facts: Any = SimpleLazyObject(lambda: _get_facts(user))
    return {
        "nav": _nav(request, roles, signed_in=True),
        "person": user,
        "theme": user.theme,
        "unread_notifications": SimpleLazyObject(lambda: facts.unread_notifications),
        "builder_handle": SimpleLazyObject(lambda: facts.builder_handle),
        "workspaces_of_person": roles.companies,
        "workspace_logos": SimpleLazyObject(lambda: facts.logos) if roles.companies else {},
        "waiting_staff": [Staff(role).label for role in sorted(roles.waiting_staff)],
        "lacks_second_factor": bool(roles.staff) and not roles.has_second_factor,
        "second_factor_grace": _get_grace(request, user),
    }


def _get_facts(user: User) -> HeaderFacts:
    # Pages of sign-in servers are rendered without a scope.
    with nullcontext() if has_open_scope() else open_scope(Scope(user_id=user.pk)):
        return get_header_facts(user)


def _get_grace(request: HttpRequest, user: User) -> Grace | None:
    rule = find_session_grace(request, user, at=timezone.now())
    if rule is None or rule.mfa_required_from is None:
        return None
    names = {member.workspace_id: member.name for member in get_user_roles(user).memberships}
    return Grace(names[rule.workspace_id], rule.mfa_required_from)


def _nav(request: HttpRequest, roles: UserRoles, *, signed_in: bool) -> list[NavEntry]:
    staff = roles.staff
    # Who belongs to one company finds its store first; the switcher leads to the public one.
    home = roles.only_company
    entries = [(_("Store"), "/" if home is None else f"/w/{home.slug}/")]
    if signed_in:
        entries += [(_("Chats"), "/c/"), (_("Build"), "/build/"), (_("Earnings"), "/earnings/")]
    if Staff.MODERATOR in staff:
        entries.append((_("Moderation"), "/moderation/"))
    if Staff.FINANCE in staff:
        entries.append((_("Finance"), "/finance/"))
    if Staff.OPERATOR in staff:
        entries.append((_("Operator"), "/operator/"))
    if roles.waiting_staff:
        entries.append((_("Set up staff access"), "/settings/security/"))
    return [
        NavEntry(label, url, request.path == url if place == 0 else request.path.startswith(url))
        for place, (label, url) in enumerate(entries)
    ]

"""The switcher in the header: the workspace that the page belongs to, and the person's other ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from workspaces.models import User, Workspace
from workspaces.queries import Membership, get_user_roles
from workspaces.states import WorkspaceKind

# More workspaces than this get a field to search among them.
SEARCHED_FROM = 8
STORE_URL = "/"
PERSONAL_URL = "/build/"
# Pages of the public store begin with these; they belong to no workspace of the reader.
_STORE_PATHS = (
    "/search",
    "/categories/",
    "/leaderboards",
    "/builders/",
    "/g/",
    "/rules",
    "/how-ranking-works",
)


@dataclass(frozen=True)
class Place:
    """A line of the switcher. ``kind``: company, personal or store, for its mark."""

    kind: str
    name: str
    url: str
    logo_url: str = ""
    is_current: bool = False


@dataclass(frozen=True)
class Switcher:
    current: Place
    companies: list[Place]
    personal: Place
    store: Place

    @property
    def is_searched(self) -> bool:
        return len(self.companies) >= SEARCHED_FROM


def build_switcher(person: User, *, path: str, page: object, logos: Mapping[int, str]) -> Switcher | None:
    """Return the switcher of a page, None for people without a company, who have one place only.

    ``page`` is the workspace or membership whose page this is, or None; ``logos`` holds the keys of logos by
    workspace. No query.
    """
    roles = get_user_roles(person)
    if not roles.companies:
        return None
    current_id, current_kind = _get_current(page, path)
    companies = [
        Place(
            "company",
            one.name,
            f"/w/{one.slug}/",
            _get_logo_url(one, page, logos),
            one.workspace_id == current_id,
        )
        for one in roles.companies
    ]
    personal = Place(
        "personal", str(WorkspaceKind.PERSONAL.label), PERSONAL_URL, "", current_kind == "personal"
    )
    store = Place("store", _("Public store"), STORE_URL, "", current_kind == "store")
    found = next((one for one in (*companies, store) if one.is_current), personal)
    return Switcher(current=found, companies=companies, personal=personal, store=store)


def _get_current(page: object, path: str) -> tuple[int | None, str]:
    """Return the workspace that a page belongs to, and its kind of place."""
    if isinstance(page, Workspace):
        kind = "personal" if page.kind == WorkspaceKind.PERSONAL else "company"
        return page.pk, kind
    if isinstance(page, Membership):
        return page.workspace_id, "company" if page.is_company else "personal"
    return None, "store" if path == STORE_URL or path.startswith(_STORE_PATHS) else "personal"


def _get_logo_url(one: Membership, page: object, logos: Mapping[int, str]) -> str:
    # The page has just read its own workspace, perhaps with a new logo.
    key = (
        page.logo
        if isinstance(page, Workspace) and page.pk == one.workspace_id
        else logos.get(one.workspace_id)
    )
    return f"/{key}" if key else ""


def find_page_workspace(context: Mapping[str, Any]) -> object:
    """Return the workspace that a page says it belongs to, by ``company`` or ``workspace`` of its context."""
    for name in ("company", "workspace"):
        found = context.get(name)
        if isinstance(found, Workspace | Membership):
            return found
    return None

"""The pages of a workspace's administration, in groups, each with the permission that it needs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from workspaces.access import WorkspaceAct
from workspaces.models import User, Workspace
from workspaces.states import WorkspaceKind


@dataclass(frozen=True)
class AdminPage:
    """``place`` marks the current page; ``route`` takes the slug of the workspace."""

    place: str
    label: Any
    route: str
    needs: WorkspaceAct
    is_for_enterprise: bool = False


@dataclass(frozen=True)
class AdminPageLink:
    place: str
    label: Any
    url: str


# Groups of pages in reading order. Pages of higher apps are named by their routes.
ADMIN_PAGES: tuple[tuple[Any, tuple[AdminPage, ...]], ...] = (
    (
        _("People"),
        (
            AdminPage("members", _("Members"), "workspaces:member-list", WorkspaceAct.MANAGE_PEOPLE),
            AdminPage("links", _("Invitation links"), "workspaces:link-list", WorkspaceAct.MANAGE_PEOPLE),
            AdminPage("domains", _("Domains"), "workspaces:domain-list", WorkspaceAct.MANAGE_PEOPLE),
            AdminPage("guests", _("Guests"), "workspaces:guest-list", WorkspaceAct.MANAGE_PEOPLE),
            AdminPage("groups", _("Groups"), "workspaces:group-list", WorkspaceAct.MANAGE_GROUPS),
        ),
    ),
    (
        _("Rules"),
        (
            AdminPage("policy", _("Sharing policy"), "workspaces:policy", WorkspaceAct.MANAGE_POLICY),
            AdminPage(
                "external", _("External GPTs"), "marketplace:external-list", WorkspaceAct.MANAGE_EXTERNAL
            ),
            AdminPage("identity", _("Identity"), "workspaces:identity", WorkspaceAct.MANAGE_IDENTITY),
            AdminPage("keys", _("API keys"), "workspaces:workspace-key-list", WorkspaceAct.MANAGE_IDENTITY),
        ),
    ),
    (
        _("GPTs"),
        (
            AdminPage(
                "store", _("Private store"), "marketplace:store-section-list", WorkspaceAct.MANAGE_STORE
            ),
            AdminPage("gpts", _("All GPTs"), "gpts:gpt-table", WorkspaceAct.MANAGE_GPTS),
            AdminPage("publishing", _("Publishing"), "gpts:publishing-list", WorkspaceAct.MANAGE_GPTS),
            AdminPage("orphans", _("Without an owner"), "gpts:orphan-list", WorkspaceAct.MANAGE_GPTS),
        ),
    ),
    (
        _("Models and money"),
        (
            AdminPage("models", _("Models"), "gpts:workspace-model-list", WorkspaceAct.MANAGE_MODELS),
            AdminPage("budgets", _("Budgets"), "gpts:budget-list", WorkspaceAct.MANAGE_BUDGETS),
            AdminPage("usage", _("Usage and cost"), "gpts:company-usage", WorkspaceAct.VIEW_USAGE),
        ),
    ),
    (
        _("Workspace"),
        (
            AdminPage(
                "settings", _("Settings"), "workspaces:workspace-settings", WorkspaceAct.MANAGE_SETTINGS
            ),
            AdminPage("retention", _("Retention"), "gpts:retention", WorkspaceAct.MANAGE_RETENTION),
            AdminPage(
                "content",
                _("Opening conversations"),
                "gpts:content-access-list",
                WorkspaceAct.OPEN_CONTENT,
                is_for_enterprise=True,
            ),
            AdminPage("audit", _("Audit log"), "workspaces:workspace-audit", WorkspaceAct.VIEW_AUDIT),
        ),
    ),
)


def list_admin_pages(person: User, workspace: Workspace) -> list[tuple[Any, list[AdminPageLink]]]:
    """Return the groups of pages that ``person`` may open, without empty ones. No query."""
    groups = []
    for label, pages in ADMIN_PAGES:
        links = [
            AdminPageLink(page.place, page.label, reverse(page.route, args=[workspace.slug]))
            for page in pages
            if (workspace.kind == WorkspaceKind.ENTERPRISE or not page.is_for_enterprise)
            and person.has_perm(page.needs, workspace)
        ]
        if links:
            groups.append((label, links))
    return groups

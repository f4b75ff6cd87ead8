"""The pages of the operator's console, in groups."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

HOME = "/operator/"


@dataclass(frozen=True)
class OperatorPage:
    """A page; ``place`` marks the current one."""

    place: str
    label: Any
    route: str

    @property
    def url(self) -> str:
        return reverse(self.route)


# Groups of pages in reading order. Pages of other apps are named by their routes.
OPERATOR_PAGES: tuple[tuple[Any, tuple[OperatorPage, ...]], ...] = (
    (
        _("Operator"),
        (
            OperatorPage("overview", _("Overview"), "operator-overview"),
            OperatorPage("jobs", _("Jobs"), "workspaces:operator-job-list"),
            OperatorPage("health", _("Health"), "operator-health"),
            OperatorPage("audit", _("Audit log"), "workspaces:operator-audit"),
        ),
    ),
    (
        _("People and workspaces"),
        (
            OperatorPage("people", pgettext_lazy("accounts", "People"), "workspaces:operator-person-list"),
            OperatorPage("workspaces", _("Workspaces"), "workspaces:operator-workspace-list"),
            OperatorPage("staff", _("Staff"), "workspaces:staff-list"),
        ),
    ),
    (
        _("Instance"),
        (
            OperatorPage("models", _("Models"), "gpts:operator-model-list"),
            OperatorPage("settings", _("Settings"), "workspaces:operator-setting-list"),
            OperatorPage("limits", _("Limits"), "operator-limits"),
        ),
    ),
)


def find_place(path: str) -> str:
    """Return the place of the page at ``path``, or of the list that it belongs to; empty for none."""
    pages = [page for _label, group in OPERATOR_PAGES for page in group]
    found = [page for page in pages if path == page.url or path.startswith(f"{page.url.rstrip('/')}/")]
    return max(found, key=lambda page: len(page.url)).place if found else ""

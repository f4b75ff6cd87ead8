"""The form that names the new owner of GPTs."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from core.picks import Pick
from gpts.assistants.models import GPT
from workspaces.models import User, Workspace
from workspaces.queries import pick_builders
from workspaces.web.company.people_search import people_search_url
from workspaces.web.picks import PickField, PickForm


def build_company_owner_form(tenant: Workspace, data: Any) -> PickForm:
    """Return the form that names the new owner of GPTs of ``tenant``."""
    return _build_form(pick_builders(tenant), people_search_url(tenant, "gpts"), data)


def build_owner_form(gpt: GPT, data: Any = None) -> PickForm:
    """Return the form that names the new owner of one GPT of a company."""
    return _build_form(pick_owners(gpt), reverse("gpts:build-heirs", args=[gpt.slug]), data)


def pick_owners(gpt: GPT) -> Pick[User]:
    """Return the choice among people who may own ``gpt`` after its owner of now."""
    pick = pick_builders(gpt.workspace)
    return replace(pick, rows=pick.rows.exclude(pk=gpt.owner_id))


def _build_form(pick: Pick[User], url: str, data: Any) -> PickForm:
    field = PickField(
        pick,
        url=url,
        label=_("New owner"),
        help_text=_("Type a name and choose, or type an e-mail address. It must be somebody who may build."),
    )
    return PickForm(data, "to", field)

"""Naming a GPT of a workspace in a field with suggestions."""

from __future__ import annotations

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from core.picks import Pick
from gpts.assistants.models import GPT


def pick_gpts(rows: QuerySet[GPT]) -> Pick[GPT]:
    """Return the choice among ``rows``, whose administration the caller has authorised."""
    return Pick(
        rows,
        name="name",
        key="slug",
        unknown=_("No GPT here that could be chosen has this name or address."),
        note=lambda gpt: "" if gpt.deleted_at is None else _("deleted"),
    )

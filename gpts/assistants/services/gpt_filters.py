"""Filters of the table of GPTs that an admin keeps under a name: the person's own, in one workspace."""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from core.errors import Conflict, NotFound
from core.text import clean_line
from gpts.assistants.gpt_filters import GPTFilter
from workspaces.models import Member, User, Workspace

MAX_FILTERS = 20
NAME_LENGTH = 40


@transaction.atomic
def save_gpt_filter(*, workspace: Workspace, name: str, wanted: GPTFilter, by: User) -> None:
    """Keep a filter under a name; the same name replaces it. Not audited: it changes what one person sees.

    The caller has authorised MANAGE_GPTS. Raises InvalidInput for the name, Conflict (``too_many_filters``).
    """
    name = clean_line(name, max_length=NAME_LENGTH, field="name")
    member = _lock(workspace, by)
    others = [one for one in member.gpt_filters if one["name"] != name]
    if len(others) >= MAX_FILTERS:
        raise Conflict(
            _("You have %(count)d saved filters. Delete one that you no longer use.")
            % {"count": MAX_FILTERS},
            code="too_many_filters",
        )
    kept = [*others, {"name": name, "query": wanted.as_query()}]
    member.gpt_filters = sorted(kept, key=lambda one: one["name"].casefold())
    member.save(update_fields=["gpt_filters"])


@transaction.atomic
def delete_gpt_filter(*, workspace: Workspace, name: str, by: User) -> None:
    """Forget a filter; idempotent."""
    member = _lock(workspace, by)
    member.gpt_filters = [one for one in member.gpt_filters if one["name"] != name]
    member.save(update_fields=["gpt_filters"])


def _lock(workspace: Workspace, user: User) -> Member:
    member = Member.objects.select_for_update(of=("self",)).filter(workspace=workspace, user=user).first()
    if member is None:
        raise NotFound(_("There is nothing here, or it is not for you."), code="not_found")
    return member

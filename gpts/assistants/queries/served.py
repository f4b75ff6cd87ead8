"""Live versions that are served now.

The sharing policy, the owner's state and a name that a decision prohibited may pause those outside.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery

from gpts.assistants.models import GPT, LiveVersion, PastVersion
from gpts.assistants.states import OPEN_AUDIENCES, Audience
from workspaces.models import ProtectedName, User
from workspaces.policy import Act, gpt_targets
from workspaces.queries import load_policies_of, load_policy
from workspaces.states import NameProtection


def may_leave_workspace(gpt: str) -> Q:
    """Return the condition that a GPT may be served outside its workspace.

    ``gpt`` is the prefix of its columns ("gpt__") or empty.
    Not while its workspace keeps GPTs inside or is archived, or its owner is suspended as a builder, nor once
    the person of a personal workspace has closed their account: nobody would answer for it.
    """
    return (
        Q(**{f"{gpt}owner__publishing_suspended_at__isnull": True})
        & (Q(**{f"{gpt}workspace__person__isnull": True}) | Q(**{f"{gpt}owner__is_active": True}))
        & Q(**{f"{gpt}workspace__keeps_inside": False, f"{gpt}workspace__archived_at__isnull": True})
    )


def list_served_versions() -> QuerySet[LiveVersion]:
    """Return the live versions that people get now: all readers of live versions begin here.

    Rows stay while they are paused, and are served again once the reason has gone.
    """
    prohibited = ProtectedName.objects.filter(name=OuterRef("version__name"), kind=NameProtection.PROHIBITED)
    is_named_badly = Q(Exists(prohibited), audience=Audience.LINK)
    return LiveVersion.objects.filter(
        Q(is_paused=False),
        ~Q(audience__in=OPEN_AUDIENCES) | (may_leave_workspace("gpt__") & ~is_named_badly),
    )


def list_with_owner_state() -> QuerySet[LiveVersion]:
    """Return live versions, also paused ones, with what pick_served needs to know of the GPT's owner."""
    owner = User.objects.filter(pk=OuterRef("gpt__owner_id"))
    return LiveVersion.objects.annotate(
        owner_suspended_at=Subquery(owner.values("publishing_suspended_at")),
        owner_is_active=Subquery(owner.values("is_active")),
    )


def pick_served(rows: Iterable[LiveVersion]) -> dict[str, LiveVersion]:
    """Return by audience those of one GPT's live versions that list_served_versions would include.

    ``rows`` are of list_with_owner_state, with their version, their GPT and its workspace. Every turn of a
    chat asks for them together with their models. PostgreSQL plans that query, with row-level security on
    each table, several times as fast without the conditions above and without joining the owner.
    """
    found = {row.audience: row for row in rows if not row.is_paused}
    outside = [audience for audience in OPEN_AUDIENCES if audience in found]
    if outside and not _may_leave(found[outside[0]]):
        return {audience: row for audience, row in found.items() if audience not in OPEN_AUDIENCES}
    if Audience.LINK in found:
        name = found[Audience.LINK].version.name
        if ProtectedName.objects.filter(name=name, kind=NameProtection.PROHIBITED).exists():
            del found[Audience.LINK]
    return found


def _may_leave(row: Any) -> bool:
    """Return what may_leave_workspace says of the row's GPT."""
    workspace = row.gpt.workspace
    is_kept = workspace.keeps_inside or workspace.archived_at is not None
    if is_kept or row.owner_suspended_at is not None:
        return False
    return bool(workspace.person_id is None or row.owner_is_active)


def is_still_served(version_id: int, audiences: Iterable[str]) -> bool:
    """Whether one of ``audiences`` gets a version, or got it until a newer one replaced it.

    A version that its owner or a moderator took back is served to nobody.
    """
    served = {"version_id": version_id, "audience__in": list(audiences)}
    return LiveVersion.objects.filter(**served).exists() or PastVersion.objects.filter(**served).exists()


def is_free_to_leave(gpt: GPT) -> bool:
    """Return whether the GPT may be in the store now, also by the rules of its workspace."""
    is_free = GPT.objects.filter(may_leave_workspace(""), pk=gpt.pk).exists()
    return is_free and not find_refused([gpt], Act.PUBLISH)


def find_refused(gpts: Collection[GPT], act: Act) -> set[int]:
    """Return the ids of those GPTs whose owner may not do ``act`` with them, by the rules of the workspace.

    One query, and one more for each owner who is no member of the GPT's workspace any more.
    """
    policies = load_policies_of({gpt.owner_id for gpt in gpts})
    refused = set()
    for gpt in gpts:
        found = policies[gpt.owner_id].find(gpt.workspace_id) or load_policy(gpt.owner_id, gpt.workspace_id)
        if not found.judge(act).decide(gpt_targets(gpt.pk)).is_allowed:
            refused.add(gpt.pk)
    return refused

"""Reads what companies decided about GPTs of other workspaces, and what their members asked for."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from django.db import connection
from django.db.models import F, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Now

from gpts.assistants.models import GPT, Adoption, AdoptionRequest, LiveVersion, Version
from gpts.assistants.queries.served import list_served_versions
from gpts.assistants.states import AdoptionState, Audience, RequestState
from workspaces.models import Group, User, Workspace
from workspaces.queries import ExternalGPT

Row = TypeVar("Row", Adoption, AdoptionRequest)


@dataclass(frozen=True)
class PersonAdoptions:
    """What the companies of one person decided, by workspace.

    ``approved`` holds the GPTs that are approved for this person now, each with the pinned version;
    ``blocked`` those that nobody there may use.
    """

    approved: Mapping[int, Mapping[int, int]] = field(default_factory=dict)
    blocked: Mapping[int, frozenset[int]] = field(default_factory=dict)

    def describe(self, gpt_id: int, workspace_id: int) -> ExternalGPT:
        return ExternalGPT(
            gpt_id,
            workspace_id,
            approved_in=frozenset(place for place, gpts in self.approved.items() if gpt_id in gpts),
            blocked_in=frozenset(place for place, gpts in self.blocked.items() if gpt_id in gpts),
        )


def load_adoptions(person_id: int, *, gpts: Collection[int] | None = None) -> PersonAdoptions:
    """Return what concerns a person, in one query and in any open scope; ``gpts`` limits it to some."""
    return load_adoptions_of([person_id], gpts=gpts)[person_id]


def load_adoptions_of(
    people: Collection[int], *, gpts: Collection[int] | None = None
) -> dict[int, PersonAdoptions]:
    """Return what load_adoptions returns for each of ``people``, in one query."""
    approved: dict[int, dict[int, dict[int, int]]] = {}
    blocked: dict[int, dict[int, frozenset[int]]] = {}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT * FROM gpts_adoptions_of(%s::bigint[], %s::bigint[])",
            [list(people), None if gpts is None else list(gpts)],
        )
        for person, place, gpt, version, is_blocked in cursor.fetchall():
            if is_blocked:
                places = blocked.setdefault(person, {})
                places[place] = places.get(place, frozenset()) | {gpt}
            else:
                approved.setdefault(person, {}).setdefault(place, {})[gpt] = version
    return {person: PersonAdoptions(approved.get(person, {}), blocked.get(person, {})) for person in people}


@dataclass(frozen=True)
class CompanyAdoptions:
    """GPTs that one company approved, for everyone or for members of groups, and those that it blocked."""

    everyone: frozenset[int]
    by_groups: Mapping[int, frozenset[int]]
    blocked: frozenset[int]

    @property
    def approved(self) -> frozenset[int]:
        return self.everyone | self.by_groups.keys()


def load_company_adoptions(workspace_id: int) -> CompanyAdoptions:
    """Return what holds now in a company, in one query; in a scope that shows its adoptions."""
    is_approved = Q(state=AdoptionState.APPROVED, expires_at__gt=Now())
    rows = Adoption.objects.filter(is_approved | Q(state=AdoptionState.BLOCKED), workspace_id=workspace_id)
    everyone, by_groups, blocked = set(), {}, set()
    for gpt_id, state, is_for_everyone, groups in rows.values_list(
        "gpt_id", "state", "is_for_everyone", "group_ids"
    ):
        if state == AdoptionState.BLOCKED:
            blocked.add(gpt_id)
        elif is_for_everyone:
            everyone.add(gpt_id)
        else:
            by_groups[gpt_id] = frozenset(groups)
    return CompanyAdoptions(frozenset(everyone), by_groups, frozenset(blocked))


# For pages --------------------------------------------------------------------------------------------------


def find_public_version(gpt: GPT) -> Version | None:
    """Return the version of the public store, None when it is not served there now."""
    row = list_served_versions().filter(gpt=gpt, audience=Audience.PUBLIC).select_related("version").first()
    return None if row is None else row.version


def list_adoptions(workspace: Workspace) -> QuerySet[Adoption]:
    """Return what a company decided, each with ``public_version``, ``public_number`` and ``public_name``.

    These are None for a GPT that the store does not have any more.
    """
    return _annotate_public(
        Adoption.objects.filter(workspace=workspace).select_related("gpt", "version", "decided_by")
    ).order_by("-decided_at", "-id")


def list_open_requests(workspace: Workspace) -> QuerySet[AdoptionRequest]:
    """Return open requests, the oldest first, annotated as list_adoptions."""
    rows = AdoptionRequest.objects.filter(workspace=workspace, state=RequestState.OPEN)
    return _annotate_public(rows.select_related("gpt", "requested_by")).order_by("id")


def list_own_requests(workspace: Workspace, user: User) -> QuerySet[AdoptionRequest]:
    """Return what a member asked for, the newest first, annotated as list_adoptions."""
    rows = _exclude_withdrawn(AdoptionRequest.objects.filter(workspace=workspace, requested_by=user))
    return _annotate_public(rows.select_related("gpt", "requested_by")).order_by("-id")


def find_last_request(workspace_id: int, gpt: GPT, user: User) -> AdoptionRequest | None:
    """Return what a member asked for last and did not take back."""
    rows = AdoptionRequest.objects.filter(workspace_id=workspace_id, gpt=gpt, requested_by=user)
    return _exclude_withdrawn(rows).order_by("-id").first()


def _exclude_withdrawn(rows: QuerySet[AdoptionRequest]) -> QuerySet[AdoptionRequest]:
    return rows.exclude(state=RequestState.WITHDRAWN)


def find_adoption(workspace_id: int, gpt: GPT) -> Adoption | None:
    return Adoption.objects.filter(workspace_id=workspace_id, gpt=gpt).select_related("version").first()


def find_group_names(workspace: Workspace, adoptions: Collection[Adoption]) -> dict[int, str]:
    """Return the names of the groups that ``adoptions`` are for; deleted groups are left out."""
    wanted = {pk for adoption in adoptions for pk in adoption.group_ids}
    rows = Group.objects.filter(workspace=workspace, pk__in=wanted)
    return dict(rows.values_list("pk", "name")) if wanted else {}


def _annotate_public(rows: QuerySet[Row]) -> QuerySet[Row]:
    live = LiveVersion.objects.filter(gpt=OuterRef("gpt_id"), audience=Audience.PUBLIC)
    return rows.annotate(
        public_version=Subquery(live.values("version_id")[:1]),
        public_number=Subquery(live.values("version__number")[:1]),
        public_name=Subquery(live.values("version__name")[:1]),
        gpt_slug=F("gpt__slug"),
    )


def has_newer_version(adoption: Adoption) -> bool:
    """Return whether the store serves another version than the pinned one; for rows of list_adoptions."""
    public = getattr(adoption, "public_version", None)
    return adoption.state == AdoptionState.APPROVED and public is not None and public != adoption.version_id

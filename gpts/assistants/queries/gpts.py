"""Queries for GPTs, their live versions, and the relation of a person to a GPT."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Case, Exists, Max, OuterRef, Q, QuerySet, Subquery, Value, When

from core.scope import NOBODY, current_scope, open_scope
from gpts.assistants.models import GPT, GPTShare, LiveVersion, Version
from gpts.assistants.queries.served import list_served_versions, list_with_owner_state, pick_served
from gpts.assistants.queries.shares import filter_shares_with, find_right, is_guest_of, list_guest_places
from gpts.assistants.rules import GPTRelation, list_reached_audiences
from gpts.assistants.states import Audience, ShareRight
from gpts.llm.catalogue import list_chat_models
from gpts.llm.models import LanguageModel
from workspaces.models import Member, User, Workspace
from workspaces.policy import Act, model_targets
from workspaces.queries import (
    count_inside,
    get_user_roles,
    is_active_member,
    list_scope_memberships,
    load_policy,
)
from workspaces.states import ADMIN_ROLES, COMPANY_KINDS, Role


@contextmanager
def gpt_workspace_scope(gpt: GPT) -> Iterator[None]:
    """Add the GPT's workspace to the row-level scope, for callers that have authorised the person.

    Needed to answer people outside of the workspace from a GPT's knowledge, which row-level security limits
    to the workspace.
    """
    scope = current_scope()
    if scope.system or gpt.workspace_id in scope.workspace_ids:
        yield
        return
    with open_scope(replace(scope, workspace_ids=(*scope.workspace_ids, gpt.workspace_id))):
        yield


def find_gpt(slug: str) -> GPT | None:
    """Return the GPT with this address, or that had it provisionally, unless it is deleted.

    Does not authorise: see gpts.assistants.access.
    """
    if "\x00" in slug:
        return None
    return (
        GPT.objects.select_related("workspace", "owner", "language_model__provider")
        .filter(Q(slug=slug) | Q(former_slug=slug), deleted_at__isnull=True)
        .first()
    )


def find_gpt_with_live_versions(slug: str) -> tuple[GPT | None, dict[str, Version] | None]:
    """Return find_gpt with its live versions by audience, in one query when there are any.

    Does not authorise.
    """
    rows = (
        list_with_owner_state()
        .select_related("gpt__workspace", "version__language_model__provider")
        .filter(gpt__slug=slug, gpt__deleted_at__isnull=True)
        if "\x00" not in slug
        else ()
    )
    live = pick_served(rows)
    if not live:
        return find_gpt(slug), None
    return next(iter(live.values())).gpt, {audience: row.version for audience, row in live.items()}


def get_relation(user: User, gpt: GPT) -> GPTRelation:
    """Return the current relation of ``user`` to ``gpt``.

    An API key of one workspace has no role in the person's other workspaces: the scope lacks them.
    """
    audiences = list_served_versions().filter(gpt=gpt).values_list("audience", flat=True)
    relation = _build_relation(user, gpt, frozenset(audiences))
    if relation.role in ADMIN_ROLES and gpt.owner_id != user.pk:
        return replace(relation, has_no_owner=not is_active_member(gpt.owner_id, gpt.workspace_id))
    return relation


def get_relation_and_version(
    user: User, gpt: GPT, live: dict[str, Version] | None = None
) -> tuple[GPTRelation, Version | None]:
    """Return get_relation and find_live_version in one query, or in none when ``live`` is given.

    One more for a GPT with shares. Every turn of a chat needs both; whether the GPT has an owner matters to
    none.
    """
    live = list_live_by_audience(gpt) if live is None else live
    relation = _build_relation(user, gpt, frozenset(live))
    return relation, _choose_version(gpt, live, relation)


def _build_relation(user: User, gpt: GPT, audiences: frozenset[str]) -> GPTRelation:
    scope = current_scope()
    membership = get_user_roles(user).membership_in(gpt.workspace_id)
    is_in_scope = scope.system != "" or gpt.workspace_id in scope.workspace_ids
    role = membership.role if membership is not None and is_in_scope else ""
    return GPTRelation(
        user_id=user.pk,
        is_active=user.is_active,
        role=role,
        is_bound_by_block=gpt.blocked_at is not None
        and (membership is not None or is_guest_of(user.pk, gpt.workspace_id)),
        audiences=audiences,
        right="" if gpt.owner_id == user.pk else find_right(user.pk, gpt, is_member=role != ""),
    )


def find_company(user: User, gpt: GPT) -> Workspace | None:
    """Return the company of a GPT for its members, whose pages carry its name, logo and accent. No query."""
    is_company = gpt.workspace.kind in COMPANY_KINDS
    return gpt.workspace if is_company and get_user_roles(user).membership_in(gpt.workspace_id) else None


def find_live_version(user: User, gpt: GPT) -> Version | None:
    """Return the version that answers this person, None when no version is live for them."""
    relation = get_relation(user, gpt)
    return _choose_version(gpt, list_live_by_audience(gpt), relation)


def list_live_by_audience(gpt: GPT) -> dict[str, Version]:
    rows = list_with_owner_state().filter(gpt=gpt).select_related("version__language_model__provider")
    for row in rows:
        row.gpt = gpt  # with its workspace
    return {audience: row.version for audience, row in pick_served(rows).items()}


def _choose_version(gpt: GPT, live: dict[str, Version], relation: GPTRelation) -> Version | None:
    return next((live[audience] for audience in list_reached_audiences(gpt, relation)), None)


def get_live_versions(gpt: GPT) -> dict[str, LiveVersion]:
    """Return the live versions by audience, also those that are paused: for the GPT's own pages."""
    rows = LiveVersion.objects.filter(gpt=gpt).select_related("version")
    return {row.audience: row for row in rows}


def list_visible_gpts(user: User) -> QuerySet[GPT]:
    """Return the GPTs that ``user`` may chat with and may find: live for them, or their own."""
    live = list_served_versions().filter(gpt=OuterRef("pk"))
    memberships = list_scope_memberships(user).values("workspace_id")
    inside = Q(workspace_id__in=memberships)
    shares = GPTShare.objects.filter(filter_shares_with(user.pk), gpt=OuterRef("pk"))
    is_invited = Q(has_shares=True) & Exists(shares) & Exists(live.filter(audience=Audience.SHARED))
    # GPTs that are live by link only, in the workspace or anywhere, are not listed.
    guest_shares = GPTShare.objects.filter(
        Exists(list_guest_places(user.pk)), gpt=OuterRef("pk"), user_id=user.pk
    )
    is_guest = Q(has_shares=True) & Exists(guest_shares) & Exists(live.filter(audience=Audience.SHARED))
    is_open = Q(blocked_at__isnull=True)
    # A block binds members also by a key of another workspace.
    own = [membership.workspace_id for membership in get_user_roles(user).memberships]
    is_outside = ~Q(workspace_id__in=own) & ~Exists(list_guest_places(user.pk))
    reach = (
        (Exists(live.filter(audience=Audience.PUBLIC)) & (is_open | is_outside))
        | (is_open & is_guest)
        | (
            is_open
            & inside
            & (Q(owner_id=user.pk) | Exists(live.filter(audience=Audience.WORKSPACE)) | is_invited)
        )
    )
    return (
        GPT.objects.filter(
            reach, deleted_at__isnull=True, quarantined_at__isnull=True, workspace__suspended_at__isnull=True
        )
        .select_related("workspace", "owner")
        .order_by("-updated_at", "-id")
    )


def list_gpts_of(workspace: Workspace) -> QuerySet[GPT]:
    """Return every GPT of a workspace whose administration the caller has authorised."""
    return GPT.objects.filter(workspace=workspace, deleted_at__isnull=True)


def list_own_gpts(user: User, *, workspace: Workspace | None = None) -> QuerySet[GPT]:
    """Return the person's own GPTs, annotated with ``live_audiences`` and with ``live_version`` and
    ``newest_version`` (the highest numbers, or None)."""
    return _annotate_versions(_list_in_scope(user, workspace).filter(owner_id=user.pk))


def list_shared_gpts(user: User, *, workspace: Workspace | None = None) -> QuerySet[GPT]:
    """Return other people's GPTs whose settings shares let the person view, annotated as list_own_gpts.

    ``is_editable`` says whether one of the shares gives the right to edit.
    """
    shares = GPTShare.objects.filter(filter_shares_with(user.pk), gpt=OuterRef("pk"))
    found = _list_in_scope(user, workspace).exclude(owner_id=user.pk)
    found = found.filter(
        Exists(shares.filter(right__in=(ShareRight.VIEW, ShareRight.EDIT))),
        has_shares=True,
        quarantined_at__isnull=True,
    )
    return _annotate_versions(found).annotate(is_editable=Exists(shares.filter(right=ShareRight.EDIT)))


def _list_in_scope(user: User, workspace: Workspace | None) -> QuerySet[GPT]:
    memberships = list_scope_memberships(user).values("workspace_id")
    found = GPT.objects.filter(workspace_id__in=memberships, deleted_at__isnull=True)
    return found if workspace is None else found.filter(workspace=workspace)


def _annotate_versions(found: QuerySet[GPT]) -> QuerySet[GPT]:
    audiences = (
        LiveVersion.objects.filter(gpt=OuterRef("pk")).order_by("audience").values_list("audience", flat=True)
    )
    served = (
        LiveVersion.objects.filter(gpt=OuterRef("pk"))
        .values("gpt")
        .annotate(top=Max("version__number"))
        .values("top")
    )
    newest = (
        Version.objects.filter(gpt=OuterRef("pk")).values("gpt").annotate(top=Max("number")).values("top")
    )
    return (
        found.select_related("workspace", "language_model", "owner")
        .annotate(
            live_audiences=ArraySubquery(audiences),
            live_version=Subquery(served),
            newest_version=Subquery(newest),
        )
        .order_by("-updated_at", "-id")
    )


def list_available_models(workspace: Workspace) -> QuerySet[LanguageModel]:
    """Return the chat models that a GPT of ``workspace`` may use, the best default first."""
    return list_chat_models(workspace)


def keep_allowed(models: list[LanguageModel], *, user_id: int, workspace_id: int) -> list[LanguageModel]:
    """Return those of ``models`` that the workspace's policy lets the person use, in one query."""
    judged = load_policy(user_id, workspace_id).judge(Act.USE_MODEL)
    return [model for model in models if judged.decide(model_targets(model.pk, model.provider_id)).is_allowed]


def find_default_model(workspace: Workspace, *, user_id: int) -> LanguageModel | None:
    """Return the model of a GPT whose builder chose none: the first that the policy lets the builder use.

    None if it allows none, and before ensure_providers ran.
    """
    offered = list(list_available_models(workspace))
    return next(iter(keep_allowed(offered, user_id=user_id, workspace_id=workspace.pk)), None)


def get_payee_id(gpt: GPT) -> int:
    """Return who earns by the GPT now: its owner while a member of its workspace, else the longest-serving
    owner of the workspace, to whom the GPT has fallen. What was earned before stays with its payee."""
    if gpt.workspace.person_id == gpt.owner_id:
        return gpt.owner_id  # nobody else is a member
    # A stranger who chats does not see the members of the GPT's workspace.
    with nullcontext() if current_scope() == NOBODY else gpt_workspace_scope(gpt):
        found = _find_payee(gpt)
    return gpt.owner_id if found is None else found


def _find_payee(gpt: GPT) -> int | None:
    members = Member.objects.filter(workspace_id=gpt.workspace_id, user__is_active=True)
    return (
        members.filter(Q(user_id=gpt.owner_id) | Q(role=Role.OWNER))
        .annotate(is_gpts_owner=Case(When(user_id=gpt.owner_id, then=Value(0)), default=Value(1)))
        .order_by("is_gpts_owner", "joined_at", "pk")
        .values_list("user_id", flat=True)
        .first()
    )


def count_workspace_gpts(workspace_id: int) -> int:
    """Return how many GPTs a workspace has, for operators (already authorised)."""
    with count_inside([workspace_id]):
        return GPT.objects.filter(workspace_id=workspace_id, deleted_at__isnull=True).count()

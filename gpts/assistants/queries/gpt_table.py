"""The GPTs of a workspace for its admins: owner, access, model and use. Never anything of a conversation."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import Exists, OuterRef, Prefetch, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from gpts.assistants.gpt_filters import NONE, GPTFilter
from gpts.assistants.models import GPT, GPTShare, LiveVersion
from gpts.assistants.states import AUDIENCE_ORDER, Audience, ShareRight
from gpts.llm.models import LanguageModel
from workspaces.models import Group, Member, User, Workspace

# Owners, groups and models that a filter offers.
OFFERED = 500
# Groups that are named in the words about who has access.
NAMED_GROUPS = 3


@dataclass(frozen=True)
class FilterChoices:
    """What the filters offer, each by name."""

    owners: list[User]
    groups: list[Group]
    models: list[LanguageModel]


def list_company_gpts(workspace: Workspace, wanted: GPTFilter, *, today: date) -> QuerySet[GPT]:
    """Return the GPTs with ``has_owner``, owner, model, live versions and shares; three queries in all.

    The caller has authorised MANAGE_GPTS and chooses the order (ORDER_COLUMNS).
    """
    seats = Member.objects.filter(
        workspace_id=OuterRef("workspace_id"), user_id=OuterRef("owner_id"), user__is_active=True
    )
    rows = GPT.objects.filter(workspace=workspace, deleted_at__isnull=True).annotate(has_owner=Exists(seats))
    if wanted.q:
        rows = rows.filter(name__icontains=wanted.q)
    if wanted.owner == NONE:
        rows = rows.filter(has_owner=False)
    elif wanted.owner:
        rows = rows.filter(owner_id=int(wanted.owner))
    if wanted.group:
        shares = GPTShare.objects.filter(gpt=OuterRef("pk"), group_id=int(wanted.group))
        rows = rows.filter(Exists(shares))
    if wanted.audience:
        live = LiveVersion.objects.filter(gpt=OuterRef("pk"))
        if wanted.audience == NONE:
            rows = rows.filter(~Exists(live))
        else:
            rows = rows.filter(Exists(live.filter(audience=wanted.audience)))
    if wanted.model:
        rows = rows.filter(language_model_id=int(wanted.model))
    if wanted.unused:
        rows = rows.filter(last_used_date__lt=today - timedelta(days=int(wanted.unused)))
    return rows.select_related("owner", "language_model", "workspace").prefetch_related(
        Prefetch("live_versions", LiveVersion.objects.order_by("pk")),
        Prefetch("shares", GPTShare.objects.select_related("group").order_by("pk")),
    )


def read_filter_choices(workspace: Workspace) -> FilterChoices:
    """Return the owners, groups and models by which the workspace's GPTs can be filtered. Three queries."""
    gpts = GPT.objects.filter(workspace=workspace, deleted_at__isnull=True)
    owners = User.objects.filter(pk__in=gpts.order_by().values("owner_id"))
    groups = Group.objects.filter(workspace=workspace)
    models = LanguageModel.objects.filter(pk__in=gpts.order_by().values("language_model_id"))
    return FilterChoices(
        owners=list(owners.order_by("display_name", "pk")[:OFFERED]),
        groups=list(groups.order_by("name", "pk")[:OFFERED]),
        models=list(models.order_by("label", "pk")[:OFFERED]),
    )


def describe_access(gpt: GPT) -> list[str]:
    """Return who has access in words, the narrowest first; for rows of list_company_gpts. No query."""
    live = {row.audience: row for row in gpt.live_versions.all()}
    shares = list(gpt.shares.all())
    words = []
    for audience in AUDIENCE_ORDER:
        if audience == Audience.SHARED and Audience.SHARED in live:
            words.append(_describe_shares(shares) or _("Nobody yet: no person or group is named"))
        elif audience in live:
            paused = live[audience].is_paused
            words.append(
                _("%(audience)s (held by a rule)") % {"audience": audience.label}
                if paused
                else str(audience.label)
            )
    if not live:
        words.append(_("Nobody: it is a draft"))
    editors = sum(share.right == ShareRight.EDIT for share in shares)
    if editors:
        text = ngettext("%(count)d share lets edit", "%(count)d shares let edit", editors)
        words.append(text % {"count": editors})
    return words


def _describe_shares(shares: list[GPTShare]) -> str:
    groups = [share.group.name for share in shares if share.group is not None]
    people = sum(share.group is None for share in shares)
    parts = []
    if people:
        parts.append(ngettext("%(count)d person", "%(count)d people", people) % {"count": people})
    parts += groups[:NAMED_GROUPS]
    others = len(groups) - NAMED_GROUPS
    if others > 0:
        parts.append(ngettext("%(count)d more group", "%(count)d more groups", others) % {"count": others})
    return _(", ").join(parts)


def list_gpt_filters(workspace: Workspace, user: User) -> list[dict[str, str]]:
    """Return the filters that a member saved, each with ``name`` and ``query``."""
    saved = Member.objects.filter(workspace=workspace, user=user).values_list("gpt_filters", flat=True)
    return list(saved.first() or [])

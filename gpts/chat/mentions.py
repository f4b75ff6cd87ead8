"""Which GPTs a person may call: into a conversation with "@", or for a new chat."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from django.db.models import Exists, Max, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from core.errors import Conflict
from gpts.assistants.access import access_chat, pin_version
from gpts.assistants.external import build_usable_filter
from gpts.assistants.models import GPT, GPTShare, LiveVersion, Version
from gpts.assistants.queries.served import list_served_versions
from gpts.assistants.queries.shares import filter_shares_with
from gpts.assistants.states import AUDIENCE_ORDER, OPEN_AUDIENCES, Audience
from gpts.chat.models import Conversation
from workspaces.models import User
from workspaces.queries import list_scope_memberships

SUGGESTIONS = 8
CHOICES = 24
RECENT_GPTS = 30
OWN_GPTS = 200
NAME_LENGTH = 50


@dataclass(frozen=True)
class Mention:
    """A GPT that may be called, as in its live version. ``kind``: recent, workspace or public."""

    slug: str
    name: str
    description: str
    icon: str
    category: str
    kind: str
    is_own: bool = False


@dataclass(frozen=True)
class ChatChoices:
    """GPTs to begin a chat with, none twice: the latest used first, the others by name."""

    recent: list[Mention]
    own: list[Mention]
    workspace: list[Mention]
    public: list[Mention]


def access_mention(user: User, slug: str, *, payer_id: int) -> tuple[GPT, Version]:
    """Return a GPT that ``user`` may call now, and the version that answers when ``payer_id`` pays.

    NotFound when it is unknown, deleted or not for this person, Forbidden while quarantined and when a
    company of the person does not allow GPTs from outside (``external_not_allowed``), Conflict
    (``gpt_not_live``) for a GPT of their own with only a draft.
    """
    gpt, version, relation = access_chat(user, slug)
    version, _relation = pin_version(user, gpt, version, relation, payer_id=payer_id)
    if version is None:
        raise Conflict(
            _("This GPT has no live version yet, so it cannot be called."), code="gpt_not_live", field="gpt"
        )
    return gpt, version


def list_mentions(user: User, text: str, *, in_store: Collection[str]) -> list[Mention]:
    """List GPTs with ``text`` in their name: recently used ones, then the workspaces', then the store's.

    ``in_store`` are the slugs that the store finds for the text, by an index of its own.
    """
    return _list_ranked(user, text, in_store=in_store)[:SUGGESTIONS]


def list_chat_choices(user: User, text: str, *, in_store: Collection[str]) -> ChatChoices:
    """List GPTs with ``text`` in their name by kind, those of the store as list_mentions does."""
    recent: list[Mention] = []
    own: list[Mention] = []
    workspace: list[Mention] = []
    public: list[Mention] = []
    for mention in _list_ranked(user, text, adds_own=True, in_store=in_store):
        if mention.kind == "recent" and len(recent) < (CHOICES if text else SUGGESTIONS):
            recent.append(mention)
        elif mention.is_own:
            own.append(mention)
        elif mention.kind == "recent":
            continue
        elif mention.kind == "public":
            public.append(mention)
        else:
            workspace.append(mention)
    return ChatChoices(recent, own[:CHOICES], workspace[:CHOICES], public[:SUGGESTIONS])


def list_familiar_gpts(user: User, text: str) -> list[Mention]:
    """List GPTs with ``text`` in their name that the person used lately or owns, the latest used first."""
    return _list_ranked(user, text, adds_own=True, is_familiar=True)


def _list_ranked(
    user: User,
    text: str,
    *,
    adds_own: bool = False,
    is_familiar: bool = False,
    in_store: Collection[str] = (),
) -> list[Mention]:
    text = text.strip()[:NAME_LENGTH]
    recent = _list_recent_gpts(user)
    best: dict[int, tuple[int, Mention]] = {}
    for row in _list_candidates(
        user, text, set(recent), adds_own=adds_own, is_familiar=is_familiar, in_store=in_store
    ):
        rank = AUDIENCE_ORDER.index(Audience(row.audience))
        known = best.get(row.gpt_id)
        if known is not None and known[0] <= rank:
            continue
        best[row.gpt_id] = (rank, _build_mention(row, recent, user))
    order_of_kind = {"recent": 0, "workspace": 1, "public": 2}
    last_used = {gpt_id: index for index, gpt_id in enumerate(recent)}
    ranked = sorted(
        best.items(),
        key=lambda item: (
            order_of_kind[item[1][1].kind],
            last_used.get(item[0], 0),
            item[1][1].name.casefold(),
        ),
    )
    return [mention for _gpt_id, (_rank, mention) in ranked]


def _list_recent_gpts(user: User) -> list[int]:
    """The GPTs of the person's conversations, the latest first."""
    workspaces = list_scope_memberships(user).values("workspace_id")
    return list(
        Conversation.objects.filter(
            user_id=user.pk,
            workspace_id__in=workspaces,
            deleted_at__isnull=True,
            is_temporary=False,
            version__isnull=False,
        )
        .values("gpt_id")
        .annotate(last=Max("updated_at"))
        .order_by("-last")
        .values_list("gpt_id", flat=True)[:RECENT_GPTS]
    )


def _list_candidates(
    user: User,
    text: str,
    recent: set[int],
    *,
    adds_own: bool,
    is_familiar: bool,
    in_store: Collection[str],
) -> list[LiveVersion]:
    """Read the rows of GPTs that may be called; with ``is_familiar`` only recent and own ones."""
    is_own = Q(gpt__owner=user) if adds_own else Q(pk__in=[])
    members = list(list_scope_memberships(user).values_list("workspace_id", flat=True))
    is_inside = Q(gpt__workspace_id__in=members)
    is_invited = Exists(GPTShare.objects.filter(filter_shares_with(user.pk), gpt=OuterRef("gpt_id")))
    rows = (
        list_served_versions()
        .filter(
            # GPTs shared by link are suggested only to people who have used them: nobody else knows the link.
            Q(audience=Audience.PUBLIC)
            | (is_inside & Q(audience=Audience.WORKSPACE))
            | (is_inside & Q(audience=Audience.SHARED, gpt__has_shares=True) & is_invited)
            | Q(audience=Audience.LINK, gpt_id__in=recent)
            | (is_inside & Q(audience=Audience.UNLISTED, gpt_id__in=recent))
            | (is_inside & is_own),
            gpt__deleted_at__isnull=True,
            gpt__quarantined_at__isnull=True,
            gpt__workspace__suspended_at__isnull=True,
        )
        .filter(Q(gpt__blocked_at__isnull=True) | ~is_inside)
        .filter(build_usable_filter(user, gpt="gpt__"))
        .select_related("version", "gpt")
    )
    # Each part by an index of its own: for a condition over both tables PostgreSQL reads all GPTs, and this
    # runs while people type.
    if is_familiar:
        own = GPT.objects.filter(owner=user, deleted_at__isnull=True).order_by("-updated_at")
        parts = [rows.filter(gpt_id__in={*recent, *own.values_list("pk", flat=True)[:OWN_GPTS]})]
    else:
        parts = [rows.filter(gpt_id__in=recent)] if recent else []
        parts.append(rows.filter(is_inside).exclude(gpt_id__in=recent))
    if text:
        parts = [part.filter(version__name__icontains=text) for part in parts]
    limit = 4 * (CHOICES if adds_own else SUGGESTIONS)
    found = [row for part in parts for row in part.order_by("-gpt__updated_at")[:limit]]
    if text and in_store:
        found += list(rows.filter(audience=Audience.PUBLIC, gpt__slug__in=in_store))
    return found


def _build_mention(row: LiveVersion, recent: list[int], user: User) -> Mention:
    version = row.version
    kind = "public" if row.audience in OPEN_AUDIENCES else "workspace"
    if row.gpt_id in recent:
        kind = "recent"
    return Mention(
        row.gpt.slug,
        version.name,
        version.description,
        version.icon,
        version.category,
        kind,
        is_own=row.gpt.owner_id == user.pk,
    )

"""Calling another GPT into a conversation by "@": who may be called, and which are offered while typing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import Max, Q
from django.utils.translation import gettext_lazy as _

from core.errors import Conflict
from gpts.assistants.access import access_chat
from gpts.assistants.models import GPT, LiveVersion, Version
from gpts.assistants.queries.gpts import INSIDE_ORDER, OUTSIDE_ORDER
from gpts.assistants.states import Audience
from gpts.chat.models import Conversation
from workspaces.models import Member

SIZE = 8
RECENT = 30
NAME_LENGTH = 50


@dataclass(frozen=True)
class Mention:
    """One GPT that may be called, by the name of its live version. ``kind``: recent, workspace or public."""

    slug: str
    name: str
    description: str
    icon: str
    category: str
    kind: str


def access_mention(user: Any, slug: str) -> tuple[GPT, Version]:
    """Return a GPT that ``user`` may call now, and the version that answers them.

    NotFound for one that is unknown, deleted or not for them, Forbidden while quarantined, Conflict
    (``gpt_not_live``) for their own one that has only a draft.
    """
    gpt, version, _relation = access_chat(user, slug)
    if version is None:
        raise Conflict(
            _("This GPT has no live version yet, so it cannot be called."), code="gpt_not_live", field="gpt"
        )
    return gpt, version


def mentions_for(user: Any, text: str, *, without: int | None = None) -> list[Mention]:
    """GPTs with ``text`` in their name: recently used ones first, then the workspace's, then the store's."""
    text = text.strip()[:NAME_LENGTH]
    recent = _recent(user)
    found: dict[int, tuple[int, Mention]] = {}
    for row in _rows(user, text, set(recent), without):
        order = INSIDE_ORDER if row.is_inside else OUTSIDE_ORDER  # type: ignore[attr-defined]  # annotated
        if row.audience not in order:
            continue
        place = order.index(Audience(row.audience))
        known = found.get(row.gpt_id)
        if known is not None and known[0] <= place:
            continue
        found[row.gpt_id] = (place, _mention(row, recent))
    order_of_kind = {"recent": 0, "workspace": 1, "public": 2}
    last_used = {gpt_id: place for place, gpt_id in enumerate(recent)}
    ranked = sorted(
        found.items(),
        key=lambda item: (
            order_of_kind[item[1][1].kind],
            last_used.get(item[0], 0),
            item[1][1].name.casefold(),
        ),
    )
    return [mention for _gpt_id, (_place, mention) in ranked[:SIZE]]


def _recent(user: Any) -> list[int]:
    """The GPTs of the person's conversations, the latest first."""
    return list(
        Conversation.objects.filter(user_id=user.pk, deleted_at__isnull=True, is_temporary=False)
        .values("gpt_id")
        .annotate(last=Max("updated_at"))
        .order_by("-last")
        .values_list("gpt_id", flat=True)[:RECENT]
    )


def _rows(user: Any, text: str, recent: set[int], without: int | None) -> list[LiveVersion]:
    inside = Member.objects.filter(user_id=user.pk).values("workspace_id")
    mine = Q(gpt__workspace_id__in=inside)
    rows = (
        LiveVersion.objects.filter(
            # Linked GPTs are offered to those who have talked to them, as nobody else knows the link.
            Q(audience=Audience.PUBLIC)
            | (mine & Q(audience=Audience.WORKSPACE))
            | Q(audience=Audience.LINK, gpt_id__in=recent),
            gpt__deleted_at__isnull=True,
            gpt__quarantined_at__isnull=True,
            gpt__workspace__suspended_at__isnull=True,
        )
        .exclude(gpt_id=without or 0)
        .select_related("version", "gpt")
    )
    members = set(inside.values_list("workspace_id", flat=True))
    near = rows.filter(Q(gpt_id__in=recent) | mine)
    if text:
        near = near.filter(version__name__icontains=text)
    found = list(near.order_by("-gpt__updated_at")[: 4 * SIZE])
    if text:
        # The whole store by the beginning of the name; searching inside it is the store's own page.
        far = rows.filter(audience=Audience.PUBLIC, version__name__istartswith=text)
        found += list(far.order_by("-gpt__conversation_count", "gpt_id")[: 2 * SIZE])
    for row in found:
        row.is_inside = row.gpt.workspace_id in members  # type: ignore[attr-defined]  # for the choice above
    return found


def _mention(row: LiveVersion, recent: list[int]) -> Mention:
    version = row.version
    kind = (
        "recent" if row.gpt_id in recent else "workspace" if row.audience == Audience.WORKSPACE else "public"
    )
    return Mention(row.gpt.slug, version.name, version.description, version.icon, version.category, kind)

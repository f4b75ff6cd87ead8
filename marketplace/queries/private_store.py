"""A workspace's private store: GPTs that are live for its members, and the sections that its admins made."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from django.db.models import BooleanField, Exists, OuterRef, Q, QuerySet
from django.db.models.expressions import RawSQL

from core.min_group import MIN_GROUP, show_figure
from core.pagination import Page, paginate
from gpts.assistants.models import GPT, LiveVersion, PrivateListing
from gpts.assistants.states import Audience
from marketplace.cards import icon_url, make_tagline
from marketplace.models import ClosedOnboarding, StoreSection, StoreSectionEntry
from marketplace.states import Mark, SectionKind
from workspaces.models import GroupMember, Member, User, Workspace

PAGE_SIZE = 24
MAX_WORDS = 8
# The set for new members is shown for this long after they joined, unless they close it before.
NEW_MEMBER_DAYS = 30
# Order of the whole list; an index has it.
ORDER = ("-recent_members", "-gpt_id")
CARD_COLUMNS = (
    "gpt_id",
    "recent_members",
    "name",
    "gpt__slug",
    "description",
    "icon",
    "category",
    "gpt__owner__display_name",
    "gpt__conversation_count",
    "gpt__has_min_group",
    "since",
    "gpt__blocked_at",
)
MARK_KINDS = {Mark.REQUIRED: "warn", Mark.RECOMMENDED: "info", Mark.BLOCKED: "bad"}


@dataclass(frozen=True)
class PrivateCard:
    """A GPT in a private store; attribute names are those of the card component."""

    id: int
    name: str
    slug: str
    tagline: str
    icon: str
    category: str
    builder_name: str
    conversations: int | None
    since: datetime
    reason: str = ""
    # One of Mark, or empty.
    mark: str = ""

    builder_verified: bool = False
    rating_count: int = 0
    rating_average: float | None = None

    @property
    def url(self) -> str:
        return f"/g/{self.slug}"

    @property
    def mark_label(self) -> str:
        return str(Mark(self.mark).label) if self.mark else ""

    @property
    def mark_kind(self) -> str:
        """Return the kind of the mark's badge."""
        return MARK_KINDS[Mark(self.mark)] if self.mark else ""

    @property
    def icon_url(self) -> str:
        return icon_url(self.icon)


@dataclass(frozen=True)
class SectionView:
    """A section with the cards of its GPTs that are live for the members now."""

    section: StoreSection
    cards: list[PrivateCard]


@dataclass(frozen=True)
class PrivateStore:
    """What a member sees above the list of all GPTs; ``onboarding`` is None unless they are new to it.

    ``marks`` are those of load_marks, of GPTs that are live.
    """

    onboarding: SectionView | None
    required: list[SectionView]
    recommended: list[SectionView]
    packs: list[SectionView]
    shelves: list[SectionView]
    categories: list[SectionView]
    marks: Mapping[int, str]


def list_private_gpts(workspace_id: int) -> QuerySet[GPT]:
    """Return the GPTs that are live for all members."""
    live = LiveVersion.objects.filter(gpt=OuterRef("pk"), audience=Audience.WORKSPACE)
    return GPT.objects.filter(
        Exists(live), workspace_id=workspace_id, deleted_at__isnull=True, quarantined_at__isnull=True
    )


def list_private_listings(workspace_id: int, *, text: str = "") -> QuerySet[PrivateListing]:
    """Return the same GPTs by their listings, those with all words of ``text`` in name or description."""
    found = PrivateListing.objects.filter(workspace_id=workspace_id)
    words = text.split()[:MAX_WORDS]
    return found.filter(_has_words(words)) if words else found


def _has_words(words: list[str]) -> RawSQL:
    # The sub-select is evaluated once a query; an expression around each word would be once a row.
    patterns = ["%" + re.sub(r"([\\%_])", r"\\\1", word) + "%" for word in words]
    return RawSQL(
        '"gpts_privatelisting"."text" LIKE ALL (ARRAY(SELECT upper(word) FROM unnest(%s::text[]) AS word))',
        [patterns],
        output_field=BooleanField(),
    )


def page_private_store(
    workspace: Workspace,
    user: User,
    *,
    text: str = "",
    cursor: str = "",
    marks: Mapping[int, str] | None = None,
) -> tuple[Page[Any], list[PrivateCard]]:
    """Return a page of the GPTs, those that most members used lately first, and its cards with their marks.

    ``marks`` are those of get_private_store, where the caller has it. One query, one more for a search, and
    one for the marks.
    """
    # Rows of a tuple: models with deferred columns take longer than the query. A search takes the columns of
    # other tables in a second query, as they would be joined to all rows that it finds.
    columns = CARD_COLUMNS[:2] if text else CARD_COLUMNS
    found: QuerySet[Any, Any] = list_private_listings(workspace.pk, text=text)
    page = paginate(found.values_list(*columns, named=True), order=ORDER, cursor=cursor, size=PAGE_SIZE)
    if text:
        read = _read_cards(row.gpt_id for row in page.items)
        cards = {row.gpt_id: read[row.gpt_id] for row in page.items if row.gpt_id in read}
    else:
        cards = {row.gpt_id: _build_card(*row) for row in page.items}
    return page, list(_mark(cards, load_marks(workspace, user) if marks is None else marks).values())


def load_marks(workspace: Workspace, user: User, *, gpt: GPT | None = None) -> dict[int, str]:
    """Return the GPTs that are required of or recommended to a member, by their sections; in one query."""
    rows = StoreSectionEntry.objects.filter(
        _is_for(workspace, user, section="section__"),
        section__workspace=workspace,
        section__kind__in=(SectionKind.REQUIRED, SectionKind.RECOMMENDED),
    )
    if gpt is not None:
        rows = rows.filter(gpt=gpt)
    marks: dict[int, str] = {}
    for gpt_id, kind in rows.values_list("gpt_id", "section__kind"):
        if marks.get(gpt_id) != Mark.REQUIRED:
            marks[gpt_id] = Mark(kind)
    return marks


def _mark(cards: dict[int, PrivateCard], marks: Mapping[int, str]) -> dict[int, PrivateCard]:
    """Return the cards with the marks of those that are not blocked."""
    return {gpt_id: replace(card, mark=card.mark or marks.get(gpt_id, "")) for gpt_id, card in cards.items()}


def list_blocked_gpts(workspace: Workspace) -> QuerySet[GPT]:
    """Return the GPTs that admins blocked in the store, the last one first."""
    rows = GPT.objects.filter(workspace=workspace, blocked_at__isnull=False, deleted_at__isnull=True)
    return rows.select_related("owner").order_by("-blocked_at", "-id")


def _is_for(workspace: Workspace, user: User, *, section: str = "") -> Q:
    """Return the condition that a section is for everybody or for a group of the member."""
    mine = GroupMember.objects.filter(member__user=user, member__workspace=workspace).values("group_id")
    return Q(**{f"{section}group__isnull": True}) | Q(**{f"{section}group_id__in": mine})


def get_private_store(workspace: Workspace, user: User, *, at: datetime) -> PrivateStore:
    """Return the sections for a member, whom the caller has authorised; empty sections are left out."""
    sections = list_sections(workspace).filter(_is_for(workspace, user)).select_related("group")
    views = [view for view in read_sections(sections) if view.cards]
    marks = {
        card.id: Mark(kind).value
        for kind in (SectionKind.RECOMMENDED, SectionKind.REQUIRED)
        for view in views
        if view.section.kind == kind
        for card in view.cards
    }
    views = [
        SectionView(view.section, list(_mark({card.id: card for card in view.cards}, marks).values()))
        for view in views
    ]
    found: dict[str, list[SectionView]] = {kind: [] for kind in SectionKind.values}
    for view in views:
        found[view.section.kind].append(view)
    onboarding = next(iter(found[SectionKind.ONBOARDING]), None)
    if onboarding is not None and not _is_new(workspace, user, at=at):
        onboarding = None
    return PrivateStore(
        onboarding=onboarding,
        required=found[SectionKind.REQUIRED],
        recommended=found[SectionKind.RECOMMENDED],
        packs=found[SectionKind.PACK],
        shelves=found[SectionKind.SHELF],
        categories=found[SectionKind.CATEGORY],
        marks=marks,
    )


def list_sections(workspace: Workspace) -> QuerySet[StoreSection]:
    return StoreSection.objects.filter(workspace=workspace).order_by("position", "id")


def read_sections(sections: Iterable[StoreSection]) -> list[SectionView]:
    """Return the sections with their cards, in two queries for all of them."""
    sections = list(sections)
    entries: dict[int, list[StoreSectionEntry]] = {}
    rows = StoreSectionEntry.objects.filter(section__in=sections).order_by("section", "position")
    for row in rows if sections else ():
        entries.setdefault(row.section_id, []).append(row)
    cards = _read_cards({row.gpt_id for found in entries.values() for row in found})
    return [
        SectionView(
            section,
            [
                replace(cards[row.gpt_id], reason=row.reason)
                for row in entries.get(section.pk, ())
                if row.gpt_id in cards
            ],
        )
        for section in sections
    ]


def list_entries(section: StoreSection) -> list[StoreSectionEntry]:
    """Return the entries of a section with their GPTs, in order, also of those that are not live now."""
    return list(section.entries.select_related("gpt").order_by("position"))


def find_private_gpts(workspace: Workspace, slugs: Iterable[str]) -> dict[str, GPT]:
    """Return by slug the GPTs that are live for all members of the workspace."""
    return {gpt.slug: gpt for gpt in list_private_gpts(workspace.pk).filter(slug__in=set(slugs))}


def _is_new(workspace: Workspace, user: User, *, at: datetime) -> bool:
    since = at - timedelta(days=NEW_MEMBER_DAYS)
    joined = Member.objects.filter(workspace=workspace, user=user, joined_at__gt=since)
    closed = ClosedOnboarding.objects.filter(workspace=workspace, user=user)
    return joined.filter(~Exists(closed)).exists()


def _read_cards(gpt_ids: Iterable[int]) -> dict[int, PrivateCard]:
    ids = set(gpt_ids)
    if not ids:
        return {}
    rows = PrivateListing.objects.filter(gpt_id__in=ids).values_list(*CARD_COLUMNS)
    return {row[0]: _build_card(*row) for row in rows}


def _build_card(
    gpt_id: int,
    _recent_members: int,
    name: str,
    slug: str,
    description: str,
    icon: str,
    category: str,
    owner: str,
    count: int,
    is_shown: bool,
    since: datetime,
    blocked_at: datetime | None,
) -> PrivateCard:
    return PrivateCard(
        gpt_id,
        name,
        slug,
        make_tagline(description),
        icon,
        category,
        owner,
        show_figure(count, people=MIN_GROUP if is_shown else 0),
        since,
        mark="" if blocked_at is None else Mark.BLOCKED.value,
    )

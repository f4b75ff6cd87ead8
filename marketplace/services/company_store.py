"""Sections of a private store: made, changed and removed by admins; the set for new members, closed by them.

Callers have authorised the person (``WorkspaceAct.MANAGE_STORE``, or membership for closing).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from core.audit import record
from core.errors import Conflict, InvalidInput
from core.text import clean_line
from marketplace.models import ClosedOnboarding, StoreSection, StoreSectionEntry
from marketplace.models.company_store import REASON_LENGTH, TEXT_LENGTH, TITLE_LENGTH
from marketplace.queries import find_private_gpts, list_entries
from marketplace.states import GROUP_SECTIONS, SectionKind
from workspaces.models import Group, User, Workspace
from workspaces.services.locks import lock_workspaces

MAX_SECTIONS = 60
MAX_ENTRIES = 50


@dataclass(frozen=True)
class EntryDraft:
    """A GPT of a section by its slug, and why it stands there."""

    gpt: str
    reason: str = ""


@dataclass(frozen=True)
class SectionDraft:
    """A whole section as a request spells it; ``place`` counts from 1."""

    title: str
    entries: Sequence[EntryDraft]
    text: str = ""
    group_id: int | None = None
    place: int | None = None


def create_section(
    *, workspace: Workspace, kind: str, draft: SectionDraft, by: User, at: datetime
) -> StoreSection:
    """Make a section at its place, by default the last one. Audited.

    Raises InvalidInput for an unknown kind, group or GPT, a GPT twice and too many of them, Conflict for a
    second set for new members and too many sections; nothing is written then.
    """
    if kind not in SectionKind.values:
        raise InvalidInput(_("Choose what the section is for."), code="unknown_kind", field="kind")
    with transaction.atomic():
        lock_workspaces([workspace.pk])
        others = list(StoreSection.objects.filter(workspace=workspace).order_by("position", "id"))
        if len(others) >= MAX_SECTIONS:
            raise Conflict(
                _("A store has at most %(count)d sections.") % {"count": MAX_SECTIONS},
                code="too_many_sections",
            )
        if kind == SectionKind.ONBOARDING and any(one.kind == kind for one in others):
            raise Conflict(
                _("There is a set for new members already. Change that one."),
                code="second_onboarding",
                field="kind",
            )
        section = StoreSection(
            workspace=workspace, kind=kind, position=others[-1].position + 1 if others else 0, created_at=at
        )
        return _write(section, draft, others, action="marketplace.section_made", by=by, at=at)


def change_section(*, section: StoreSection, draft: SectionDraft, by: User, at: datetime) -> StoreSection:
    """Replace all of a section but its kind. Audited. Raises as create_section."""
    with transaction.atomic():
        lock_workspaces([section.workspace_id])
        rows = StoreSection.objects.filter(workspace_id=section.workspace_id).order_by("position", "id")
        others = [one for one in rows if one.pk != section.pk]
        return _write(section, draft, others, action="marketplace.section_changed", by=by, at=at)


@transaction.atomic
def delete_section(*, section: StoreSection, by: User, at: datetime) -> None:
    """Remove a section; its GPTs stay in the store. Audited."""
    record(
        action="marketplace.section_deleted",
        by=by,
        at=at,
        subject=section,
        workspace_id=section.workspace_id,
        data={"kind": section.kind},
    )
    section.delete()


@transaction.atomic
def close_onboarding(*, workspace: Workspace, by: User, at: datetime) -> None:
    """Show the set for new members to ``by`` no more. Idempotent."""
    ClosedOnboarding.objects.get_or_create(workspace=workspace, user=by, defaults={"closed_at": at})


def _write(
    section: StoreSection,
    draft: SectionDraft,
    others: list[StoreSection],
    *,
    action: str,
    by: User,
    at: datetime,
) -> StoreSection:
    is_new = section.pk is None
    before = {} if is_new else _describe(section)
    section.title = clean_line(draft.title, max_length=TITLE_LENGTH, field="title")
    section.text = clean_line(draft.text, max_length=TEXT_LENGTH, field="text", required=False)
    section.group = _find_group(section, draft.group_id)
    entries = _build_entries(section, draft.entries)
    section.save()
    section.entries.all().delete()
    for entry in entries:
        entry.section = section
    StoreSectionEntry.objects.bulk_create(entries)
    _place(section, others, draft.place)
    after = _describe(section)
    record(
        action=action,
        by=by,
        at=at,
        subject=section,
        workspace_id=section.workspace_id,
        data={"kind": section.kind},
        changes={
            name: (before[name], after[name]) for name in after if before and before[name] != after[name]
        },
    )
    return section


def _describe(section: StoreSection) -> dict[str, Any]:
    return {
        "group_id": section.group_id,
        "gpts": list(section.entries.order_by("position").values_list("gpt_id", flat=True)),
        "place": section.position + 1,
    }


def _find_group(section: StoreSection, group_id: int | None) -> Group | None:
    if group_id is None:
        return None
    if section.kind not in GROUP_SECTIONS:
        raise InvalidInput(
            _("A section of this kind is for all members."), code="group_not_allowed", field="group"
        )
    found = Group.objects.filter(workspace_id=section.workspace_id, pk=group_id).first()
    if found is None:
        raise InvalidInput(_("There is no such group."), code="unknown_group", field="group")
    return found


def _build_entries(section: StoreSection, drafts: Sequence[EntryDraft]) -> list[StoreSectionEntry]:
    slugs = [draft.gpt for draft in drafts]
    if len(slugs) > MAX_ENTRIES:
        raise InvalidInput(
            _("A section has at most %(count)d GPTs.") % {"count": MAX_ENTRIES},
            code="too_many_entries",
            field="entries",
        )
    if len(set(slugs)) != len(slugs):
        raise InvalidInput(_("A GPT can stand in a section only once."), code="entry_twice", field="entries")
    # What stands there already may stay while it is not live: it is shown again when it is.
    kept = {entry.gpt.slug: entry.gpt for entry in list_entries(section)} if section.pk else {}
    found = kept | find_private_gpts(section.workspace, slugs)
    if missing := [slug for slug in slugs if slug not in found]:
        raise InvalidInput(
            _("“%(slug)s” is not live for everyone in this workspace.") % {"slug": missing[0][:80]},
            code="unknown_gpt",
            field="entries",
        )
    return [
        StoreSectionEntry(
            workspace_id=section.workspace_id,
            gpt=found[draft.gpt],
            reason=clean_line(draft.reason, max_length=REASON_LENGTH, field="entries", required=False),
            position=place,
        )
        for place, draft in enumerate(drafts)
    ]


def _place(section: StoreSection, others: list[StoreSection], place: int | None) -> None:
    """Number the sections anew, with ``section`` at its place."""
    if place is None or place == section.position + 1:
        # Not moved. Positions are no indexes: deleted sections leave gaps.
        at = sum((one.position, one.pk) < (section.position, section.pk) for one in others)
    else:
        at = min(max(place - 1, 0), len(others))
    ordered = [*others[:at], section, *others[at:]]
    for position, one in enumerate(ordered):
        if one.position != position:
            one.position = position
            one.save(update_fields=["position"])

"""The About page of a GPT that is live inside a company, for its members."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from core.min_group import show_figure
from gpts.assistants.models import GPT, LiveVersion, Version
from gpts.assistants.states import Category
from gpts.llm.catalogue import get_usable_model
from marketplace.cards import icon_url


@dataclass(frozen=True)
class PrivateAbout:
    """What the page says; names of the data label's facts are those of a listing.

    ``members`` are the colleagues who used it in the last 28 days, None for a few.
    """

    slug: str
    name: str
    description: str
    starters: list[str]
    icon: str
    category: str
    builder_name: str
    capabilities: list[str]
    has_knowledge: bool
    model_label: str
    version_number: int
    since: datetime
    notes: str
    members: int | None

    @property
    def icon_url(self) -> str:
        return icon_url(self.icon)

    @property
    def category_label(self) -> str:
        return str(Category(self.category).label)


def get_private_about(gpt: GPT, version: Version) -> PrivateAbout:
    """Return the page of a GPT and of the version that answers its reader, whom the caller has authorised."""
    since = (
        LiveVersion.objects.filter(gpt=gpt, version=version)
        .order_by("since")
        .values_list("since", flat=True)
        .first()
    )
    model = get_usable_model(version, gpt.workspace)
    return PrivateAbout(
        slug=gpt.slug,
        name=version.name,
        description=version.description,
        starters=list(version.starters),
        icon=version.icon,
        category=version.category,
        builder_name=gpt.owner.display_name,
        capabilities=list(version.capabilities),
        has_knowledge=bool(version.knowledge_hashes),
        model_label=model.label if model is not None else "",
        version_number=version.number,
        since=since or version.created_at,
        notes=version.release_notes,
        members=show_figure(gpt.recent_members, people=gpt.recent_members),
    )

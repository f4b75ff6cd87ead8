"""A workspace's private store: GPTs that are live for its members."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from core.min_group import MIN_GROUP, show_figure
from gpts.assistants.models import LiveVersion
from gpts.assistants.states import Audience
from marketplace.cards import icon_url, make_tagline


@dataclass(frozen=True)
class PrivateCard:
    """A GPT in a private store; attribute names are those of the card component."""

    name: str
    slug: str
    tagline: str
    icon: str
    category: str
    builder_name: str
    conversations: int | None
    since: datetime

    builder_verified: bool = False
    rating_count: int = 0
    rating_average: float | None = None

    @property
    def url(self) -> str:
        return f"/g/{self.slug}/chat"

    @property
    def icon_url(self) -> str:
        return icon_url(self.icon)


def list_private_store(workspace_id: int, *, text: str = "") -> list[PrivateCard]:
    """Return GPTs that are live for the workspace, most used first. The caller has authorised the member."""
    live = LiveVersion.objects.filter(
        audience=Audience.WORKSPACE,
        gpt__workspace_id=workspace_id,
        gpt__deleted_at__isnull=True,
        gpt__quarantined_at__isnull=True,
    )
    if text:
        live = live.filter(version__name__icontains=text) | live.filter(version__description__icontains=text)
    rows = live.order_by("-gpt__conversation_count", "-since").values_list(
        "version__name",
        "gpt__slug",
        "version__description",
        "version__icon",
        "version__category",
        "gpt__owner__display_name",
        "gpt__conversation_count",
        "gpt__has_min_group",
        "since",
    )[:200]
    return [
        PrivateCard(
            name,
            slug,
            make_tagline(description),
            icon,
            category,
            owner,
            show_figure(count, people=MIN_GROUP if is_shown else 0),
            since,
        )
        for name, slug, description, icon, category, owner, count, is_shown, since in rows
    ]

"""The private store, and listings with their ratings, in the export of a workspace."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from marketplace.models import Listing, ListingRelease, ListingScore, Rating, StoreSection, StoreSectionEntry
from workspaces.exports import ExportPart, Table, columns, of_workspace
from workspaces.models import Workspace


def _of_listings(model: Any) -> Any:
    def find(workspace: Workspace) -> QuerySet[Any]:
        return model.objects.filter(listing__workspace=workspace)

    return find


PART = ExportPart(
    steps=(
        Table(
            "store/sections.jsonl",
            _("Sections of the private store"),
            of_workspace(StoreSection),
            columns("id", "kind", "title", "text", "group_id", "position", "created_at"),
        ),
        Table(
            "store/section_gpts.csv",
            _("GPTs in these sections"),
            of_workspace(StoreSectionEntry),
            columns("section_id", "gpt_id", "position", "reason"),
        ),
        Table(
            "store/listings.jsonl",
            _("Entries in the public store"),
            of_workspace(Listing),
            columns(
                "id",
                "gpt_id",
                "version_id",
                "slug",
                "name",
                "tagline",
                "description",
                "starters",
                "icon",
                "category",
                "capabilities",
                "model_label",
                "has_knowledge",
                "languages",
                "version_number",
                "release_notes",
                "builder_handle",
                "builder_name",
                "builder_verified",
                "state",
                "withdrawn_at",
                "published_at",
                "updated_at",
                "popularity",
                people=("publisher",),
            ),
        ),
        Table(
            "store/releases.csv",
            _("Versions that were published there"),
            _of_listings(ListingRelease),
            columns("listing_id", "number", "notes", "released_at"),
        ),
        Table(
            "store/scores.csv",
            _("Figures and ranks of these entries; those of fewer than five people are 0"),
            _of_listings(ListingScore),
            columns(
                "listing_id",
                "score",
                "trend",
                "breadth",
                "quality",
                "freshness",
                "users_7d",
                "users_28d",
                "conversations_7d",
                "conversations_28d",
                "conversations_total",
                "rating_count",
                "rating_sum",
                "rank",
                "category_rank",
                "trend_rank",
                "computed_at",
            ),
        ),
        Table(
            "store/ratings.csv",
            _("Ratings of these entries, as everybody sees them"),
            lambda workspace: Rating.objects.filter(listing__workspace=workspace, hidden_at__isnull=True),
            columns(
                "listing_id", "author_name", "stars", "text", "version_number", "created_at", "updated_at"
            ),
        ),
    )
)

"""What the public reader may see of the store: facts by column, never an id of a person or a workspace."""

from __future__ import annotations

from typing import ClassVar

from django.db import migrations

from core.migration_operations import GrantPublicRead

LISTING = (
    "id", "slug", "name", "tagline", "description", "starters", "icon", "category", "capabilities",
    "model_label", "has_knowledge", "languages", "version_number", "release_notes", "builder_handle",
    "builder_name", "builder_verified", "state", "published_at", "updated_at", "popularity", "search",
)  # fmt: skip
RATING = (
    "id", "listing_id", "author_name", "stars", "text", "version_number", "created_at", "updated_at",
    "hidden_at",
)  # fmt: skip
BUILDER = (
    "id", "handle", "display_name", "bio", "website", "verified_name_at", "verified_website_at", "created_at",
)  # fmt: skip


class Migration(migrations.Migration):
    dependencies: ClassVar = [("marketplace", "0001_tables")]

    operations: ClassVar = [
        GrantPublicRead("marketplace_listing", *LISTING),
        GrantPublicRead("marketplace_listingscore"),
        GrantPublicRead("marketplace_listingrelease"),
        GrantPublicRead("marketplace_rating", *RATING),
        GrantPublicRead("marketplace_builderprofile", *BUILDER),
        GrantPublicRead("marketplace_shelf", "id", "title", "title_zh", "starts_on", "ends_on"),
        GrantPublicRead("marketplace_shelfentry"),
        GrantPublicRead("marketplace_searchterm"),
    ]

"""What the public reader may see: listed facts by column, never an id of a person or a workspace."""

from __future__ import annotations

from typing import ClassVar

from django.db import migrations

from core.scope import grant_public_read

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
    dependencies: ClassVar = [("marketplace", "0001_initial")]

    operations: ClassVar = [
        grant_public_read("marketplace_listing", *LISTING),
        grant_public_read("marketplace_listingscore"),
        grant_public_read("marketplace_listingrelease"),
        grant_public_read("marketplace_rating", *RATING),
        grant_public_read("marketplace_builderprofile", *BUILDER),
        grant_public_read("marketplace_shelf", "id", "title", "title_zh", "starts_on", "ends_on"),
        grant_public_read("marketplace_shelfentry"),
        grant_public_read("marketplace_searchterm"),
    ]

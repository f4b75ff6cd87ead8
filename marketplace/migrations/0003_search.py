"""Indexes of the store's search: words of listings, trigrams of search terms."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.indexes import GinIndex
from django.db import migrations
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies: ClassVar = [("marketplace", "0002_isolation")]

    operations: ClassVar = [
        migrations.AddIndex(
            "listing",
            GinIndex(fields=["search"], condition=Q(state="listed"), name="marketplace_listing_search"),
        ),
        migrations.AddIndex(
            "searchterm",
            GinIndex(fields=["trigrams"], condition=Q(listing_count__gt=0), name="marketplace_term_trigrams"),
        ),
    ]

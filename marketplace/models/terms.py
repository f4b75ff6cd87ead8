"""The words of the store's listings, from which spelling corrections are taken."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q

TERM_LENGTH = 40


class SearchTerm(models.Model):
    """A word of listings in the store. ``listing_count`` falls to 0 when the last of them leaves.

    ``trigrams`` are computed by marketplace.search.spelling, without the extension pg_trgm.
    """

    term = models.CharField(max_length=TERM_LENGTH, primary_key=True)
    trigrams = ArrayField(models.CharField(max_length=3))
    listing_count = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(term=""), name="marketplace_term_not_empty"),
        ]
        indexes = [
            GinIndex(fields=["trigrams"], condition=Q(listing_count__gt=0), name="marketplace_term_trigrams"),
        ]

    def __str__(self) -> str:
        return self.term

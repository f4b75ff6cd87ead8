"""Vectors of listings, by which search and similar GPTs compare meanings."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from gpts.assistants.models import Version
from marketplace.models.listings import Listing


class ListingVector(models.Model):
    """The vector of a listing's public texts, by the built-in embeddings model.

    ``code`` has a signed byte for each dimension; its length carries no meaning. ``recipe`` says by which
    model and from which texts it was made (RECIPE in search/meaning.py). It is outdated when ``version`` is
    no longer the listed one. A renewed vector is a new row, so that processes see by the ids what changed.
    """

    listing = models.OneToOneField(Listing, on_delete=models.CASCADE, related_name="+")
    version = models.ForeignKey(Version, on_delete=models.CASCADE, related_name="+", db_index=False)
    recipe = models.PositiveSmallIntegerField()
    code = models.BinaryField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(recipe__gt=0), name="marketplace_vector_recipe"),
        ]

    def __str__(self) -> str:
        return f"vector of {self.listing_id}"

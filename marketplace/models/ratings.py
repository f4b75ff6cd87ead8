"""Ratings by people who used a GPT."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from marketplace.models.listings import Listing

TEXT_LENGTH = 1_000


class Rating(models.Model):
    """One person's rating of one listing; they may change it.

    ``author_name`` is the display name at the time of writing, as visitors cannot read the user table.
    A rating hidden by moderation is neither shown nor counted.
    """

    listing = models.ForeignKey(Listing, on_delete=models.CASCADE, related_name="ratings")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="ratings")
    author_name = models.CharField(max_length=80)
    stars = models.PositiveSmallIntegerField(_("stars"))
    text = models.CharField(_("text"), max_length=TEXT_LENGTH, blank=True)
    version_number = models.PositiveIntegerField()
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    hidden_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["listing", "user"], name="marketplace_rating_once"),
            models.CheckConstraint(condition=Q(stars__gte=1, stars__lte=5), name="marketplace_rating_stars"),
        ]
        indexes = [
            models.Index(
                fields=["listing", "-updated_at", "-id"],
                condition=Q(hidden_at__isnull=True),
                name="marketplace_rating_recent",
            ),
            models.Index(fields=["user", "-id"], name="marketplace_rating_user"),
        ]

    def __str__(self) -> str:
        return f"{self.stars} stars for {self.listing_id}"

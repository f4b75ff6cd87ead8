"""Editorial shelves: dated recommendations with reasons."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from marketplace.models.listings import Listing

REASON_LENGTH = 240


class Shelf(models.Model):
    """A dated list of recommendations; the newest current one is shown. Dates are UTC, half-open."""

    title = models.CharField(_("title"), max_length=80)
    # Shown on Chinese pages; when empty, they show ``title``.
    title_zh = models.CharField(_("title in Chinese"), max_length=80, blank=True)
    starts_on = models.DateField()
    ends_on = models.DateField()
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(ends_on__gt=F("starts_on")), name="marketplace_shelf_dates"),
            models.UniqueConstraint(fields=["starts_on"], name="marketplace_shelf_start"),
        ]

    def __str__(self) -> str:
        return f"{self.title} ({self.starts_on})"


class ShelfEntry(models.Model):
    """One listing on a shelf, with the editor's reason, which is required."""

    shelf = models.ForeignKey(Shelf, on_delete=models.CASCADE, related_name="entries")
    listing = models.ForeignKey(Listing, on_delete=models.CASCADE, related_name="shelf_entries")
    position = models.PositiveSmallIntegerField()
    reason = models.CharField(_("reason"), max_length=REASON_LENGTH)
    reason_zh = models.CharField(_("reason in Chinese"), max_length=REASON_LENGTH, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["shelf", "listing"], name="marketplace_shelfentry_listing"),
            models.UniqueConstraint(fields=["shelf", "position"], name="marketplace_shelfentry_position"),
            models.CheckConstraint(condition=~Q(reason=""), name="marketplace_shelfentry_reason"),
        ]

    def __str__(self) -> str:
        return f"{self.listing_id} on shelf {self.shelf_id}"

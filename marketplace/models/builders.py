"""Builder profiles, which are public, and handles that were given up."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

HANDLE_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9_-]{1,28}[A-Za-z0-9]$"
BIO_LENGTH = 500


class BuilderProfile(models.Model):
    """A builder's public profile. Rows are not removed, so that a handle is never assigned twice."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="builder_profile"
    )
    handle = models.CharField(_("handle"), max_length=30)
    display_name = models.CharField(_("name"), max_length=80)
    bio = models.CharField(_("about you"), max_length=BIO_LENGTH, blank=True)
    website = models.URLField(_("website"), max_length=200, blank=True)
    verified_name_at = models.DateTimeField(null=True, blank=True)
    verified_website_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(Lower("handle"), name="marketplace_builder_handle"),
            models.CheckConstraint(
                condition=Q(handle__regex=HANDLE_PATTERN), name="marketplace_builder_handle_form"
            ),
            models.CheckConstraint(
                condition=Q(website="") | Q(website__startswith="https://"),
                name="marketplace_builder_website",
            ),
            models.CheckConstraint(
                condition=Q(verified_website_at__isnull=True) | ~Q(website=""),
                name="marketplace_builder_verified_website",
            ),
        ]

    def __str__(self) -> str:
        return self.handle

    @property
    def is_verified(self) -> bool:
        return self.verified_name_at is not None or self.verified_website_at is not None


class FormerHandle(models.Model):
    """A handle that its builder gave up, in lower case. Kept for ever, so that old links do not mislead."""

    handle = models.CharField(max_length=30, unique=True)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    given_up_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(handle=Lower("handle")), name="marketplace_former_handle_lower"
            ),
        ]

    def __str__(self) -> str:
        return self.handle

"""Listings, with public facts copied from the approved version, their figures and releases."""

from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from gpts.assistants.models import GPT, Version
from gpts.assistants.states import Category
from gpts.llm.states import Capability
from marketplace.states import ListingState
from workspaces.models import Workspace

NAME_LENGTH = 50
TAGLINE_LENGTH = 120
DESCRIPTION_LENGTH = 300
STARTER_LENGTH = 200

LISTED = Q(state=ListingState.LISTED)


class Listing(models.Model):
    """One GPT in the public store, with all facts that visitors see: they read no private table.

    Rows are never deleted: URL, ratings and figures survive new versions, delisting and quarantine.
    ``popularity`` is a copy of ``ListingScore.score``, by which search orders its candidates.
    """

    gpt = models.OneToOneField(GPT, on_delete=models.PROTECT, related_name="listing")
    version = models.ForeignKey(Version, on_delete=models.PROTECT, related_name="+")
    publisher = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="listings")
    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="+")
    slug = models.SlugField(max_length=80, unique=True)
    name = models.CharField(_("name"), max_length=NAME_LENGTH)
    tagline = models.CharField(max_length=TAGLINE_LENGTH, blank=True)
    description = models.CharField(max_length=DESCRIPTION_LENGTH, blank=True)
    starters = ArrayField(models.CharField(max_length=STARTER_LENGTH), default=list, blank=True)
    icon = models.CharField(max_length=100, blank=True)
    category = models.CharField(max_length=20, choices=Category.choices)
    capabilities = ArrayField(
        models.CharField(max_length=20, choices=Capability.choices), default=list, blank=True
    )
    model_label = models.CharField(max_length=120, blank=True)
    has_knowledge = models.BooleanField(default=False)
    languages = ArrayField(models.CharField(max_length=10), default=list, blank=True)
    version_number = models.PositiveIntegerField()
    release_notes = models.TextField(max_length=2_000, blank=True)
    # Copies from the publisher's profile, updated when it changes.
    builder_handle = models.CharField(max_length=30, blank=True)
    builder_name = models.CharField(max_length=80)
    builder_verified = models.BooleanField(default=False)
    state = models.CharField(max_length=12, choices=ListingState.choices, default=ListingState.LISTED)
    # The state to which restoring a quarantined listing returns.
    state_before = models.CharField(max_length=12, choices=ListingState.choices, blank=True)
    # Since when the rules of its workspace or the state of its publisher keep it out of the store. It goes
    # back by itself; this is empty for a listing that moderation or its owner took out.
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    published_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    popularity = models.FloatField(default=0)
    search = SearchVectorField(null=True, editable=False)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=ListingState.values), name="marketplace_listing_state"
            ),
            models.CheckConstraint(
                condition=Q(state=ListingState.QUARANTINED, state_before__in=["listed", "delisted"])
                | (~Q(state=ListingState.QUARANTINED) & Q(state_before="")),
                name="marketplace_listing_state_before",
            ),
            models.CheckConstraint(
                condition=Q(withdrawn_at__isnull=True) | ~Q(state=ListingState.LISTED),
                name="marketplace_listing_withdrawn",
            ),
            models.CheckConstraint(
                condition=Q(category__in=Category.values), name="marketplace_listing_category"
            ),
            models.CheckConstraint(condition=~Q(name=""), name="marketplace_listing_name"),
            models.CheckConstraint(
                condition=Q(updated_at__gte=F("published_at")), name="marketplace_listing_moments"
            ),
            models.CheckConstraint(
                condition=Q(popularity__gte=0, popularity__lte=100), name="marketplace_listing_popularity"
            ),
        ]
        indexes = [
            models.Index(fields=["-popularity", "-id"], condition=LISTED, name="marketplace_listing_best"),
            models.Index(
                fields=["category", "-popularity", "-id"], condition=LISTED, name="marketplace_listing_cat"
            ),
            models.Index(fields=["-published_at", "-id"], condition=LISTED, name="marketplace_listing_new"),
            models.Index(
                fields=["category", "-published_at", "-id"],
                condition=LISTED,
                name="marketplace_listing_cat_new",
            ),
            models.Index(
                fields=["builder_handle", "-popularity", "-id"],
                condition=LISTED & ~Q(builder_handle=""),
                name="marketplace_listing_builder",
            ),
            GinIndex(fields=["search"], condition=LISTED, name="marketplace_listing_search"),
        ]

    def __str__(self) -> str:
        return self.name


class ListingScore(models.Model):
    """The figures of a listing, computed by a periodic job; only rating counts change with each rating.

    Use by the publisher and by members of the GPT's workspace is not counted. Figures of people and
    conversations are 0 for fewer than core.min_group.MIN_GROUP people. ``score`` is 0-100
    (docs/ranking.md). Ranks start at 1; 0 means not ranked yet. The ``previous_`` ranks are those at the
    end of the last week.
    """

    listing = models.OneToOneField(Listing, on_delete=models.CASCADE, primary_key=True, related_name="score")
    score = models.FloatField(default=0)
    trend = models.FloatField(default=0)
    breadth = models.FloatField(default=0)
    quality = models.FloatField(default=0)
    freshness = models.FloatField(default=0)
    users_7d = models.PositiveIntegerField(default=0)
    users_28d = models.PositiveIntegerField(default=0)
    conversations_7d = models.PositiveIntegerField(default=0)
    conversations_28d = models.PositiveIntegerField(default=0)
    conversations_total = models.PositiveBigIntegerField(default=0)
    stars_1 = models.PositiveIntegerField(default=0)
    stars_2 = models.PositiveIntegerField(default=0)
    stars_3 = models.PositiveIntegerField(default=0)
    stars_4 = models.PositiveIntegerField(default=0)
    stars_5 = models.PositiveIntegerField(default=0)
    rating_count = models.PositiveIntegerField(default=0)
    rating_sum = models.PositiveIntegerField(default=0)
    rank = models.PositiveIntegerField(default=0)
    previous_rank = models.PositiveIntegerField(default=0)
    category_rank = models.PositiveIntegerField(default=0)
    previous_category_rank = models.PositiveIntegerField(default=0)
    trend_rank = models.PositiveIntegerField(default=0)
    previous_trend_rank = models.PositiveIntegerField(default=0)
    computed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(score__gte=0, score__lte=100), name="marketplace_score_range"),
            models.CheckConstraint(
                condition=Q(
                    rating_count=F("stars_1") + F("stars_2") + F("stars_3") + F("stars_4") + F("stars_5")
                ),
                name="marketplace_score_rating_count",
            ),
            models.CheckConstraint(
                condition=Q(
                    rating_sum=F("stars_1")
                    + F("stars_2") * 2
                    + F("stars_3") * 3
                    + F("stars_4") * 4
                    + F("stars_5") * 5
                ),
                name="marketplace_score_rating_sum",
            ),
            models.CheckConstraint(
                condition=Q(users_7d__lte=F("users_28d"), conversations_7d__lte=F("conversations_28d")),
                name="marketplace_score_windows",
            ),
        ]
        indexes = [
            models.Index(
                fields=["trend_rank"], condition=Q(trend_rank__gt=0), name="marketplace_score_trend"
            ),
        ]

    def __str__(self) -> str:
        return f"score of {self.listing_id}"


class ListingRelease(models.Model):
    """A version that was published in the store, with its release notes."""

    listing = models.ForeignKey(Listing, on_delete=models.CASCADE, related_name="releases")
    number = models.PositiveIntegerField()
    notes = models.TextField(max_length=2_000, blank=True)
    released_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["listing", "number"], name="marketplace_release_once"),
        ]

    def __str__(self) -> str:
        return f"{self.listing_id} v{self.number}"

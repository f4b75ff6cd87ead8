"""Builder profiles, listings with releases and scores, ratings, shelves, search terms."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.search import SearchVectorField
from django.db import migrations, models
from django.db.models import F, Q
from django.db.models.functions import Lower

from core.migration_operations import automatic_id

LISTING_STATES = [
    ("listed", "In the store"),
    ("delisted", "Taken out of the store"),
    ("quarantined", "Quarantined"),
]


class Migration(migrations.Migration):
    initial = True
    dependencies: ClassVar = [("workspaces", "0001_tables"), ("gpts", "0001_gpts_and_models")]

    operations: ClassVar = [
        migrations.CreateModel(
            name="BuilderProfile",
            fields=[
                automatic_id(),
                ("handle", models.CharField(max_length=30, verbose_name="handle")),
                ("display_name", models.CharField(max_length=80, verbose_name="name")),
                ("bio", models.CharField(blank=True, max_length=500, verbose_name="about you")),
                ("website", models.URLField(blank=True, verbose_name="website")),
                ("verified_name_at", models.DateTimeField(blank=True, null=True)),
                ("verified_website_at", models.DateTimeField(blank=True, null=True)),
                ("created_at", models.DateTimeField()),
                ("updated_at", models.DateTimeField()),
                (
                    "user",
                    models.OneToOneField(
                        on_delete=models.PROTECT, related_name="builder_profile", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(Lower("handle"), name="marketplace_builder_handle"),
                    models.CheckConstraint(
                        condition=Q(handle__regex="^[A-Za-z0-9][A-Za-z0-9_-]{1,28}[A-Za-z0-9]$"),
                        name="marketplace_builder_handle_form",
                    ),
                    models.CheckConstraint(
                        condition=Q(website="") | Q(website__startswith="https://"),
                        name="marketplace_builder_website",
                    ),
                    models.CheckConstraint(
                        condition=Q(verified_website_at__isnull=True) | ~Q(website=""),
                        name="marketplace_builder_verified_website",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="FormerHandle",
            fields=[
                automatic_id(),
                ("handle", models.CharField(max_length=30, unique=True)),
                ("given_up_at", models.DateTimeField()),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=models.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=Q(handle=Lower("handle")), name="marketplace_former_handle_lower"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Listing",
            fields=[
                automatic_id(),
                ("slug", models.SlugField(max_length=80, unique=True)),
                ("name", models.CharField(max_length=50, verbose_name="name")),
                ("tagline", models.CharField(blank=True, max_length=120)),
                ("description", models.CharField(blank=True, max_length=300)),
                (
                    "starters",
                    ArrayField(
                        base_field=models.CharField(max_length=200), blank=True, default=list, size=None
                    ),
                ),
                ("icon", models.CharField(blank=True, max_length=100)),
                (
                    "category",
                    models.CharField(
                        choices=[
                            ("writing", "Writing"),
                            ("productivity", "Productivity"),
                            ("research-analysis", "Research & Analysis"),
                            ("programming", "Programming"),
                            ("education", "Education"),
                            ("lifestyle", "Lifestyle"),
                            ("other", "Other"),
                        ],
                        max_length=20,
                    ),
                ),
                (
                    "capabilities",
                    ArrayField(
                        base_field=models.CharField(
                            choices=[
                                ("file_search", "Answers from its knowledge"),
                                ("web_search", "Web search"),
                                ("code", "Runs code"),
                                ("image_generation", "Makes images"),
                                ("vision", "Reads images"),
                            ],
                            max_length=20,
                        ),
                        blank=True,
                        default=list,
                        size=None,
                    ),
                ),
                ("model_label", models.CharField(blank=True, max_length=120)),
                ("has_knowledge", models.BooleanField(default=False)),
                (
                    "languages",
                    ArrayField(
                        base_field=models.CharField(max_length=10), blank=True, default=list, size=None
                    ),
                ),
                ("version_number", models.PositiveIntegerField()),
                ("release_notes", models.TextField(blank=True, max_length=2000)),
                ("builder_handle", models.CharField(blank=True, max_length=30)),
                ("builder_name", models.CharField(max_length=80)),
                ("builder_verified", models.BooleanField(default=False)),
                ("state", models.CharField(choices=LISTING_STATES, default="listed", max_length=12)),
                ("state_before", models.CharField(blank=True, choices=LISTING_STATES, max_length=12)),
                ("published_at", models.DateTimeField()),
                ("updated_at", models.DateTimeField()),
                ("popularity", models.FloatField(default=0)),
                ("search", SearchVectorField(editable=False, null=True)),
                (
                    "gpt",
                    models.OneToOneField(on_delete=models.PROTECT, related_name="listing", to="gpts.gpt"),
                ),
                (
                    "publisher",
                    models.ForeignKey(
                        on_delete=models.PROTECT, related_name="listings", to=settings.AUTH_USER_MODEL
                    ),
                ),
                ("version", models.ForeignKey(on_delete=models.PROTECT, related_name="+", to="gpts.version")),
                (
                    "workspace",
                    models.ForeignKey(on_delete=models.PROTECT, related_name="+", to="workspaces.workspace"),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=Q(state="listed"),
                        fields=["-popularity", "-id"],
                        name="marketplace_listing_best",
                    ),
                    models.Index(
                        condition=Q(state="listed"),
                        fields=["category", "-popularity", "-id"],
                        name="marketplace_listing_cat",
                    ),
                    models.Index(
                        condition=Q(state="listed"),
                        fields=["-published_at", "-id"],
                        name="marketplace_listing_new",
                    ),
                    models.Index(
                        condition=Q(state="listed"),
                        fields=["category", "-published_at", "-id"],
                        name="marketplace_listing_cat_new",
                    ),
                    models.Index(
                        condition=Q(state="listed") & ~Q(builder_handle=""),
                        fields=["builder_handle", "-popularity", "-id"],
                        name="marketplace_listing_builder",
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=Q(state__in=["listed", "delisted", "quarantined"]),
                        name="marketplace_listing_state",
                    ),
                    models.CheckConstraint(
                        condition=Q(state="quarantined", state_before__in=["listed", "delisted"])
                        | ~Q(state="quarantined") & Q(state_before=""),
                        name="marketplace_listing_state_before",
                    ),
                    models.CheckConstraint(
                        condition=Q(
                            category__in=[
                                "writing",
                                "productivity",
                                "research-analysis",
                                "programming",
                                "education",
                                "lifestyle",
                                "other",
                            ]
                        ),
                        name="marketplace_listing_category",
                    ),
                    models.CheckConstraint(condition=~Q(name=""), name="marketplace_listing_name"),
                    models.CheckConstraint(
                        condition=Q(updated_at__gte=F("published_at")),
                        name="marketplace_listing_moments",
                    ),
                    models.CheckConstraint(
                        condition=Q(popularity__gte=0, popularity__lte=100),
                        name="marketplace_listing_popularity",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ListingRelease",
            fields=[
                automatic_id(),
                ("number", models.PositiveIntegerField()),
                ("notes", models.TextField(blank=True, max_length=2000)),
                ("released_at", models.DateTimeField()),
                (
                    "listing",
                    models.ForeignKey(
                        on_delete=models.CASCADE, related_name="releases", to="marketplace.listing"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("listing", "number"), name="marketplace_release_once"),
                ],
            },
        ),
        migrations.CreateModel(
            name="ListingScore",
            fields=[
                (
                    "listing",
                    models.OneToOneField(
                        on_delete=models.CASCADE,
                        primary_key=True,
                        related_name="score",
                        serialize=False,
                        to="marketplace.listing",
                    ),
                ),
                ("score", models.FloatField(default=0)),
                ("trend", models.FloatField(default=0)),
                ("breadth", models.FloatField(default=0)),
                ("quality", models.FloatField(default=0)),
                ("freshness", models.FloatField(default=0)),
                ("users_7d", models.PositiveIntegerField(default=0)),
                ("users_28d", models.PositiveIntegerField(default=0)),
                ("conversations_7d", models.PositiveIntegerField(default=0)),
                ("conversations_28d", models.PositiveIntegerField(default=0)),
                ("conversations_total", models.PositiveBigIntegerField(default=0)),
                ("stars_1", models.PositiveIntegerField(default=0)),
                ("stars_2", models.PositiveIntegerField(default=0)),
                ("stars_3", models.PositiveIntegerField(default=0)),
                ("stars_4", models.PositiveIntegerField(default=0)),
                ("stars_5", models.PositiveIntegerField(default=0)),
                ("rating_count", models.PositiveIntegerField(default=0)),
                ("rating_sum", models.PositiveIntegerField(default=0)),
                ("rank", models.PositiveIntegerField(default=0)),
                ("previous_rank", models.PositiveIntegerField(default=0)),
                ("category_rank", models.PositiveIntegerField(default=0)),
                ("previous_category_rank", models.PositiveIntegerField(default=0)),
                ("trend_rank", models.PositiveIntegerField(default=0)),
                ("previous_trend_rank", models.PositiveIntegerField(default=0)),
                ("computed_at", models.DateTimeField(null=True)),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=Q(trend_rank__gt=0),
                        fields=["trend_rank"],
                        name="marketplace_score_trend",
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=Q(score__gte=0, score__lte=100), name="marketplace_score_range"
                    ),
                    models.CheckConstraint(
                        condition=Q(
                            rating_count=F("stars_1")
                            + F("stars_2")
                            + F("stars_3")
                            + F("stars_4")
                            + F("stars_5")
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
                        condition=Q(
                            conversations_7d__lte=F("conversations_28d"), users_7d__lte=F("users_28d")
                        ),
                        name="marketplace_score_windows",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Rating",
            fields=[
                automatic_id(),
                ("author_name", models.CharField(max_length=80)),
                ("stars", models.PositiveSmallIntegerField(verbose_name="stars")),
                ("text", models.CharField(blank=True, max_length=1000, verbose_name="text")),
                ("version_number", models.PositiveIntegerField()),
                ("created_at", models.DateTimeField()),
                ("updated_at", models.DateTimeField()),
                ("hidden_at", models.DateTimeField(blank=True, null=True)),
                (
                    "listing",
                    models.ForeignKey(
                        on_delete=models.CASCADE, related_name="ratings", to="marketplace.listing"
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=models.CASCADE, related_name="ratings", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=Q(hidden_at__isnull=True),
                        fields=["listing", "-updated_at", "-id"],
                        name="marketplace_rating_recent",
                    ),
                    models.Index(fields=["user", "-id"], name="marketplace_rating_user"),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("listing", "user"), name="marketplace_rating_once"),
                    models.CheckConstraint(
                        condition=Q(stars__gte=1, stars__lte=5), name="marketplace_rating_stars"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Shelf",
            fields=[
                automatic_id(),
                ("title", models.CharField(max_length=80, verbose_name="title")),
                ("title_zh", models.CharField(blank=True, max_length=80, verbose_name="title in Chinese")),
                ("starts_on", models.DateField()),
                ("ends_on", models.DateField()),
                ("created_at", models.DateTimeField()),
                (
                    "created_by",
                    models.ForeignKey(
                        null=True, on_delete=models.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=Q(ends_on__gt=F("starts_on")), name="marketplace_shelf_dates"
                    ),
                    models.UniqueConstraint(fields=("starts_on",), name="marketplace_shelf_start"),
                ],
            },
        ),
        migrations.CreateModel(
            name="ShelfEntry",
            fields=[
                automatic_id(),
                ("position", models.PositiveSmallIntegerField()),
                ("reason", models.CharField(max_length=240, verbose_name="reason")),
                ("reason_zh", models.CharField(blank=True, max_length=240, verbose_name="reason in Chinese")),
                (
                    "listing",
                    models.ForeignKey(
                        on_delete=models.CASCADE, related_name="shelf_entries", to="marketplace.listing"
                    ),
                ),
                (
                    "shelf",
                    models.ForeignKey(
                        on_delete=models.CASCADE, related_name="entries", to="marketplace.shelf"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("shelf", "listing"), name="marketplace_shelfentry_listing"
                    ),
                    models.UniqueConstraint(
                        fields=("shelf", "position"), name="marketplace_shelfentry_position"
                    ),
                    models.CheckConstraint(condition=~Q(reason=""), name="marketplace_shelfentry_reason"),
                ],
            },
        ),
        migrations.CreateModel(
            name="SearchTerm",
            fields=[
                ("term", models.CharField(max_length=40, primary_key=True, serialize=False)),
                ("trigrams", ArrayField(base_field=models.CharField(max_length=3), size=None)),
                ("listing_count", models.PositiveIntegerField(default=0)),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(condition=~Q(term=""), name="marketplace_term_not_empty"),
                ],
            },
        ),
    ]

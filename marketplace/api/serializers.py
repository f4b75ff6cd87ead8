"""Output of the store's API: explicit fields, so that no new column becomes public by itself."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from core.errors import DomainError
from core.look.icon_files import build_icon_url
from gpts.assistants.states import Category
from marketplace.cards import Card
from marketplace.models.ratings import TEXT_LENGTH
from marketplace.queries.about import About
from marketplace.queries.suggestions import Suggestion
from marketplace.states import SuggestionKind


class CardSerializer(serializers.Serializer[Any]):
    """A listing in a list. ``rating_average`` is null under five ratings.

    ``conversations`` and ``users_28d`` are 0 for fewer than five people.
    """

    slug = serializers.CharField()
    name = serializers.CharField()
    tagline = serializers.CharField()
    category = serializers.ChoiceField(choices=Category.choices)
    icon_url = serializers.SerializerMethodField()
    builder_name = serializers.CharField()
    builder_verified = serializers.BooleanField()
    rating_average = serializers.FloatField(allow_null=True)
    rating_count = serializers.IntegerField()
    conversations = serializers.IntegerField()
    users_28d = serializers.IntegerField()
    score = serializers.FloatField(source="popularity")
    category_rank = serializers.IntegerField()
    why = serializers.CharField()
    is_allowed = serializers.SerializerMethodField()

    def get_icon_url(self, card: Card) -> str:
        """Path of the picture, or of the one drawn for the slug and category."""
        return card.icon_url or build_icon_url(card.slug, card.category)

    def get_is_allowed(self, card: Card) -> bool:
        """False when a company of the key's person does not let them use it."""
        return card.id not in self.context.get("refused", ())


class ReleaseSerializer(serializers.Serializer[Any]):
    number = serializers.IntegerField()
    notes = serializers.CharField()
    released_at = serializers.DateTimeField()


class AboutSerializer(serializers.Serializer[Any]):
    """One listing with everything that its About page shows.

    ``conversations`` and ``users_28d`` are 0 for fewer than five people.
    """

    slug = serializers.CharField(source="listing.slug")
    name = serializers.CharField(source="listing.name")
    tagline = serializers.CharField(source="listing.tagline")
    description = serializers.CharField(source="listing.description")
    starters = serializers.ListField(child=serializers.CharField(), source="listing.starters")
    category = serializers.ChoiceField(choices=Category.choices, source="listing.category")
    icon_url = serializers.SerializerMethodField()
    capabilities = serializers.ListField(child=serializers.CharField(), source="listing.capabilities")
    model = serializers.CharField(source="listing.model_label")
    has_knowledge = serializers.BooleanField(source="listing.has_knowledge")
    languages = serializers.ListField(child=serializers.CharField(), source="listing.languages")
    version = serializers.IntegerField(source="listing.version_number")
    published_at = serializers.DateTimeField(source="listing.published_at")
    updated_at = serializers.DateTimeField(source="listing.updated_at")
    builder_handle = serializers.CharField(source="listing.builder_handle")
    builder_name = serializers.CharField(source="listing.builder_name")
    builder_verified = serializers.BooleanField(source="listing.builder_verified")
    rating_average = serializers.FloatField(allow_null=True)
    rating_count = serializers.IntegerField(source="score.rating_count")
    conversations = serializers.IntegerField(source="score.conversations_total")
    users_28d = serializers.IntegerField(source="score.users_28d")
    score = serializers.FloatField(source="score.score")
    category_rank = serializers.IntegerField(source="score.category_rank")
    why = serializers.CharField()
    refusal = serializers.SerializerMethodField()
    releases = ReleaseSerializer(many=True)

    def get_icon_url(self, about: About) -> str:
        """Path of the picture, or of the one drawn for the slug and category."""
        return about.icon_url or build_icon_url(about.listing.slug, about.listing.category)

    def get_refusal(self, about: About) -> str:
        """Why a company of the key's person does not let them use it; empty when they may."""
        refusal: DomainError | None = self.context.get("refusal")
        return "" if refusal is None else str(refusal.message)


class SearchSerializer(serializers.Serializer[Any]):
    """A page of results; ``shown_for`` is the corrected text, ``suggestion`` one that may have been meant."""

    items = CardSerializer(many=True)
    next_cursor = serializers.CharField()
    found = serializers.IntegerField()
    is_more = serializers.BooleanField()
    shown_for = serializers.CharField()
    suggestion = serializers.CharField()
    is_partial = serializers.BooleanField()


class SuggestionSerializer(serializers.Serializer[Any]):
    """A GPT or a category whose name begins with what was typed.

    ``builder_name`` is empty for a category and for a GPT that is not in the store, ``icon_url`` for a
    category.
    """

    kind = serializers.ChoiceField(choices=SuggestionKind.choices)
    name = serializers.CharField()
    slug = serializers.CharField()
    category = serializers.ChoiceField(choices=Category.choices)
    url = serializers.CharField()
    icon_url = serializers.SerializerMethodField()
    builder_name = serializers.CharField()
    builder_verified = serializers.BooleanField()

    def get_icon_url(self, suggestion: Suggestion) -> str:
        """Path of the picture, or of the one drawn for the slug and category."""
        if suggestion.kind == SuggestionKind.CATEGORY:
            return ""
        return suggestion.icon_url or build_icon_url(suggestion.slug, suggestion.category)


class SuggestionListSerializer(serializers.Serializer[Any]):
    items = SuggestionSerializer(many=True)


class CategorySerializer(serializers.Serializer[Any]):
    value = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]  # a field named like an attribute of Field


class BoardSerializer(serializers.Serializer[Any]):
    category = serializers.CharField()
    items = CardSerializer(many=True)


class BuilderSerializer(serializers.Serializer[Any]):
    handle = serializers.CharField(source="profile.handle")
    display_name = serializers.CharField(source="profile.display_name")
    bio = serializers.CharField(source="profile.bio")
    website = serializers.CharField(source="profile.website")
    is_verified = serializers.BooleanField(source="profile.is_verified")
    items = CardSerializer(many=True, source="listings.items")
    next_cursor = serializers.CharField(source="listings.next_cursor")
    previous_cursor = serializers.CharField(source="listings.previous_cursor")


class RatingSerializer(serializers.Serializer[Any]):
    author_name = serializers.CharField(read_only=True)
    stars = serializers.IntegerField(min_value=1, max_value=5)
    text = serializers.CharField(max_length=TEXT_LENGTH, required=False, allow_blank=True, default="")
    version = serializers.IntegerField(source="version_number", read_only=True)
    updated_at = serializers.DateTimeField(read_only=True)


class RatingPageSerializer(serializers.Serializer[Any]):
    items = RatingSerializer(many=True)
    next_cursor = serializers.CharField()
    previous_cursor = serializers.CharField()

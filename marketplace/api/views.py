"""The store's API. Every request needs a key with ``store:read``, so that rate limits apply."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from core.errors import InvalidInput
from core.rate_limits import require_within
from core.scope import open_scope
from gpts.assistants.external import find_refusal
from gpts.assistants.states import Category
from marketplace import queries
from marketplace.access import access_listing
from marketplace.api.serializers import (
    AboutSerializer,
    BoardSerializer,
    BuilderSerializer,
    CardSerializer,
    CategorySerializer,
    RatingPageSerializer,
    RatingSerializer,
    SearchSerializer,
    SuggestionListSerializer,
)
from marketplace.cards import Card
from marketplace.search.limits import PERSON_LIMIT
from marketplace.search.query_vectors import get_query_vector
from marketplace.search.tsquery import MAX_TEXT_LENGTH
from marketplace.services.ratings import delete_rating, rate_listing
from workspaces.api.base import LoggiaAPIView
from workspaces.models import User
from workspaces.states import ApiScope
from workspaces.web.own_scopes import get_scope, opens_own_scopes

READ = ApiScope.STORE_READ.value
CURSOR = OpenApiParameter("cursor", str)


def build_card_context(person: User, cards: Iterable[Card]) -> dict[str, Any]:
    """Return the context of CardSerializer: which of the cards a company of the person refuses."""
    rules = queries.get_external_rules(person)
    return {"refused": rules.find_refused(cards) if rules else frozenset()}


@opens_own_scopes
class ListingsView(LoggiaAPIView):
    required_scopes: ClassVar = {"GET": READ}

    @extend_schema(
        operation_id="store_listings_search",
        parameters=[OpenApiParameter("q", str), OpenApiParameter("category", str), CURSOR],
        responses=SearchSerializer,
    )
    def get(self, request: Request) -> Response:
        category = request.query_params.get("category", "")
        if category and category not in Category.values:
            raise InvalidInput(_("There is no such category."), code="unknown_choice", field="category")
        text = request.query_params.get("q", "")[:MAX_TEXT_LENGTH]
        # Before the transaction, because it takes some milliseconds of computing.
        vector = get_query_vector(text)
        with open_scope(get_scope(request)):
            found = queries.search_listings(
                text, category=category, cursor=request.query_params.get("cursor", ""), vector=vector
            )
            context = build_card_context(self.person, found.items)
        return Response(SearchSerializer(found, context=context).data)


class SuggestionsView(LoggiaAPIView):
    """What the store's search field suggests for a text that is being typed."""

    required_scopes: ClassVar = {"GET": READ}

    @extend_schema(
        operation_id="store_suggestions_list",
        parameters=[OpenApiParameter("q", str)],
        responses=SuggestionListSerializer,
    )
    def get(self, request: Request) -> Response:
        require_within(PERSON_LIMIT, self.person.pk, at=timezone.now())
        text = request.query_params.get("q", "")
        found = queries.list_suggestions(
            text,
            familiar=queries.suggest_familiar(self.person, text),
            listings=queries.leave_out_refused(self.person, queries.suggest_listings(text)),
        )
        return Response(SuggestionListSerializer({"items": found}).data)


class ListingView(LoggiaAPIView):
    required_scopes: ClassVar = {"GET": READ}

    @extend_schema(operation_id="store_listing_retrieve", responses=AboutSerializer)
    def get(self, request: Request, slug: str) -> Response:
        about = queries.get_about(slug)
        refusal = find_refusal(self.person, access_listing(slug).gpt)
        return Response(AboutSerializer(about, context={"refusal": refusal}).data)


class RatingsView(LoggiaAPIView):
    """Everybody's ratings; PUT and DELETE act on one's own."""

    required_scopes: ClassVar = {"GET": READ, "PUT": ApiScope.CHAT.value, "DELETE": ApiScope.CHAT.value}

    @extend_schema(operation_id="store_ratings_list", parameters=[CURSOR], responses=RatingPageSerializer)
    def get(self, request: Request, slug: str) -> Response:
        listing = access_listing(slug)
        page = queries.list_ratings(listing.pk, cursor=request.query_params.get("cursor", ""))
        return Response(RatingPageSerializer(page).data)

    @extend_schema(operation_id="store_rating_put", request=RatingSerializer, responses=RatingSerializer)
    def put(self, request: Request, slug: str) -> Response:
        listing = access_listing(slug)
        values = self.read(RatingSerializer)
        rating = rate_listing(listing=listing, **values, by=self.person, at=timezone.now())
        return Response(RatingSerializer(rating).data)

    @extend_schema(operation_id="store_rating_delete", responses={204: None})
    def delete(self, request: Request, slug: str) -> Response:
        delete_rating(listing=access_listing(slug), by=self.person, at=timezone.now())
        return Response(status=204)


class CategoriesView(LoggiaAPIView):
    required_scopes: ClassVar = {"GET": READ}

    @extend_schema(operation_id="store_categories_list", responses=CategorySerializer(many=True))
    def get(self, request: Request) -> Response:
        return Response([{"value": entry.value, "label": str(entry.label)} for entry in Category])


class LeaderboardsView(LoggiaAPIView):
    required_scopes: ClassVar = {"GET": READ}

    @extend_schema(operation_id="store_leaderboards_list", responses=BoardSerializer(many=True))
    def get(self, request: Request) -> Response:
        boards = queries.list_leaderboards()
        context = build_card_context(self.person, [card for _category, cards in boards for card in cards])
        return Response(
            [
                {
                    "category": category.value,
                    "items": CardSerializer(cards, many=True, context=context).data,
                }
                for category, cards in boards
            ]
        )


class BuilderView(LoggiaAPIView):
    required_scopes: ClassVar = {"GET": READ}

    @extend_schema(operation_id="store_builder_retrieve", parameters=[CURSOR], responses=BuilderSerializer)
    def get(self, request: Request, handle: str) -> Response:
        page = queries.get_builder_page(handle, cursor=request.query_params.get("cursor", ""))
        context = build_card_context(self.person, page.listings.items)
        return Response(BuilderSerializer(page, context=context).data)

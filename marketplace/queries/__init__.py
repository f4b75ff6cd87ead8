"""Reading the store. All but the private store reads as the public database role."""

from marketplace.queries.about import get_about
from marketplace.queries.builders import get_builder_page
from marketplace.queries.external import ExternalRules, get_external_rules
from marketplace.queries.listings import browse_listings, list_leaderboards, search_listings
from marketplace.queries.private_store import PrivateCard, list_private_store
from marketplace.queries.ratings import list_ratings
from marketplace.queries.storefront import get_storefront
from marketplace.queries.suggestions import (
    leave_out_refused,
    list_suggestions,
    suggest_familiar,
    suggest_listings,
)

__all__ = [
    "ExternalRules",
    "PrivateCard",
    "browse_listings",
    "get_about",
    "get_builder_page",
    "get_external_rules",
    "get_storefront",
    "leave_out_refused",
    "list_leaderboards",
    "list_private_store",
    "list_ratings",
    "list_suggestions",
    "search_listings",
    "suggest_familiar",
    "suggest_listings",
]

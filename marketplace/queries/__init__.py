"""Reading the store. All but the private store reads as the public database role."""

from marketplace.queries.about import get_about
from marketplace.queries.builders import get_builder_page
from marketplace.queries.external import (
    AdoptionOffer,
    ExternalRules,
    get_adoption_offer,
    get_external_rules,
    may_use_some_external,
)
from marketplace.queries.listings import browse_listings, list_leaderboards, search_listings
from marketplace.queries.private_about import PrivateAbout, get_private_about
from marketplace.queries.private_store import (
    MARK_KINDS,
    PrivateCard,
    PrivateStore,
    SectionView,
    find_private_gpts,
    get_private_store,
    list_blocked_gpts,
    list_entries,
    list_private_gpts,
    list_private_listings,
    list_sections,
    load_marks,
    page_private_store,
    read_sections,
)
from marketplace.queries.ratings import list_ratings
from marketplace.queries.storefront import get_storefront
from marketplace.queries.suggestions import (
    leave_out_refused,
    list_suggestions,
    suggest_familiar,
    suggest_listings,
)

__all__ = [
    "MARK_KINDS",
    "AdoptionOffer",
    "ExternalRules",
    "PrivateAbout",
    "PrivateCard",
    "PrivateStore",
    "SectionView",
    "browse_listings",
    "find_private_gpts",
    "get_about",
    "get_adoption_offer",
    "get_builder_page",
    "get_external_rules",
    "get_private_about",
    "get_private_store",
    "get_storefront",
    "leave_out_refused",
    "list_blocked_gpts",
    "list_entries",
    "list_leaderboards",
    "list_private_gpts",
    "list_private_listings",
    "list_ratings",
    "list_sections",
    "list_suggestions",
    "load_marks",
    "may_use_some_external",
    "page_private_store",
    "read_sections",
    "search_listings",
    "suggest_familiar",
    "suggest_listings",
]

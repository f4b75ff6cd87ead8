"""The store: listings, figures, ratings, shelves, builders, search terms, sections of private stores."""

from marketplace.models.builders import BuilderProfile, FormerHandle
from marketplace.models.company_store import ClosedOnboarding, StoreSection, StoreSectionEntry
from marketplace.models.listings import Listing, ListingRelease, ListingScore
from marketplace.models.ratings import Rating
from marketplace.models.shelves import Shelf, ShelfEntry
from marketplace.models.terms import SearchTerm
from marketplace.models.vectors import ListingVector

__all__ = [
    "BuilderProfile",
    "ClosedOnboarding",
    "FormerHandle",
    "Listing",
    "ListingRelease",
    "ListingScore",
    "ListingVector",
    "Rating",
    "SearchTerm",
    "Shelf",
    "ShelfEntry",
    "StoreSection",
    "StoreSectionEntry",
]

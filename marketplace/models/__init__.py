"""The public store: listings, their figures, ratings, shelves, builders, search terms."""

from marketplace.models.builders import BuilderProfile, FormerHandle
from marketplace.models.listings import Listing, ListingRelease, ListingScore
from marketplace.models.ratings import Rating
from marketplace.models.shelves import Shelf, ShelfEntry
from marketplace.models.terms import SearchTerm
from marketplace.models.vectors import ListingVector

__all__ = [
    "BuilderProfile",
    "FormerHandle",
    "Listing",
    "ListingRelease",
    "ListingScore",
    "ListingVector",
    "Rating",
    "SearchTerm",
    "Shelf",
    "ShelfEntry",
]

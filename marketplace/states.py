"""The choices of the store: states and actions of listings, orders, obstacles to rating."""

from __future__ import annotations

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class ListingState(TextChoices):
    LISTED = "listed", _("In the store")
    DELISTED = "delisted", _("Taken out of the store")
    QUARANTINED = "quarantined", _("Quarantined")


class ListingAct(TextChoices):
    PUBLISH = "publish", _("Publish a version")
    DELIST = "delist", _("Take out of the store")
    RESTORE = "restore", _("Put back")
    QUARANTINE = "quarantine", _("Quarantine")


# From which states an action is allowed. A quarantined listing takes no new version: it is evidence.
ALLOWED: dict[ListingAct, frozenset[ListingState]] = {
    ListingAct.PUBLISH: frozenset({ListingState.LISTED, ListingState.DELISTED}),
    ListingAct.DELIST: frozenset({ListingState.LISTED}),
    ListingAct.RESTORE: frozenset({ListingState.DELISTED, ListingState.QUARANTINED}),
    ListingAct.QUARANTINE: frozenset({ListingState.LISTED, ListingState.DELISTED}),
}


class Board(TextChoices):
    """The orders of leaderboards and categories."""

    BEST = "best", _("Best")
    TRENDING = "trending", _("Trending")
    NEW = "new", _("New")


class SuggestionKind(TextChoices):
    """What a search field suggests; the label of one's own and recent GPTs stands beside their name."""

    OWN = "own", _("Yours")
    RECENT = "recent", _("Recent")
    GPT = "gpt", _("GPT")
    CATEGORY = "category", _("Category")


class RatingObstacle(TextChoices):
    """Why a person cannot rate a listing; the label is shown to them."""

    SUSPENDED = "suspended", _("You are suspended as a builder. You cannot rate until that is lifted.")
    OWN = "own", _("You publish this GPT, so your own rating does not count.")
    COLLEAGUE = "colleague", _("This GPT is from your own workspace. Ratings come from people outside.")
    UNUSED = "unused", _("Chat with this GPT first. Ratings come from people who used it.")


class SectionKind(TextChoices):
    """What a section of a private store is for."""

    REQUIRED = "required", _("Required")
    RECOMMENDED = "recommended", _("Recommended")
    SHELF = "shelf", _("Shelf, with a reason for each GPT")
    CATEGORY = "category", _("Category")
    PACK = "pack", _("Pack")
    ONBOARDING = "onboarding", _("Set for new members")


class Mark(TextChoices):
    """What an admin says about a GPT of the private store."""

    REQUIRED = "required", _("Required")
    RECOMMENDED = "recommended", _("Recommended")
    BLOCKED = "blocked", _("Blocked")


# Sections that may be for the members of one group.
GROUP_SECTIONS = (SectionKind.REQUIRED, SectionKind.RECOMMENDED, SectionKind.PACK)

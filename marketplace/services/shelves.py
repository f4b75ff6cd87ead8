"""Editorial shelves: their entries, dates and reasons."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from core import audit
from core.errors import Conflict, InvalidInput
from core.text import clean_line
from marketplace.models import Listing, Shelf, ShelfEntry
from marketplace.models.shelves import REASON_LENGTH
from marketplace.page_cache import invalidate_store
from marketplace.states import ListingState
from workspaces.models import User

MAX_ENTRIES = 12


@dataclass(frozen=True)
class Recommendation:
    """A listing with the editor's reason, in English and, if there is one, in Chinese."""

    listing: Listing
    reason: str
    reason_zh: str = ""


@transaction.atomic
def set_shelf(
    *,
    title: str,
    starts_on: date,
    ends_on: date,
    entries: Sequence[Recommendation],
    by: User | None,
    at: datetime,
    title_zh: str = "",
) -> Shelf:
    """Create the shelf that starts on a day, or replace its entries.

    Raises InvalidInput for no entries, more than a dozen, an entry without a reason or not in the store.
    """
    if ends_on <= starts_on:
        raise InvalidInput(_("The shelf must end after it starts."), code="dates_reversed", field="ends_on")
    if not 1 <= len(entries) <= MAX_ENTRIES:
        raise InvalidInput(_("Put 1 to 12 GPTs on the shelf."), code="shelf_size", field="entries")
    for entry in entries:
        if entry.listing.state != ListingState.LISTED:
            raise InvalidInput(
                _("Only GPTs that stand in the store can stand on a shelf."),
                code="not_listed",
                field="entries",
            )
    fields = {
        "title": clean_line(title, max_length=80, field="title"),
        "title_zh": clean_line(title_zh, max_length=80, field="title_zh", required=False),
        "ends_on": ends_on,
    }
    shelf, _is_new = Shelf.objects.update_or_create(
        starts_on=starts_on, defaults=fields, create_defaults={**fields, "created_by": by, "created_at": at}
    )
    before = list(shelf.entries.order_by("position").values_list("listing_id", flat=True))
    shelf.entries.all().delete()
    try:
        with transaction.atomic():
            ShelfEntry.objects.bulk_create(
                ShelfEntry(
                    shelf=shelf,
                    listing=entry.listing,
                    position=position,
                    reason=clean_line(entry.reason, max_length=REASON_LENGTH, field="reason"),
                    reason_zh=clean_line(
                        entry.reason_zh, max_length=REASON_LENGTH, field="reason_zh", required=False
                    ),
                )
                for position, entry in enumerate(entries, start=1)
            )
    except IntegrityError as error:
        raise Conflict(
            _("A GPT can stand on a shelf only once."), code="shelf_twice", field="entries"
        ) from error
    invalidate_store()
    listings = [entry.listing.pk for entry in entries]
    audit.record(
        action="marketplace.shelf_set",
        by=by,
        at=at,
        subject=shelf,
        data={"listings": listings},
        changes={"listings": (before, listings)} if before not in ([], listings) else None,
    )
    return shelf

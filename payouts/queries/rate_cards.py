"""Rate cards, as pages and API show them."""

from __future__ import annotations

from payouts.models import RateCard


def list_rate_cards() -> list[RateCard]:
    """Return all rate cards with their lines, newest first."""
    return list(RateCard.objects.select_related("created_by").prefetch_related("lines").order_by("-version"))


def get_newest_rate_card() -> RateCard | None:
    return RateCard.objects.prefetch_related("lines").order_by("-version").first()

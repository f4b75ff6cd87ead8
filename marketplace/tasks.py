"""Periodic jobs of the store."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from core.scope import system_scope
from marketplace.services.listing_vectors import embed_listings
from marketplace.services.listings import delist_deleted_gpts
from marketplace.services.publishing import follow_publishing_rules
from marketplace.services.scores import compute_scores


@shared_task(name="marketplace.compute_scores")
def compute_store_scores() -> None:
    """Recompute all figures and ranks. Idempotent: the result depends on the time only."""
    with system_scope("marketplace.compute_scores"):
        compute_scores(at=timezone.now())


@shared_task(name="marketplace.follow_deletions")
def delist_deleted() -> None:
    """Delist GPTs that their owners deleted. Idempotent: it finds only listed ones."""
    with system_scope("marketplace.follow_deletions"):
        delist_deleted_gpts(at=timezone.now())


@shared_task(name="marketplace.follow_publishing_rules")
def follow_rules() -> None:
    """Withdraw and return listings as sharing policies and the state of publishers say. Idempotent."""
    with system_scope("marketplace.follow_publishing_rules"):
        follow_publishing_rules(at=timezone.now())


@shared_task(name="marketplace.embed_listings")
def embed_new_listings() -> int:
    """Make missing vectors of listings and remove those of others. Running twice makes each once."""
    return embed_listings(clock=timezone.now)

"""Who else has a case open: short-lived entries in the cache."""

from __future__ import annotations

from django.core.cache import cache

from reviews.models import Case
from workspaces.models import User

# The page's heartbeat comes every two minutes.
VIEWER_SECONDS = 150


def record_viewer(case: Case, viewer: User) -> list[str]:
    """Record that ``viewer`` has the case open and return the names of the others who have."""
    key = f"reviews:looking:{case.pk}"
    viewers: dict[int, str] = cache.get(key) or {}
    cache.set(key, {**viewers, viewer.pk: str(viewer)}, VIEWER_SECONDS)
    return [name for user_id, name in viewers.items() if user_id != viewer.pk]

"""The order that a search found, kept so that its further pages stay the same while listings change."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b

from django.core.cache import cache

# Searches share these keys by their digest, so that invented ones cannot fill the cache: 7 MB at most.
SLOTS = 2_048
KEEP_SECONDS = 900


@dataclass(frozen=True)
class Ranked:
    """Ids of listings, best first, and what the page says about them: see SearchPage."""

    ids: tuple[int, ...] = ()
    matches: int = 0
    shown_for: str = ""
    suggestion: str = ""
    is_partial: bool = False


def make_key(ids: Sequence[int], *texts: str) -> str:
    """Return the key of an order: of the search and of what it found."""
    told = "\0".join([*texts, *map(str, ids)])
    return blake2b(told.encode(errors="surrogatepass"), digest_size=12).hexdigest()


def keep(key: str, ranked: Ranked) -> None:
    cache.set(_get_slot(key), (key, ranked), KEEP_SECONDS)


def read(key: str) -> Ranked | None:
    """Return a kept order; None when it expired or another search took its place."""
    found = cache.get(_get_slot(key))
    return found[1] if found is not None and found[0] == key else None


def _get_slot(key: str) -> str:
    return f"store:ranked:{int(key[:8], 16) % SLOTS}"

"""Rendered parts of the store in the cache, and the stamps by which a change hides them at once.

A part is stored beside two stamps of its time, the whole store's and that of its own path, and is good only
while both stand. Services move them after commit, so that a quarantined listing is gone with the next
request; a part also dies by itself, which bounds what figures may lag.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from typing import Any, TypeVar

from django.core.cache import cache
from django.db import transaction

# Lists follow the clock (shelves, "new"); the page of one listing changes only by what moves a stamp.
LIST_SECONDS = 30
PAGE_SECONDS = 300
# The stamp of a path outlives every part that was kept under an older one.
_PATH_STAMP_SECONDS = 4 * PAGE_SECONDS
# "public" is the tenant: what a workspace sees of its own is never kept here.
_STAMP = "store:public:stamp"

ValueT = TypeVar("ValueT")


def _key(language: str, name: str) -> str:
    return f"store:public:{language}:{_short(name)}"


def _path_key(path: str) -> str:
    return f"{_STAMP}:{_short(path)}"


def _short(text: str) -> str:
    """Names hold what readers typed into the address: any length, any character."""
    return hashlib.blake2b(text.encode(errors="surrogatepass"), digest_size=16).hexdigest()


def find_part(name: str, language: str, *, path: str) -> tuple[str, Any]:
    """Return the stamp of now and the part ``name``, None when that is absent or from before a change."""
    key, path_key = _key(language, name), _path_key(path)
    found = cache.get_many([_STAMP, path_key, key])
    store = found.get(_STAMP)
    if store is None:
        store = secrets.token_hex(8)
        if not cache.add(_STAMP, store, timeout=None):
            store = cache.get(_STAMP)
    stamp = f"{store} {found.get(path_key, '')}"
    entry = found.get(key)
    return stamp, entry[1] if entry is not None and entry[0] == stamp else None


def keep_part(name: str, language: str, stamp: str, value: Any, *, seconds: int) -> None:
    """Keep a part under the stamp that was read before it was built: a change in between makes it void."""
    cache.set(_key(language, name), (stamp, value), timeout=seconds)


def cached(
    name: str, language: str, build: Callable[[], ValueT], *, path: str, seconds: int = LIST_SECONDS
) -> ValueT:
    """Return the part ``name`` in ``language``, built when it is absent, stale or from before a change.

    ``build`` must read with the public role only: what it returns is shown to everybody.
    """
    stamp, value = find_part(name, language, path=path)
    if value is None:
        value = build()
        keep_part(name, language, stamp, value, seconds=seconds)
    made: ValueT = value
    return made


def move_store_stamp() -> None:
    """Void every cached part of the store once the transaction has committed."""
    transaction.on_commit(lambda: cache.set(_STAMP, secrets.token_hex(8), timeout=None))


def move_path_stamp(path: str) -> None:
    """Void what was kept for one path, in all languages and themes, once the transaction has committed."""
    transaction.on_commit(
        lambda: cache.set(_path_key(path), secrets.token_hex(8), timeout=_PATH_STAMP_SECONDS)
    )

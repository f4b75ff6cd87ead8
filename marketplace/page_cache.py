"""Cache of rendered store pages and fragments, with version keys for immediate invalidation.

An entry is stored with the versions of the whole store and of its path, and is valid only while both are
unchanged. Services change the versions after commit, so that a quarantined listing is gone with the next
request. Entries also expire, which limits how far figures lag.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from typing import Any, TypeVar

from django.core.cache import cache
from django.db import transaction

# Lists depend on the time (shelves, "new"); a listing's page changes only with its version.
LIST_SECONDS = 30
PAGE_SECONDS = 300
# The version of a path must outlive every entry that was stored under an older one.
_PATH_VERSION_SECONDS = 4 * PAGE_SECONDS
# "public" is the tenant: a workspace's own pages are never cached here.
_VERSION = "store:public:stamp"

ValueT = TypeVar("ValueT")


def _key(language: str, name: str) -> str:
    return f"store:public:{language}:{_hash(name)}"


def _path_key(path: str) -> str:
    return f"{_VERSION}:{_hash(path)}"


def _hash(text: str) -> str:
    """Names contain request URLs: any length, any character."""
    return hashlib.blake2b(text.encode(errors="surrogatepass"), digest_size=16).hexdigest()


def get_entry(name: str, language: str, *, path: str) -> tuple[str, Any]:
    """Return the current version and the entry ``name``, None when it is missing or outdated."""
    key, path_key = _key(language, name), _path_key(path)
    found = cache.get_many([_VERSION, path_key, key])
    store_version = found.get(_VERSION)
    if store_version is None:
        store_version = secrets.token_hex(8)
        if not cache.add(_VERSION, store_version, timeout=None):
            store_version = cache.get(_VERSION)
    version = f"{store_version} {found.get(path_key, '')}"
    entry = found.get(key)
    return version, entry[1] if entry is not None and entry[0] == version else None


def store_entry(name: str, language: str, version: str, value: Any, *, seconds: int) -> None:
    """Store an entry under the version that was read before it was built.

    A change in between thus makes it invalid.
    """
    cache.set(_key(language, name), (version, value), timeout=seconds)


def get_or_build(
    name: str, language: str, build: Callable[[], ValueT], *, path: str, seconds: int = LIST_SECONDS
) -> ValueT:
    """Return the entry ``name`` in ``language``; build it when it is missing or outdated.

    ``build`` must read as the public role only: its result is shown to everybody.
    """
    version, value = get_entry(name, language, path=path)
    if value is None:
        value = build()
        store_entry(name, language, version, value, seconds=seconds)
    entry: ValueT = value
    return entry


def invalidate_store() -> None:
    """Invalidate all entries once the transaction has committed."""
    transaction.on_commit(lambda: cache.set(_VERSION, secrets.token_hex(8), timeout=None))


def invalidate_path(path: str) -> None:
    """Invalidate the entries of one path, in all languages and themes, once the transaction has committed."""
    transaction.on_commit(
        lambda: cache.set(_path_key(path), secrets.token_hex(8), timeout=_PATH_VERSION_SECONDS)
    )

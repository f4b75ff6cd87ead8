"""Cache of rendered store pages and fragments, with version keys for immediate invalidation.

An entry is stored with the versions of the whole store and of its path, and is valid only while both are
unchanged. Services change the versions after commit, so that a quarantined listing is gone with the next
request. Entries also expire, which limits how far figures lag.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from dataclasses import astuple, dataclass
from functools import lru_cache
from typing import Any, TypeVar

from django.conf import settings
from django.core.cache import cache
from django.db import transaction
from django.utils import translation

from core.instance_settings import get_setting

# Lists depend on the time (shelves, "new"); a listing's page changes only with its version.
LIST_SECONDS = 30
PAGE_SECONDS = 300
# The version of a path must outlive every entry that was stored under an older one.
_PATH_VERSION_SECONDS = 4 * PAGE_SECONDS
# The tenant of what everybody sees. Members of a company that limits GPTs from outside get entries of their
# own, where these are marked. A workspace's own pages are never cached here.
PUBLIC = "public"
_VERSION = f"store:{PUBLIC}:stamp"

ValueT = TypeVar("ValueT")


@dataclass(frozen=True)
class EntryInputs:
    """Everything that a cached page or fragment depends on: entries are shared only where all are equal.

    An input that is missing here shows one visitor the page of another, so a template that comes to depend
    on something new needs a field. ``name`` is "page" or the fragment's, ``query`` the query string.
    """

    name: str
    path: str
    query: str
    language: str
    theme: str
    base_url: str
    release: str
    tenant: str = PUBLIC

    def build_key(self) -> str:
        """Return the key in the cache; inputs have any length and any character."""
        return f"store:{self.tenant}:{_hash(*astuple(self))}"


@dataclass(frozen=True)
class Version:
    """The versions of the store and of a path; ``path`` is empty when the path has none yet."""

    store: str
    path: str


def build_inputs(
    name: str, path: str, *, query: str = "", theme: str = "", tenant: str = PUBLIC
) -> EntryInputs:
    """Return the inputs of an entry; language, base URL and release are those of this request and process."""
    return EntryInputs(
        name=name,
        path=path,
        query=query,
        theme=theme,
        language=translation.get_language() or settings.LANGUAGE_CODE,
        base_url=settings.BASE_URL,
        release=get_release(),
        tenant=tenant,
    )


def get_release() -> str:
    """Return a digest of what pages are made of: an upgrade or a changed footer must not serve older ones."""
    texts = (
        get_setting("terms_url"),
        get_setting("privacy_url"),
        get_setting("help_url"),
        get_setting("sign_up"),
        str(settings.STATIC_SOURCES),
    )
    return _hash(_get_file_digest(), *texts)


@lru_cache(maxsize=1)
def _get_file_digest() -> str:
    """Compare names, sizes and times of files, which are the same for all processes of an installation."""
    files = [
        (str(file.relative_to(settings.BASE_DIR)), file.stat().st_size, file.stat().st_mtime_ns)
        for folder in ("templates", "static", "locale")
        for file in (settings.BASE_DIR / folder).rglob("*")
        if file.is_file()
    ]
    return _hash(*map(str, sorted(files)))


def _path_key(path: str) -> str:
    return f"{_VERSION}:{_hash(path)}"


def _hash(*texts: str) -> str:
    digest = hashlib.blake2b(digest_size=16)
    for text in texts:
        encoded = text.encode(errors="surrogatepass")
        digest.update(len(encoded).to_bytes(8, "big") + encoded)
    return digest.hexdigest()


def get_entry(inputs: EntryInputs) -> tuple[Version, Any]:
    """Return the current version and the entry, None when it is missing or outdated."""
    key, path_key = inputs.build_key(), _path_key(inputs.path)
    found = cache.get_many([_VERSION, path_key, key])
    store_version = found.get(_VERSION)
    if store_version is None:
        store_version = secrets.token_hex(8)
        if not cache.add(_VERSION, store_version, timeout=None):
            store_version = cache.get(_VERSION)
    version = Version(str(store_version), found.get(path_key, ""))
    entry = found.get(key)
    if entry is None or not version.path or entry[0] != astuple(version):
        return version, None
    return version, entry[1]


def store_entry(inputs: EntryInputs, version: Version, value: Any, *, seconds: int) -> None:
    """Store an entry under the version that was read before it was built.

    A change in between thus makes it invalid. A path gets its version here, not when it is asked for: unknown
    addresses must not fill the cache. Versions are random, because the cache may evict one at any time, and
    an entry from before must not become valid again.
    """
    path_version = version.path
    if not path_version:
        path_version = secrets.token_hex(8)
        if not cache.add(_path_key(inputs.path), path_version, timeout=_PATH_VERSION_SECONDS):
            return  # it changed, or another process was faster
    cache.set(inputs.build_key(), ((version.store, path_version), value), timeout=seconds)


def get_or_build(
    name: str,
    build: Callable[[], ValueT],
    *,
    path: str,
    seconds: int = LIST_SECONDS,
    tenant: str = PUBLIC,
) -> ValueT:
    """Return the fragment ``name`` of ``path`` in the active language; build it when missing or outdated.

    ``build`` must read as the public role only: its result is shown to everybody. With ``tenant`` it is shown
    to those alone who have the same key, so all that it depends on beside must be in that key.
    """
    inputs = build_inputs(name, path, tenant=tenant)
    version, value = get_entry(inputs)
    if value is None:
        value = build()
        store_entry(inputs, version, value, seconds=seconds)
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

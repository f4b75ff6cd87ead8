"""Markdown as safe HTML, rendered by ``core.markdown_renderer`` in another process and kept for a while."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Sequence
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path

from django.core.cache import cache
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from core.markdown_renderer import extract_plain, render_plain
from core.render_pool import get_pool

# Texts that took this many CPU seconds are kept; others are rendered again as fast as they are read.
KEPT_FROM = 0.005
KEPT_SECONDS = 3600
# Shorter texts without code or formulas are never slow.
LOOKED_UP_FROM = 300
LIBRARIES = ("markdown-it-py", "mdit-py-plugins", "Pygments", "latex2mathml", "nh3")


def render(text: str, *, person_id: int = 0) -> SafeString:
    """Return safe HTML for untrusted markdown; see ``render_html`` in core.markdown_renderer.

    ``person_id`` is whose text it is; 0 for texts of ours. Each person has one text rendered at a time, so
    that nobody's hostile text delays another's. When no HTML is to be had in time, the text is shown as it
    is.
    """
    return render_all([text], person_id=person_id)[0]


def render_all(texts: Sequence[str], *, person_id: int = 0) -> list[SafeString]:
    """Render several texts of one person, with one look into the cache; see ``render``."""
    keys = {text: _build_key(text, person_id) for text in texts if _may_be_slow(text)}
    kept = cache.get_many(keys.values()) if keys else {}
    found: dict[str, SafeString] = {}
    for text in texts:
        if text in found:
            continue
        held = kept.get(keys.get(text, ""))
        html = (
            _render_now(text, keys.get(text, ""), person_id)
            if held is None
            else zlib.decompress(held).decode()
        )
        found[text] = mark_safe(html)  # noqa: S308  # sanitised by nh3, or escaped
    return [found[text] for text in texts]


def plain(text: str) -> str:
    """Return the beginning of a text without markup on one line, for titles. Not escaped."""
    return extract_plain(text)


def _render_now(text: str, key: str, person: int) -> str:
    if not text:
        return ""
    rendered = get_pool().render(text, _list_labels(), lane=person)
    if rendered is None:
        return render_plain(text)
    if key and rendered.seconds >= KEPT_FROM:
        cache.set(key, zlib.compress(rendered.html.encode()), KEPT_SECONDS)
    return rendered.html


def _list_labels() -> dict[str, str]:
    """Return the words of render_html in the active language."""
    return {
        "copy": _("Copy"),
        "copied": _("Copied"),
        "image": _("Image"),
        "table": _("Table"),
        "columns": _("Table: %(columns)s"),
        "comma": _(", "),
    }


def _may_be_slow(text: str) -> bool:
    return len(text) >= LOOKED_UP_FROM or "```" in text or "~~~" in text or "$" in text or "\\" in text


def _build_key(text: str, person: int) -> str:
    """Return the key of a rendered text: of its person, so that nobody can tell what others have read."""
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    return f"markdown:{get_renderer_version()}:{person}:{get_language()}:{digest}"


@lru_cache(maxsize=1)
def get_renderer_version() -> str:
    """Return a digest of the renderer and its libraries: a new one must not show what an old one made."""
    digest = hashlib.sha256()
    for name in ("markdown_renderer.py", "markdown_math.py", "markdown_inline.py", "markdown_blocks.py"):
        digest.update((Path(__file__).parent / name).read_bytes())
    for library in LIBRARIES:
        digest.update(version(library).encode())
    return digest.hexdigest()[:12]

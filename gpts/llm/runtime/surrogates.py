"""Joins characters that a server split into the two halves of a UTF-16 surrogate pair. Pure."""

from __future__ import annotations

import re

_HALF = re.compile("[\ud800-\udfff]")


def join_surrogates(text: str) -> str:
    """Return the text with pairs joined; a half alone becomes U+FFFD."""
    if _HALF.search(text) is None:
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


class SurrogateJoiner:
    """Joins pairs across chunks; the first half waits for the next chunk."""

    __slots__ = ("_half",)

    def __init__(self) -> None:
        self._half = ""

    def feed(self, text: str) -> str:
        if not self._half and _HALF.search(text) is None:
            return text
        text, self._half = self._half + text, ""
        if "\ud800" <= text[-1:] <= "\udbff":
            text, self._half = text[:-1], text[-1]
        return join_surrogates(text)

    def finish(self) -> str:
        """Return what was held back, at the end of the stream."""
        half, self._half = self._half, ""
        return join_surrogates(half)

"""Inline rules of markdown beyond CommonMark: emphasis beside Chinese and the like, and harmless tags.

CommonMark decides by punctuation and spaces whether a mark opens or closes, which fails in scripts without
spaces: in ``**注意：**请`` the second mark would close nothing.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from functools import lru_cache

from markdown_it import MarkdownIt
from markdown_it.common.utils import isMdAsciiPunct, isPunctChar, isWhiteSpace
from markdown_it.rules_core import StateCore
from markdown_it.rules_inline import StateInline, emphasis, strikethrough
from markdown_it.rules_inline.state_inline import Scanned
from markdown_it.token import Token

# Tags that answers use inside lines, without any attribute, and what they become.
PAIRED_TAGS = {
    "sub": "sub", "sup": "sup", "kbd": "kbd", "mark": "mark", "small": "small", "u": "u", "ins": "ins",
    "b": "strong", "strong": "strong", "i": "em", "em": "em", "del": "del", "s": "del", "strike": "del",
}  # fmt: skip
TAGS = frozenset({*PAIRED_TAGS.values(), "br"})
_TAG = re.compile(r"<(/?)([a-zA-Z]{1,6})\s*(/?)>")


def inline_plugin(parser: MarkdownIt) -> None:
    """Replace the rules of emphasis, and add a rule for the tags above."""
    parser.inline.ruler.at("emphasis", _beside_cjk(emphasis.tokenize))
    parser.inline.ruler.at("strikethrough", _beside_cjk(strikethrough.tokenize))
    parser.inline.ruler.before("html_inline", "harmless_tag", _harmless_tag)
    parser.core.ruler.after("inline", "paired_tags", _pair_tags)


class _CJKState(StateInline):
    """The state with rules for marks that know scripts without spaces. Only ``scanDelims`` is its own."""

    def scanDelims(self, start: int, canSplitWord: bool) -> Scanned:  # noqa: N802, N803  # of the library
        marker, pos = self.src[start], start
        while pos < self.posMax and self.src[pos] == marker:
            pos += 1
        before = self.src[start - 1] if start else " "
        after = self.src[pos] if pos < self.posMax else " "
        opens = _flanks(after, before)
        closes = _flanks(before, after)
        if canSplitWord:
            return Scanned(opens, closes, pos - start)
        return Scanned(
            opens and (not closes or _is_punctuation(before)),
            closes and (not opens or _is_punctuation(after)),
            pos - start,
        )


def _flanks(inner: str, outer: str) -> bool:
    """Return whether a mark belongs to the text on its inner side, by the characters beside it."""
    if isWhiteSpace(ord(inner)):
        return False
    if _is_cjk(inner) or not _is_punctuation(inner):
        return True
    return isWhiteSpace(ord(outer)) or _is_punctuation(outer) or _is_cjk(outer)


def _is_punctuation(letter: str) -> bool:
    return isMdAsciiPunct(ord(letter)) or isPunctChar(letter)


@lru_cache(maxsize=4_096)
def _is_cjk(letter: str) -> bool:
    """Return whether a character is one of a script without spaces, or of its punctuation; not of emoji."""
    return unicodedata.east_asian_width(letter) in "WFH" and unicodedata.category(letter) != "So"


def _beside_cjk(
    tokenize: Callable[[StateInline, bool], bool],
) -> Callable[[StateInline, bool], bool]:
    def rule(state: StateInline, silent: bool) -> bool:
        known = type(state)
        # The library makes the state itself, with no way to choose its class.
        state.__class__ = _CJKState
        try:
            return tokenize(state, silent)
        finally:
            state.__class__ = known

    return rule


def _harmless_tag(state: StateInline, silent: bool) -> bool:
    if state.src[state.pos] != "<" or (match := _TAG.match(state.src, state.pos)) is None:
        return False
    name = match[2].lower()
    if name == "br" and not match[1]:
        if not silent:
            state.push("hardbreak", "br", 0)
    elif name in PAIRED_TAGS and not match[3]:
        if not silent:
            token = state.push("harmless_tag", PAIRED_TAGS[name], 0)
            token.content = match[0]
            token.meta = {"is_closing": bool(match[1])}
    else:
        return False
    state.pos = match.end()
    return True


def _pair_tags(state: StateCore) -> None:
    """Turn tags that have no partner in the same text into text."""
    for block in state.tokens:
        if block.type == "inline" and block.children:
            _pair(block.children)


def _pair(tokens: Sequence[Token]) -> None:
    opened: dict[str, list[Token]] = {}
    paired: set[int] = set()
    for token in tokens:
        if token.type != "harmless_tag":
            continue
        waiting = opened.setdefault(token.tag, [])
        if not token.meta["is_closing"]:
            waiting.append(token)
        elif waiting:
            paired |= {id(waiting.pop()), id(token)}
    for token in tokens:
        if token.type == "harmless_tag" and id(token) not in paired:
            token.type, token.tag = "text", ""

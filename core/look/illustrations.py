"""Icons of GPTs in their arch-shaped frame, avatars of people, line drawings for empty states."""

# ruff: noqa: E501 - a drawing is one line, whatever its length

from __future__ import annotations

import hashlib
import unicodedata

from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

TINTS = frozenset(
    {"writing", "productivity", "research-analysis", "programming", "education", "lifestyle", "other"}
)
ARCH_SIZES = {"xs": 24, "sm": 32, "md": 48, "lg": 72, "xl": 112}
AVATAR_SIZES = {"xs": 20, "sm": 28, "md": 40, "lg": 72}


def tint_class(category: object) -> str:
    """Return the CSS class of a category's background tint; a neutral one for unknown categories."""
    value = str(category or "").replace("_", "-")
    return f"tint-{value if value in TINTS else 'other'}"


def first_character(name: str) -> str:
    """Return the first letter or digit of a name in upper case."""
    for character in name.strip():
        if unicodedata.category(character)[0] in "LN":
            return character.upper()
    return "·"


def initials(name: str) -> str:
    """Return two initials of a Latin name, one character of a CJK name."""
    words = [word for word in name.replace("@", " ").replace(".", " ").split() if word]
    if not words:
        return "·"
    first = first_character(words[0])
    if len(words) == 1 or ord(first) >= 0x2E80:
        return first
    return first + first_character(words[-1])


def arch_icon(name: str, image_url: str = "", category: object = "", size: str = "md") -> SafeString:
    """Render a GPT's icon in its frame. Hidden from screen readers, as the name is always beside it."""
    pixels = ARCH_SIZES[size]
    if image_url:
        return format_html(
            '<span class="arch arch--{}"><img src="{}" alt="" width="{}" height="{}" loading="lazy" decoding="async"></span>',
            size, image_url, pixels, pixels,
        )  # fmt: skip
    return format_html(
        '<span class="arch arch--{} {}" aria-hidden="true"><span class="arch__letter">{}</span></span>',
        size, tint_class(category), first_character(name),
    )  # fmt: skip


def avatar(name: str, image_url: str = "", size: str = "sm") -> SafeString:
    """Render a person's round picture, or initials on a tint that depends on the name only."""
    pixels = AVATAR_SIZES[size]
    if image_url:
        return format_html(
            '<span class="avatar avatar--{}"><img src="{}" alt="" width="{}" height="{}" loading="lazy" decoding="async"></span>',
            size, image_url, pixels, pixels,
        )  # fmt: skip
    tint = sorted(TINTS)[hashlib.blake2b(name.encode(), digest_size=1).digest()[0] % len(TINTS)]
    return format_html(
        '<span class="avatar avatar--{} tint-{}" aria-hidden="true">{}</span>', size, tint, initials(name)
    )


# Drawings of 160 x 120: arches on a ground line, with one detail for each state.
_GROUND = '<path class="drawing__line" d="M8 104h144"/>'
_ARCADE = (
    '<path class="drawing__line" d="M20 104V62a18 18 0 0 1 36 0v42M62 104V52a18 18 0 0 1 36 0v52M104 104V62a18 18 0 0 1 36 0v42"/>'
    '<path class="drawing__faint" d="M26 104V63a12 12 0 0 1 24 0v41M110 104V63a12 12 0 0 1 24 0v41"/>'
)
_DRAWINGS: dict[str, str] = {
    "empty": _ARCADE + '<path class="drawing__accent" d="M68 104V53a12 12 0 0 1 24 0v51z"/><path class="drawing__faint" d="M62 30h36M70 24h20"/>',
    "search": _ARCADE + '<circle class="drawing__accent" cx="80" cy="64" r="13"/><path class="drawing__accent-line" d="M90 74l14 15"/>',
    "chat": _ARCADE + '<path class="drawing__accent" d="M66 54h28a3 3 0 0 1 3 3v16a3 3 0 0 1-3 3H81l-8 8v-8h-7a3 3 0 0 1-3-3V57a3 3 0 0 1 3-3z"/><path class="drawing__accent-line" d="M70 62h20M70 68h13"/>',
    "table": _ARCADE + '<path class="drawing__accent" d="M54 82h52v6H54z"/><path class="drawing__accent-line" d="M60 88v16M100 88v16"/>',
    "door": '<path class="drawing__line" d="M48 104V54a32 32 0 0 1 64 0v50"/><path class="drawing__accent" d="M56 104V55a24 24 0 0 1 48 0v49z"/>'
    '<path class="drawing__faint" d="M40 104V53a40 40 0 0 1 80 0v51"/><path class="drawing__accent-line" d="M80 31v73"/><circle class="drawing__dot" cx="86" cy="72" r="1.8"/>',
    "lost": '<path class="drawing__line" d="M20 104V62a18 18 0 0 1 36 0v42M104 104V62a18 18 0 0 1 36 0v42"/><path class="drawing__dash" d="M62 104V52a18 18 0 0 1 36 0v52"/>'
    '<path class="drawing__accent-line" d="M80 98c-10-8 8-14 0-22s-6-10 0-16"/><circle class="drawing__dot" cx="80" cy="56" r="2.4"/>',
    "broken": '<path class="drawing__line" d="M20 104V62a18 18 0 0 1 36 0v42M104 104V62a18 18 0 0 1 36 0v42M62 104V52a18 18 0 0 1 12-17M98 104V70"/>'
    '<path class="drawing__accent" d="M84 92l16-6 4 12-16 6z"/><path class="drawing__accent-line" d="M86 36l6 4M93 50l5 2"/>',
    "wait": _ARCADE + '<circle class="drawing__accent" cx="80" cy="66" r="13"/><path class="drawing__accent-line" d="M80 58v9l6 4"/>',
    "done": _ARCADE + '<path class="drawing__accent" d="M68 104V53a12 12 0 0 1 24 0v51z"/><path class="drawing__accent-line" d="M74 68l5 5 9-10"/>',
}  # fmt: skip


def arch_drawing(name: str = "empty") -> SafeString:
    """Render a line drawing for an empty, waiting or failed state."""
    return format_html(
        '<svg class="drawing" viewBox="0 0 160 120" width="192" height="144" aria-hidden="true" focusable="false">{}{}</svg>',
        mark_safe(_GROUND),  # noqa: S308 - constant of this file
        mark_safe(_DRAWINGS[name]),  # noqa: S308 - constant of this file
    )

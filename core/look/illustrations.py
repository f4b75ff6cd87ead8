"""Icons of GPTs in their arch-shaped frame, avatars of people, line drawings for empty states."""

# ruff: noqa: E501 - a drawing is one line, whatever its length

from __future__ import annotations

import hashlib
import unicodedata

from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from core.look.gpt_icons import draw_gpt_icon

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


def arch_icon(
    name: str, image_url: str = "", category: object = "", size: str = "md", slug: str = ""
) -> SafeString:
    """Render a GPT's icon in its frame: its picture, or the one drawn for its slug (for its name without one).

    Hidden from screen readers, as the name is always beside it.
    """
    pixels = ARCH_SIZES[size]
    if image_url:
        return format_html(
            '<span class="arch arch--{}"><img src="{}" alt="" width="{}" height="{}" loading="lazy" decoding="async"></span>',
            size, image_url, pixels, pixels,
        )  # fmt: skip
    drawn = draw_gpt_icon(slug or name)
    return format_html(
        '<span class="arch arch--{} {}{}" aria-hidden="true"><svg viewBox="0 0 48 54">{}</svg></span>',
        size, tint_class(category), "-swapped" if drawn.is_swapped else "",
        mark_safe(drawn.paths),  # noqa: S308 - constants of core.look.gpt_icons
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
DRAWINGS: dict[str, str] = {
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
    # One for each place, so that an empty page is known by its drawing.
    "conversations": '<path class="drawing__line" d="M28 104V58a30 30 0 0 1 60 0v46"/><path class="drawing__faint" d="M36 104V59a22 22 0 0 1 44 0v45"/><path class="drawing__accent" d="M70 60h48a5 5 0 0 1 5 5v18a5 5 0 0 1-5 5H86l-10 9v-9h-6a5 5 0 0 1-5-5V65a5 5 0 0 1 5-5z"/><path class="drawing__accent-line" d="M76 70h36M76 78h22"/>',
    "gpts": '<path class="drawing__line" d="M26 104V66a16 16 0 0 1 32 0v38M102 104V66a16 16 0 0 1 32 0v38"/><path class="drawing__dash" d="M62 104V52a18 18 0 0 1 36 0v52"/><path class="drawing__accent-line" d="M80 62v24M68 74h24"/>',
    "store": '<path class="drawing__line" d="M24 104V50h112v54M18 50l10-18h104l10 18"/><path class="drawing__accent" d="M28 50a9 9 0 0 0 18 0 9 9 0 0 0 17 0 9 9 0 0 0 17 0 9 9 0 0 0 17 0 9 9 0 0 0 17 0 9 9 0 0 0 18 0z"/><path class="drawing__faint" d="M40 104V78a10 10 0 0 1 20 0v26M100 104V78a10 10 0 0 1 20 0v26"/><path class="drawing__line" d="M70 104V76a10 10 0 0 1 20 0v28"/>',
    "shelf": '<path class="drawing__line" d="M34 104V60a46 46 0 0 1 92 0v44M34 58h92M34 82h92"/><path class="drawing__accent" d="M46 58V38h8v20zM58 82V66h10v16z"/><path class="drawing__faint" d="M96 82V68h8v14M107 82V64h7v18M74 58V30h9v28"/>',
    "knowledge": '<path class="drawing__line" d="M80 46c-12-9-30-11-46-8v52c16-3 34-1 46 8 12-9 30-11 46-8V38c-16-3-34-1-46 8z"/><path class="drawing__faint" d="M80 46v52M44 50c9-1 18 0 26 4M44 62c9-1 18 0 26 4M90 66c8-4 17-5 26-4"/><path class="drawing__accent" d="M98 34h14v24l-7-6-7 6z"/>',
    "notifications": '<path class="drawing__line" d="M44 104V52a36 36 0 0 1 72 0v52"/><path class="drawing__faint" d="M80 16v22"/><path class="drawing__accent" d="M62 80c6-6 5-14 6-22a12 12 0 0 1 24 0c1 8 0 16 6 22z"/><path class="drawing__accent-line" d="M75 86a5 5 0 0 0 10 0"/>',
    "earnings": '<path class="drawing__line" d="M30 104V84h20v20M56 104V70h20v34M82 104V56h20v48"/><path class="drawing__dash" d="M108 104V42h20v62"/><circle class="drawing__accent" cx="66" cy="42" r="13"/><path class="drawing__accent-line" d="M62 48V41a4 4 0 0 1 8 0v7"/>',
    "ledger": '<path class="drawing__line" d="M34 30h92v74H34zM80 30v74"/><path class="drawing__faint" d="M34 46h92M42 58h28M42 70h28M42 82h20M90 58h28M90 70h20"/><path class="drawing__accent-line" d="M90 86h28M90 91h28"/>',
    "queue": '<path class="drawing__line" d="M30 74h28l6 12h32l6-12h28v30H30z"/><path class="drawing__faint" d="M30 74l14-34h72l14 34"/><path class="drawing__accent" d="M62 66V46a18 18 0 0 1 36 0v20z"/><path class="drawing__accent-line" d="M72 52l6 6 11-12"/>',
    "reports": '<path class="drawing__line" d="M46 104V24"/><path class="drawing__accent" d="M46 28c14-8 26 8 40 0s20-4 26-2v34c-6-2-14-4-26 2s-26-8-40 0z"/><path class="drawing__faint" d="M30 104V88a16 16 0 0 1 32 0"/>',
    "members": '<circle class="drawing__line" cx="52" cy="60" r="10"/><circle class="drawing__line" cx="108" cy="60" r="10"/><path class="drawing__line" d="M34 104v-8a18 18 0 0 1 30-13M126 104v-8a18 18 0 0 0-30-13"/><circle class="drawing__accent" cx="80" cy="48" r="12"/><path class="drawing__accent" d="M58 104V90a22 22 0 0 1 44 0v14z"/>',
    "budgets": '<path class="drawing__line" d="M36 92a44 44 0 0 1 88 0z"/><path class="drawing__faint" d="M48 92a32 32 0 0 1 64 0M80 48v8M49 61l6 6M111 61l-6 6"/><path class="drawing__accent-line" d="M80 92l18-24"/><circle class="drawing__dot" cx="80" cy="92" r="4"/>',
    "tests": '<path class="drawing__line" d="M44 104V52a36 36 0 0 1 72 0v52"/><path class="drawing__faint" d="M80 58h24M80 74h24M80 90h16"/><path class="drawing__accent-line" d="M56 58l4 4 8-9M56 74l4 4 8-9"/><path class="drawing__accent" d="M56 86h10v10H56z"/>',
    "insights": '<path class="drawing__line" d="M28 104V28M28 104h106"/><path class="drawing__faint" d="M28 84h106M28 64h106M28 44h106"/><path class="drawing__accent-line" d="M36 92c16-4 20-24 36-22s18 14 30 4 14-30 28-34"/><circle class="drawing__dot" cx="130" cy="40" r="3"/>',
    "versions": '<path class="drawing__faint" d="M54 104V44a26 26 0 0 1 52 0"/><path class="drawing__line" d="M44 104V54a26 26 0 0 1 52 0v50"/><path class="drawing__accent" d="M64 104V66a26 26 0 0 1 52 0v38z"/><path class="drawing__accent-line" d="M90 62v18l12 7"/>',
    "keys": '<path class="drawing__line" d="M40 104V56a40 40 0 0 1 80 0v48"/><circle class="drawing__accent" cx="66" cy="70" r="14"/><circle class="drawing__faint" cx="66" cy="70" r="5"/><path class="drawing__accent-line" d="M80 70h36M106 70v10M114 70v8"/>',
    "models": '<path class="drawing__line" d="M52 44h56v44H52z"/><path class="drawing__faint" d="M62 44V32M80 44V32M98 44V32M62 88v12M80 88v12M98 88v12M52 56H38M52 76H38M108 56h14M108 76h14"/><path class="drawing__accent" d="M68 88V66a12 12 0 0 1 24 0v22z"/>',
    "shares": '<path class="drawing__line" d="M26 104V66a20 20 0 0 1 40 0v38M94 104V66a20 20 0 0 1 40 0v38"/><path class="drawing__accent-line" d="M46 62c12-26 56-26 68 0"/><circle class="drawing__accent" cx="46" cy="66" r="7"/><circle class="drawing__accent" cx="114" cy="66" r="7"/>',
    "log": '<path class="drawing__line" d="M46 22h56l14 14v68H46z"/><path class="drawing__faint" d="M102 22v14h14M58 48h40M58 60h46M58 72h32"/><path class="drawing__accent" d="M72 104V92a8 8 0 0 1 16 0v12z"/>',
}  # fmt: skip


def arch_drawing(name: str = "empty") -> SafeString:
    """Render a line drawing for an empty, waiting or failed state."""
    return format_html(
        '<svg class="drawing" viewBox="0 0 160 120" width="192" height="144" aria-hidden="true" focusable="false">{}{}</svg>',
        mark_safe(_GROUND),  # noqa: S308 - constant of this file
        mark_safe(DRAWINGS[name]),  # noqa: S308 - constant of this file
    )

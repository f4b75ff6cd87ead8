"""Drawn icons of GPTs as SVG files, for readers of the API and lists that scripts build.

The address names the drawing and the tint, not the GPT: it tells nothing about private ones, and there are
few addresses to cache.
"""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path

from django.conf import settings

from core.look.gpt_icons import FORMS, draw_form, find_form
from core.look.illustrations import TINTS, tint_class

# Ground and ink of a tint; a file has the light ones, as it does not know where it will stand.
_TINT = re.compile(r"--tint-([a-z-]+?)(-ink)?: light-dark\((#[0-9a-f]{6}),")


def build_icon_url(slug: str, category: object) -> str:
    """Return the path of the icon that is drawn for a GPT without a picture."""
    return f"/icons/drawn/{tint_class(category).removeprefix('tint-')}/{find_form(slug)}.svg"


@lru_cache(maxsize=len(TINTS) * FORMS)
def render_icon_file(tint: str, form: int) -> bytes | None:
    """Return an SVG of 256 x 288 in the shape of the arch; None for an unknown tint or form."""
    if tint not in TINTS or not 0 <= form < FORMS:
        return None
    drawn = draw_form(form)
    ground, ink = _read_tints()[tint]
    if drawn.is_swapped:
        ground, ink = ink, ground
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 48 54" width="256" height="288">'
        '<clipPath id="arch"><path d="M0 54V24a24 24 0 0 1 48 0v30z"/></clipPath>'
        f'<g clip-path="url(#arch)"><path fill="{ground}" d="M0 0h48v54H0z"/>'
        f'<g fill="{ink}">{drawn.paths}</g></g></svg>\n'
    ).encode()


@lru_cache(maxsize=1)
def _read_tints() -> dict[str, tuple[str, str]]:
    tokens = (Path(settings.BASE_DIR) / "static" / "css" / "tokens.css").read_text(encoding="utf-8")
    colours = {(name, bool(ink)): colour for name, ink, colour in _TINT.findall(tokens)}
    return {tint: (colours[tint, False], colours[tint, True]) for tint in TINTS}

"""The line icons: each name with the content of a 24 x 24 SVG, for a stroke of 1.5 with round caps."""

# ruff: noqa: E501 - a drawing is one line, whatever its length

from __future__ import annotations

from functools import lru_cache

from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe


def _path(*lines: str) -> SafeString:
    return mark_safe("".join(f'<path d="{line}"/>' for line in lines))  # noqa: S308 - constant drawings of this file only


def _circle(x: float, y: float, radius: float) -> str:
    """Return a circle as path data, so that icons consist of path elements only."""
    return f"M{x - radius:g} {y:g}a{radius:g} {radius:g} 0 1 0 {2 * radius:g} 0a{radius:g} {radius:g} 0 1 0 {-2 * radius:g} 0"


_DOCUMENT = "M6 3.5h8l4.5 4.5v12a.5.5 0 0 1-.5.5H6a.5.5 0 0 1-.5-.5V4a.5.5 0 0 1 .5-.5z"
_SHIELD = "M12 3l7 2.5v5.6c0 4.5-2.9 8-7 9.9-4.1-1.9-7-5.4-7-9.9V5.5z"
_STAR = "M12 3.6l2.6 5.3 5.8.8-4.2 4.1 1 5.8-5.2-2.7-5.2 2.7 1-5.8-4.2-4.1 5.8-.8z"
_EYE = "M2.5 12S6 5.5 12 5.5 21.5 12 21.5 12 18 18.5 12 18.5 2.5 12 2.5 12z"
_BUBBLE = "M4.5 4.5h15a1 1 0 0 1 1 1v10a1 1 0 0 1-1 1H12l-4.5 4v-4h-3a1 1 0 0 1-1-1v-10a1 1 0 0 1 1-1z"
_ARCH = "M4.5 20.5V12a7.5 7.5 0 0 1 15 0v8.5z"

ICONS: dict[str, SafeString] = {
    "arch": _path(_ARCH, "M8.5 20.5V12.5a3.5 3.5 0 0 1 7 0v8"),
    "archive": _path("M3.5 5h17v4h-17z", "M5 9v10.5h14V9", "M10 13h4"),
    "arrow-down": _path("M12 5v14", "M6 13l6 6 6-6"),
    "arrow-left": _path("M19 12H5", "M11 6l-6 6 6 6"),
    "arrow-right": _path("M5 12h14", "M13 6l6 6-6 6"),
    "arrow-up": _path("M12 19V5", "M6 11l6-6 6 6"),
    "bank": _path("M3.5 9L12 4l8.5 5z", "M6 9v8M10 9v8M14 9v8M18 9v8", "M3.5 20h17M4.5 17h15"),
    "bell": _path("M6 10a6 6 0 0 1 12 0v4.5l2 2.5H4l2-2.5z", "M10 20a2.2 2.2 0 0 0 4 0"),
    "book": _path(
        "M12 6.5C10 5 7.5 4.5 3.5 4.5v13.5c4 0 6.5.5 8.5 2 2-1.5 4.5-2 8.5-2V4.5c-4 0-6.5.5-8.5 2z",
        "M12 6.5V20",
    ),
    "building": _path("M5.5 20.5v-16h9v16", "M14.5 9.5h4v11", "M3.5 20.5h17", "M8.5 8h3M8.5 12h3M8.5 16h3"),
    "calendar": _path("M4 6h16v14H4z", "M4 10h16", "M8.5 3.5V8M15.5 3.5V8"),
    "chart": _path("M4 20h16", "M7 20v-6M12 20V6M17 20v-9"),
    "chat": _path(_BUBBLE),
    "check": _path("M5 12.5l4.5 4.5L19 7.5"),
    "chevron-down": _path("M6 9.5l6 6 6-6"),
    "chevron-left": _path("M14.5 6l-6 6 6 6"),
    "chevron-right": _path("M9.5 6l6 6-6 6"),
    "chevron-up": _path("M6 14.5l6-6 6 6"),
    "clock": _path(_circle(12, 12, 8.5), "M12 7v5.3l3.5 2"),
    "close": _path("M6 6l12 12M18 6L6 18"),
    "code": _path("M8.5 7L3.5 12l5 5", "M15.5 7l5 5-5 5", "M13.5 5l-3 14"),
    "coin": _path(
        _circle(12, 12, 8.5),
        "M14.8 9.2c-.6-.9-1.6-1.3-2.8-1.3-1.6 0-2.8.8-2.8 2 0 2.9 5.8 1.3 5.8 4.2 0 1.2-1.3 2-3 2-1.3 0-2.4-.5-3-1.4",
        "M12 6.3v11.4",
    ),
    "copy": _path("M8.5 8.5h11v11h-11z", "M15.5 8.5v-4h-11v11h4"),
    "credit-card": _path("M3.5 6h17v12h-17z", "M3.5 10h17", "M7 14.5h4"),
    "database": _path(
        "M5 6.5c0-1.7 3.1-3 7-3s7 1.3 7 3-3.1 3-7 3-7-1.3-7-3z",
        "M5 6.5v11c0 1.7 3.1 3 7 3s7-1.3 7-3v-11",
        "M5 12c0 1.7 3.1 3 7 3s7-1.3 7-3",
    ),
    "device": _path("M3.5 5h17v11.5h-17z", "M9 20h6M12 16.5V20"),
    "document": _path(_DOCUMENT, "M14 3.5V8h4.5", "M8.5 12.5h7M8.5 16h5"),
    "download": _path("M12 4v11", "M7 10.5l5 5 5-5", "M4.5 19.5h15"),
    "expand": _path("M14 4.5h5.5V10M19.5 4.5L13 11", "M10 19.5H4.5V14M4.5 19.5L11 13"),
    "external": _path("M10 5H5v14h14v-5", "M13.5 4.5h6v6", "M19.5 4.5L11 13"),
    "eye": _path(_EYE, _circle(12, 12, 3)),
    "eye-off": _path(_EYE, "M5 20L19 4"),
    "filter": _path("M4 6h16M7 12h10M10 18h4"),
    "flag": _path("M6 21V4", "M6 4.5c4-2 7 2 12 0v9c-5 2-8-2-12 0"),
    "globe": _path(_circle(12, 12, 8.5), "M3.5 12h17", "M12 3.5c5 5.5 5 11.5 0 17-5-5.5-5-11.5 0-17z"),
    "grip": _path(*(_circle(x, y, 0.8) for x in (9, 15) for y in (6, 12, 18))),
    "group": _path(
        _circle(12, 8, 3),
        _circle(5.5, 10, 2),
        _circle(18.5, 10, 2),
        "M6.5 19.5c0-3.5 2-6 5.5-6s5.5 2.5 5.5 6",
        "M2.5 17c0-2 1-3.5 3-3.5M21.5 17c0-2-1-3.5-3-3.5",
    ),
    "heart": _path(
        "M12 20C6 15.5 3.5 12.5 3.5 9a4.5 4.5 0 0 1 8.5-2 4.5 4.5 0 0 1 8.5 2c0 3.5-2.5 6.5-8.5 11z"
    ),
    "help": _path(_circle(12, 12, 8.5), "M9.5 9.5a2.5 2.5 0 1 1 3.5 2.3c-.8.4-1 .9-1 1.7", "M12 16.8v.01"),
    "history": _path("M4 8.5A8.5 8.5 0 1 1 3.5 12", "M4 4v4.5h4.5", "M12 7.5v5l3 1.8"),
    "home": _path("M4 11l8-7 8 7", "M6 9.5v10.5h12V9.5", "M10 20v-5.5h4V20"),
    "image": _path("M4 5h16v14H4z", "M4 16l4.5-4.5 4 4L15 13l5 4.5", _circle(15.5, 9, 1.3)),
    "info": _path(_circle(12, 12, 8.5), "M12 11v5.5", "M12 7.7v.01"),
    "key": _path(_circle(8, 15.5, 4), "M11 12.5L19.5 4", "M16 7.5l3 3"),
    "link": _path(
        "M10 14a4 4 0 0 0 5.7 0l3.3-3.3a4 4 0 0 0-5.7-5.7L12 6.3",
        "M14 10a4 4 0 0 0-5.7 0L5 13.3A4 4 0 0 0 10.7 19l1.3-1.3",
    ),
    "list": _path("M9 6.5h11M9 12h11M9 17.5h11", "M4.5 6.5v.01M4.5 12v.01M4.5 17.5v.01"),
    "lock": _path("M5.5 11h13v9h-13z", "M8.5 11V8a3.5 3.5 0 0 1 7 0v3", "M12 14.5v2"),
    "mail": _path("M3.5 5.5h17v13h-17z", "M4 6.5l8 6.5 8-6.5"),
    "menu": _path("M4 7h16M4 12h16M4 17h16"),
    "minus": _path("M5 12h14"),
    "moon": _path("M19.5 14.5A8 8 0 0 1 9.5 4.5a8 8 0 1 0 10 10z"),
    "more": _path(_circle(5.5, 12, 0.8), _circle(12, 12, 0.8), _circle(18.5, 12, 0.8)),
    "paperclip": _path(
        "M19.5 11.5l-7.6 7.6a4.7 4.7 0 0 1-6.7-6.7l8-8a3.1 3.1 0 0 1 4.5 4.5l-7.9 7.8a1.6 1.6 0 0 1-2.3-2.2l7.2-7.2"
    ),
    "pause": _path("M8.5 6v12M15.5 6v12"),
    "pencil": _path("M4.5 19.5l1-4.5L16 4.5l3.5 3.5L9 18.5z", "M13.5 7l3.5 3.5"),
    "pin": _path("M9 4h6l-.8 6 3.3 3.5H6.5L9.8 10z", "M12 13.5V20.5"),
    "play": _path("M8 5.5l10.5 6.5L8 18.5z"),
    "plug": _path("M8.5 4v4.5M15.5 4v4.5", "M6 8.5h12V12a6 6 0 0 1-12 0z", "M12 18v3"),
    "plus": _path("M12 5v14M5 12h14"),
    "refresh": _path("M19.5 12a7.5 7.5 0 1 1-2.2-5.3L20 9.3", "M20 4.5v4.8h-4.8"),
    "rocket": _path(
        "M9 15l-2.5-.5C6.5 9 10 4.5 19 4c-.5 9-5 12.5-10.5 12.5",
        "M9 15l.5 2.5",
        "M6.5 14.5L4 12.5l3.5-2.5M9.5 17.5L11.5 20l2.5-3.5",
        _circle(14, 9, 1.4),
    ),
    "scale": _path(
        "M12 4v16M7.5 20h9M5 7h14", "M5 7l-2.5 6.5a2.7 2.7 0 0 0 5 0zM19 7l-2.5 6.5a2.7 2.7 0 0 0 5 0z"
    ),
    "search": _path(_circle(10.5, 10.5, 6.5), "M15.5 15.5l5 5"),
    "send": _path("M4 12L20 4.5 14.5 20l-3-6.5z", "M11.5 13.5L20 4.5"),
    "settings": _path(
        _circle(12, 12, 3),
        "M12 3.5v3M12 17.5v3M3.5 12h3M17.5 12h3M6 6l2.1 2.1M15.9 15.9L18 18M6 18l2.1-2.1M15.9 8.1L18 6",
    ),
    "share": _path(
        _circle(6.5, 12, 2.5), _circle(17, 6, 2.5), _circle(17, 18, 2.5), "M8.7 10.8l6-3.5M8.7 13.2l6 3.5"
    ),
    "shield": _path(_SHIELD, "M8.7 12l2.3 2.3 4.3-4.5"),
    "sidebar": _path("M3.5 5h17v14h-17z", "M9.5 5v14"),
    "sign-out": _path("M10 4.5H4.5v15H10", "M9.5 12h11", "M16.5 8l4 4-4 4"),
    "sort": _path("M8 5v14M4.5 8.5L8 5l3.5 3.5", "M16 19V5M12.5 15.5L16 19l3.5-3.5"),
    "spark": _path(
        "M12 3.5c.7 5 2.5 6.8 8.5 8.5-6 1.7-7.8 3.5-8.5 8.5-.7-5-2.5-6.8-8.5-8.5 6-1.7 7.8-3.5 8.5-8.5z"
    ),
    "star": _path(_STAR),
    "stop": _path("M7 7h10v10H7z"),
    "store": _path(
        "M4 9.5L5.5 4.5h13L20 9.5",
        "M4 9.5a2.7 2.7 0 0 0 5.3 0 2.7 2.7 0 0 0 5.4 0 2.7 2.7 0 0 0 5.3 0",
        "M5.5 12.5v7.5h13v-7.5",
        "M10 20v-4a2 2 0 0 1 4 0v4",
    ),
    "sun": _path(
        _circle(12, 12, 3.5),
        "M12 3.5v2M12 18.5v2M3.5 12h2M18.5 12h2M6 6l1.4 1.4M16.6 16.6L18 18M6 18l1.4-1.4M16.6 7.4L18 6",
    ),
    "tag": _path("M4 4h8l8.5 8.5-8 8L4 12z", "M8 8v.01"),
    "thumb-down": _path("M7.5 14V4.5h9.5l3 8V14h-6l.8 4.5a1.7 1.7 0 0 1-3.2 1.2z", "M7.5 14h-3V4.5h3"),
    "thumb-up": _path("M7.5 10v9.5h9.5l3-8V10h-6l.8-4.5a1.7 1.7 0 0 0-3.2-1.2z", "M7.5 10h-3v9.5h3"),
    "trash": _path("M4.5 7h15", "M9 7V4.5h6V7", "M6.5 7l1 13h9l1-13", "M10.3 11v5.5M13.7 11v5.5"),
    "undo": _path("M8.5 5L4 9.5 8.5 14", "M4 9.5h10a5 5 0 0 1 0 10h-4"),
    "upload": _path("M12 15.5V4.5", "M7 9l5-5 5 5", "M4.5 19.5h15"),
    "user": _path(_circle(12, 8, 4), "M4.5 20c.3-4 3-6.5 7.5-6.5s7.2 2.5 7.5 6.5"),
    "users": _path(
        _circle(9, 8.5, 3.5),
        "M2.5 19.5c.3-3.5 2.7-5.5 6.5-5.5s6.2 2 6.5 5.5",
        "M15 5.3a3.5 3.5 0 0 1 0 6.4M17.5 14.5c2.4.7 3.8 2.4 4 5",
    ),
    "verified": _path(
        "M12 3l2.3 1.8 2.9-.2.7 2.8 2.4 1.6-1.1 2.7 1.1 2.7-2.4 1.6-.7 2.8-2.9-.2L12 20.5l-2.3-1.9-2.9.2-.7-2.8-2.4-1.6 1.1-2.7L3.7 9l2.4-1.6.7-2.8 2.9.2z",
        "M8.7 11.9l2.3 2.3 4.2-4.4",
    ),
    "warning": _path("M12 4L2.8 19.5h18.4z", "M12 10v4.5", "M12 17v.01"),
    "zap": _path("M13 3.5L5 13.5h6l-1 7 8-10h-6z"),
}


@lru_cache(maxsize=1024)  # a store page draws hundreds of icons, of a dozen kinds
def draw_icon(name: str, *, size: int = 20, label: str = "") -> SafeString:
    """Render inline SVG; hidden from screen readers unless it has a `label`. KeyError for an unknown name."""
    drawing = ICONS[name]
    if label:
        return format_html(
            '<svg class="icon" width="{}" height="{}" viewBox="0 0 24 24" role="img" aria-label="{}">{}</svg>',
            size,
            size,
            label,
            drawing,
        )
    return format_html(
        '<svg class="icon" width="{}" height="{}" viewBox="0 0 24 24" aria-hidden="true" focusable="false">{}</svg>',
        size,
        size,
        drawing,
    )

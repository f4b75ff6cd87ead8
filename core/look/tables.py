"""The frame of tables: it scrolls by itself, also by keyboard, and shadows show where more is hidden."""

from __future__ import annotations

from django.utils.html import format_html
from django.utils.safestring import SafeString


def scroll_attributes(label: object = "", *, labelled_by: str = "", is_tall: bool = False) -> SafeString:
    """Return the attributes of the element around a table: class, role, focus, and its name.

    ``label`` names it for screen readers, or ``labelled_by`` is the id of a heading that does. ``is_tall``
    limits its height, so that its head stays in sight.
    """
    css = "table-scroll table-scroll--tall" if is_tall else "table-scroll"
    name = ("aria-labelledby", labelled_by) if labelled_by else ("aria-label", label)
    return format_html('class="{}" role="region" tabindex="0" {}="{}"', css, *name)

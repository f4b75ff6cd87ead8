"""Where a passage stands in its file, in words; on pages templates/gpts/knowledge/_place.html says it."""

from __future__ import annotations

from django.utils.translation import gettext as _

Rows = tuple[int, int]


def describe_place(heading: str, page: int | None, rows: Rows | None = None) -> str:
    """Return "Returns · page 3", or for a table "sheet Prices · rows 3–9", in the active language.

    ``heading`` of a sheet begins with its name; a CSV has rows, but no page. Empty when nothing is known.
    """
    parts = [heading]
    if rows is None:
        parts.append(_("page %(page)d") % {"page": page} if page else "")
    else:
        if heading and page:
            parts = [_("sheet %(sheet)s") % {"sheet": heading}]
        first, last = rows
        one, many = _("row %(row)d"), _("rows %(first)d–%(last)d")
        parts.append(one % {"row": first} if first == last else many % {"first": first, "last": last})
    return " · ".join(filter(None, parts))

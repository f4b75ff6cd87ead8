"""Citations in an answer: a [1] in the text becomes a link to its passage."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from django.urls import reverse
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from gpts.chat.models import Turn

# Code, tags, or a number in brackets; code and tags are left as they are.
_CODE_TAG_OR_NUMBER = re.compile(r"<(pre|code)\b.*?</\1>|<[^>]*>|\[(\d{1,2})\]", re.DOTALL)


def link_citations(html: SafeString, citations: Sequence[Mapping[str, Any]], turn: Turn) -> SafeString:
    """Replace cited numbers in sanitised ``html`` by links; the links contain numbers and escaped titles."""
    sources = {str(citation["number"]): citation for citation in citations}
    if not sources:
        return html

    def chip(match: re.Match[str]) -> str:
        source = sources.get(match[2] or "")
        if source is None:
            return match[0]
        number = int(source["number"])
        title = escape(" · ".join(str(source[key]) for key in ("file", "heading") if source.get(key)))
        url = reverse("gpts:source-show", args=[turn.conversation_id, turn.pk, number])
        return f'<a class="citation" href="{escape(url)}" data-passage title="{title}">{number}</a>'

    return mark_safe(_CODE_TAG_OR_NUMBER.sub(chip, html))  # noqa: S308  # numbers and escaped titles in safe HTML

"""What store pages have in common: languages, tabs of categories, capabilities in plain words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.utils import translation
from django.utils.translation import gettext as _

from core.errors import NotFound
from gpts.assistants.states import Category
from gpts.llm.states import Capability
from marketplace.models import Listing

LANGUAGE_NAMES = {"en": "English", "zh-hans": "简体中文"}


def language() -> str:
    return translation.get_language() or "en"


def is_chinese() -> bool:
    return language().startswith("zh")


def category_or_missing(value: str) -> Category:
    """Return the category of a URL; NotFound for any other word."""
    try:
        return Category(value)
    except ValueError as error:
        raise NotFound(_("There is no such category."), code="category_not_found") from error


def category_links(current: str = "") -> list[dict[str, Any]]:
    return [
        {"label": category.label, "value": category.value, "current": category.value == current}
        for category in Category
    ]


@dataclass(frozen=True)
class DataLine:
    """One line of what a GPT does with what is typed."""

    icon: str
    text: str


def data_lines(listing: Listing) -> list[DataLine]:
    """Say in plain words where data goes: no line is left out because it sounds bad."""
    model = listing.model_label or _("the instance's default model")
    lines = [
        DataLine("chat", _("Your messages go to the model %(model)s to be answered.") % {"model": model}),
        DataLine("lock", _("The builder cannot read your conversations, only how many there were.")),
    ]
    if listing.has_knowledge:
        lines.append(DataLine("book", _("Answers also use documents that the builder added, and name them.")))
    if Capability.WEB_SEARCH in listing.capabilities:
        lines.append(DataLine("globe", _("May search the web with words from your messages.")))
    if Capability.VISION in listing.capabilities:
        lines.append(DataLine("image", _("Pictures that you attach go to the model as well.")))
    lines.append(DataLine("check", _("Calls no other service.")))
    return lines


def capability_labels(listing: Listing) -> list[str]:
    return [str(Capability(value).label) for value in listing.capabilities if value in Capability.values]


def language_labels(listing: Listing) -> list[str]:
    return [LANGUAGE_NAMES.get(code, code) for code in listing.languages]


def cursor_of(request: HttpRequest) -> str:
    return request.GET.get("cursor", "")[:300]

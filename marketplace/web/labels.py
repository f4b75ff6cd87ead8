"""Labels of store pages: languages, categories, capabilities, and what happens to people's data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from django.http import HttpRequest
from django.utils import translation
from django.utils.translation import gettext as _

from core.errors import NotFound
from gpts.assistants.states import Category
from gpts.llm.built_in import get_shown_label
from gpts.llm.states import Capability
from marketplace.models import Listing

LANGUAGE_NAMES = {"en": "English", "zh-hans": "简体中文"}


def get_language_code() -> str:
    return translation.get_language() or "en"


def is_chinese() -> bool:
    return get_language_code().startswith("zh")


def get_category(value: str) -> Category:
    """Return the category of a URL, or raise NotFound."""
    try:
        return Category(value)
    except ValueError as error:
        raise NotFound(_("There is no such category."), code="category_not_found") from error


def build_category_links(current: str = "") -> list[dict[str, Any]]:
    return [
        {"label": category.label, "value": category.value, "current": category.value == current}
        for category in Category
    ]


@dataclass(frozen=True)
class DataLine:
    """One statement about what happens to a person's data."""

    icon: str
    text: str


class Described(Protocol):
    """What labels are made from: a listing, a private GPT, or one version."""

    @property
    def capabilities(self) -> Sequence[str]: ...

    @property
    def model_label(self) -> str: ...

    @property
    def has_knowledge(self) -> bool: ...


def list_data_lines(listing: Described) -> list[DataLine]:
    """Return plain statements about where data goes. None is left out because it sounds bad."""
    model = get_shown_label(listing.model_label) or _("the instance's default model")
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


def list_capability_labels(listing: Described) -> list[str]:
    return [str(Capability(value).label) for value in listing.capabilities if value in Capability.values]


def list_language_labels(listing: Listing) -> list[str]:
    return [LANGUAGE_NAMES.get(code, code) for code in listing.languages]


def get_cursor(request: HttpRequest) -> str:
    return request.GET.get("cursor", "")

"""What the table of a workspace's GPTs can be filtered and sorted by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from urllib.parse import urlencode

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from core.errors import InvalidInput
from gpts.assistants.states import Audience

# In place of an id or audience: without an owner, live for nobody.
NONE = "none"
SEARCH_LENGTH = 80


class GPTOrder(TextChoices):
    """The orders; each has an index, and goes the way that people look for first."""

    UPDATED = "updated", _("Changed last")
    USED = "used", _("Used last")
    UNUSED = "unused", _("Unused longest")
    COST = "cost", _("Highest cost")
    ANSWERS = "answers", _("Most answers")
    CREATED = "created", _("Made last")
    NAME = "name", _("Name")


# Columns of GPT, ending in its id, for core.pagination.
ORDER_COLUMNS: Mapping[str, tuple[str, ...]] = {
    GPTOrder.UPDATED: ("-updated_at", "-id"),
    GPTOrder.USED: ("-last_used_date", "-id"),
    GPTOrder.UNUSED: ("last_used_date", "id"),
    GPTOrder.COST: ("-recent_cost_micros", "-id"),
    GPTOrder.ANSWERS: ("-recent_answers", "-id"),
    GPTOrder.CREATED: ("-created_at", "-id"),
    GPTOrder.NAME: ("name", "id"),
}


class Unused(TextChoices):
    """Days without an answer that the workspace paid for."""

    MONTH = "30", _("30 days")
    QUARTER = "90", _("90 days")
    HALF_YEAR = "180", _("180 days")
    YEAR = "365", _("A year")


@dataclass(frozen=True)
class GPTFilter:
    """Texts as in an address; empty values filter nothing.

    ``owner`` is an id or "none", ``group`` and ``model`` are ids, ``audience`` is one or "none", ``unused`` a
    number of days.
    """

    q: str = ""
    owner: str = ""
    group: str = ""
    audience: str = ""
    model: str = ""
    unused: str = ""
    order: str = GPTOrder.UPDATED

    @property
    def is_set(self) -> bool:
        return self.as_query() != GPTFilter(order=self.order).as_query()

    def as_query(self) -> str:
        """Return the filter and the order as a query string, without what is empty or usual."""
        usual = GPTFilter()
        pairs = {one.name: getattr(self, one.name) for one in fields(self)}
        return urlencode({name: value for name, value in pairs.items() if value != getattr(usual, name)})


def read_gpt_filter(values: Mapping[str, str]) -> GPTFilter:
    """Return the filter that query parameters name; raises InvalidInput with the parameter as field."""
    found = {one.name: values.get(one.name, "").strip() for one in fields(GPTFilter)}
    found["order"] = found["order"] or GPTOrder.UPDATED
    allowed = {
        "audience": {*Audience.values, NONE},
        "unused": set(Unused.values),
        "order": set(GPTOrder.values),
    }
    for name, choices in allowed.items():
        if found[name] and found[name] not in choices:
            raise _refuse(name)
    for name in ("owner", "group", "model"):
        text = found[name]
        is_id = text.isascii() and text.isdigit() and len(text) < 19
        if text and not is_id and not (name == "owner" and text == NONE):
            raise _refuse(name)
    found["q"] = found["q"].replace("\x00", "")[:SEARCH_LENGTH]
    return GPTFilter(**found)


def _refuse(name: str) -> InvalidInput:
    return InvalidInput(_("Choose from the list."), code="unknown_choice", field=name)

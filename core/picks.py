"""Fields in which somebody types whom or what they mean: suggestions, and the one row that a text names.

A text names a row by its key (an e-mail address, a slug) or by its whole name, if only one row has it. The
suggestions write both, "Ada Lovelace · ada@acme.test", so that the same field works without a script.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from django.db.models import Case, Model, Q, QuerySet, Value, When
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core.errors import InvalidInput

SEPARATOR = " · "
SHOWN = 12
# A name, a separator and an e-mail address.
TEXT_LENGTH = 400

Row = TypeVar("Row", bound=Model)


@dataclass(frozen=True)
class Pick(Generic[Row]):
    """What can be picked: ``rows`` are all that the person may choose, ``name`` and ``key`` their columns.

    ``key`` is unique and in lower case. ``unknown`` is the sentence for a text that nothing matches, ``note``
    says more about a row in the list of suggestions. ``needs_key``: a name alone names nobody, because
    anybody can take a name and what follows is hard to undo.
    """

    rows: QuerySet[Row]
    name: str
    key: str
    unknown: Any
    note: Callable[[Row], Any] | None = None
    needs_key: bool = False

    def label(self, row: Row) -> str:
        """Return what stands in the field once the row is chosen, and names it alone."""
        return f"{getattr(row, self.name)}{SEPARATOR}{getattr(row, self.key)}"

    def search(self, text: str) -> list[Row]:
        """Return up to SHOWN rows with ``text`` in name or key; those that begin with it first."""
        text = _clean(text)
        if not text:
            return []
        key = text.rpartition(SEPARATOR)[2]
        found = self.rows.filter(
            Q(**{f"{self.name}__icontains": text}) | Q(**{f"{self.key}__icontains": key})
        )
        begins = Q(**{f"{self.name}__istartswith": text}) | Q(**{f"{self.key}__istartswith": key})
        return list(
            found.order_by(Case(When(begins, then=Value(0)), default=Value(1)), self.name, "pk")[:SHOWN]
        )

    def resolve(self, text: str, *, field: str = "") -> Row:
        """Return the row that ``text`` names.

        Raises InvalidInput (``unknown_choice``, ``ambiguous_choice``).
        """
        text = _clean(text)
        if text:
            exact = self._find_by_key(text)
            if exact is not None:
                return exact
            named = list(self.rows.filter(**{f"{self.name}__iexact": text}).order_by("pk")[: SHOWN + 1])
            if len(named) == 1 and not self.needs_key:
                return named[0]
            found = named[:SHOWN] or self.search(text)
            if found:
                raise InvalidInput(self._list(found), code="ambiguous_choice", field=field)
        raise InvalidInput(self.unknown, code="unknown_choice", field=field)

    def _find_by_key(self, text: str) -> Row | None:
        """Return the row whose key, address of a page, or label ``text`` is."""
        key = text.lower()
        if key.startswith(("http://", "https://", "/")):
            key = key.rstrip("/").rpartition("/")[2]
        found = self.rows.filter(**{self.key: key}).first()
        if found is None and SEPARATOR in key:
            found = self.rows.filter(**{self.key: key.rpartition(SEPARATOR)[2]}).first()
            if found is not None and _clean(self.label(found)).lower() != key:
                return None  # a name may have the separator and another row's key in it
        return found

    def _list(self, found: list[Row]) -> str:
        text = ngettext(
            "This does not name one exactly. Did you mean: %(found)s?",
            "This does not name one exactly. Write one of these: %(found)s.",
            len(found),
        )
        return text % {"found": _(", ").join(self.label(row) for row in found)}


def _clean(text: str) -> str:
    """Return the text without what PostgreSQL cannot compare, or none if it is too long to name anything."""
    text = " ".join(text.replace("\x00", " ").split())
    return text if len(text) <= TEXT_LENGTH else ""

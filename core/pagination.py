"""Keyset pagination: stable while rows are added or deleted, and equally fast at any depth.

Cursors are signed, so that only values of our own rows reach a query: a typed one could name a number that no
column holds, or a moment before the calendar begins.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Generic, TypeVar
from uuid import UUID

from django.core import signing
from django.db.models import Model, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from core.errors import InvalidInput

MAXIMUM_SIZE = 200
# Rows' names are among the values; the longest column has 300 characters of up to 12 bytes in JSON.
MAXIMUM_CURSOR_LENGTH = 8_000

RowT = TypeVar("RowT", bound=Model)


@dataclass(frozen=True)
class Page(Generic[RowT]):
    """One page. Cursors are opaque; an empty one means that there is no page in that direction."""

    items: list[RowT]
    next_cursor: str
    previous_cursor: str

    def __bool__(self) -> bool:
        return bool(self.items)


def paginate(
    queryset: QuerySet[RowT], *, order: Sequence[str], cursor: str = "", size: int = 24
) -> Page[RowT]:
    """Return the page of ``queryset`` that ``cursor`` names, the first for an empty one.

    ``order`` names fields or annotations, "-" for descending, and must end in a unique one; none may
    be null. Raises InvalidInput for a cursor of another list. One query.
    """
    size = max(1, min(size, MAXIMUM_SIZE))
    list_name = f"{queryset.model._meta.label_lower} {' '.join(order)}"
    backwards, after = _decode(cursor, list_name)
    directed = [_flip(name) for name in order] if backwards else list(order)
    rows_query = queryset.order_by(*directed)
    if after is not None:
        rows_query = rows_query.filter(_beyond(directed, after))
    rows = list(rows_query[: size + 1])
    more = len(rows) > size
    rows = rows[:size]
    if backwards:
        rows.reverse()
    has_next = bool(rows) and (backwards or more)
    has_previous = bool(rows) and (more if backwards else after is not None)
    return Page(
        items=rows,
        next_cursor=_encode(rows[-1], order, list_name, backwards=False) if has_next else "",
        previous_cursor=_encode(rows[0], order, list_name, backwards=True) if has_previous else "",
    )


def _flip(name: str) -> str:
    return name[1:] if name.startswith("-") else f"-{name}"


def _beyond(order: Sequence[str], after: Sequence[Any]) -> Q:
    """Return the condition for rows after ``after``, with a bound on the first field for the index."""
    condition = Q()
    equal = Q()
    for name, value in zip(order, after, strict=True):
        field = name.lstrip("-")
        comparison = "lt" if name.startswith("-") else "gt"
        condition |= equal & Q(**{f"{field}__{comparison}": value})
        equal &= Q(**{field: value})
    first = order[0].lstrip("-")
    bound = "lte" if order[0].startswith("-") else "gte"
    return Q(**{f"{first}__{bound}": after[0]}) & condition


def _encode(row: Model, order: Sequence[str], list_name: str, *, backwards: bool) -> str:
    return sign_cursor(list_name, [int(backwards), *(getattr(row, name.lstrip("-")) for name in order)])


def _decode(cursor: str, list_name: str) -> tuple[bool, list[Any] | None]:
    values = read_cursor(list_name, cursor)
    return (False, None) if values is None else (bool(values[0]), values[1:])


def sign_cursor(list_name: str, values: Sequence[Any]) -> str:
    """Return a cursor of the list ``list_name``: text, numbers, datetimes, UUIDs and decimals."""
    raw = json.dumps([list_name, *map(_pack, values)], separators=(",", ":")).encode()
    return _get_signer().sign(base64.urlsafe_b64encode(raw).rstrip(b"=").decode())


def read_cursor(list_name: str, cursor: str) -> list[Any] | None:
    """Return the values of a cursor, None for an empty one; raises InvalidInput for any that is not ours."""
    if not cursor:
        return None
    try:
        payload = _get_signer().unsign(cursor[:MAXIMUM_CURSOR_LENGTH])
        named, *values = json.loads(base64.urlsafe_b64decode(payload.encode() + b"=" * (-len(payload) % 4)))
        if named != list_name:
            raise ValueError
        return [_unpack(value) for value in values]
    except (signing.BadSignature, ValueError) as error:
        raise InvalidInput(
            _("This page address is not valid. Start again from the first page."),
            code="cursor_invalid",
            field="cursor",
        ) from error


def is_own_cursor(cursor: str) -> bool:
    """Return whether we made the cursor, for whichever list."""
    try:
        _get_signer().unsign(cursor[:MAXIMUM_CURSOR_LENGTH])
    except signing.BadSignature:
        return False
    return True


def _get_signer() -> signing.Signer:
    return signing.Signer(sep=".", salt="core.pagination")


def _pack(value: Any) -> Any:
    if isinstance(value, datetime):
        return ["t", value.isoformat()]
    if isinstance(value, UUID):
        return ["u", str(value)]
    if isinstance(value, Decimal):
        return ["d", str(value)]
    return value


def _unpack(value: Any) -> Any:
    if not isinstance(value, list):
        return value
    kind, text = value
    if kind == "t":
        return datetime.fromisoformat(text)
    return UUID(text) if kind == "u" else Decimal(text)

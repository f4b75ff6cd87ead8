"""Keyset pagination: stable while rows are added or deleted, and equally fast at any depth."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Generic, TypeVar
from uuid import UUID

from django.db.models import Model, Q, QuerySet
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext_lazy as _

from core.errors import InvalidInput

MAXIMUM_SIZE = 200

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
    backwards, after = _decode(cursor, order)
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
        next_cursor=_encode(rows[-1], order, backwards=False) if has_next else "",
        previous_cursor=_encode(rows[0], order, backwards=True) if has_previous else "",
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


def _encode(row: Model, order: Sequence[str], *, backwards: bool) -> str:
    values = [_pack(getattr(row, name.lstrip("-"))) for name in order]
    raw = json.dumps([int(backwards), *values], separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


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
        if isinstance(value, str | int | float) and not isinstance(value, bool):
            return value
        raise ValueError
    kind, text = value
    moment = parse_datetime(text) if kind == "t" else None
    if moment is not None and moment.tzinfo is not None:
        return moment
    if kind == "u":
        return UUID(text)
    if kind == "d":
        return Decimal(text)
    raise ValueError


def _decode(cursor: str, order: Sequence[str]) -> tuple[bool, list[Any] | None]:
    if not cursor:
        return False, None
    try:
        raw = base64.urlsafe_b64decode(cursor.encode() + b"=" * (-len(cursor) % 4))
        backwards, *values = json.loads(raw)
        if len(values) != len(order) or backwards not in (0, 1):
            raise ValueError
        return bool(backwards), [_unpack(value) for value in values]
    except (ValueError, TypeError, ArithmeticError, binascii.Error, RecursionError) as error:
        raise InvalidInput(
            _("This page address is not valid. Start again from the first page."),
            code="cursor_invalid",
            field="cursor",
        ) from error

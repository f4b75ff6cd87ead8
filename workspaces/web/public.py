"""Pages of the public store."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from django.http import HttpResponseBase

View = TypeVar("View", bound=Callable[..., HttpResponseBase])

_MARK = "loggia_public_page"


def public_page(view: View) -> View:
    """Mark a view as one that a visitor reads as the database's public reader and nothing more.

    A signed-in person gets their own scope as everywhere. Set it outermost, so that the middleware sees it.
    """
    setattr(view, _MARK, True)
    return view


def is_public_page(view: Any) -> bool:
    return getattr(view, _MARK, False) or getattr(getattr(view, "view_class", None), _MARK, False)

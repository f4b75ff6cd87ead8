"""Marks views that visitors see with the rights of the public database role."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from django.http import HttpResponseBase

View = TypeVar("View", bound=Callable[..., HttpResponseBase])

_MARK = "loggia_public_page"


def public_page(view: View) -> View:
    """Mark a view that runs as the public database role for visitors; signed-in people get their own scope.

    Must be the outermost decorator, so that the middleware sees the mark.
    """
    setattr(view, _MARK, True)
    return view


def is_public_page(view: Any) -> bool:
    return getattr(view, _MARK, False) or getattr(getattr(view, "view_class", None), _MARK, False)

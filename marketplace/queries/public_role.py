"""Reading the store as the database role that may read nothing else."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from core.scope import public_reader

ArgsT = ParamSpec("ArgsT")
ValueT = TypeVar("ValueT")


def as_public(query: Callable[ArgsT, ValueT]) -> Callable[ArgsT, ValueT]:
    """Run a query as the role that can read the public store only, whoever is signed in."""

    @wraps(query)
    def run(*args: ArgsT.args, **kwargs: ArgsT.kwargs) -> ValueT:
        with public_reader():
            return query(*args, **kwargs)

    return run

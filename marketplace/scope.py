"""The database scope in which people's acts change what belongs to the whole store."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import replace

from core.scope import Scope, current_scope, open_scope
from workspaces.states import Staff


def open_store_scope() -> AbstractContextManager[Scope]:
    """Widen the current scope to the store's counters while one service changes them.

    Rating a listing changes its figures, and deleting a listed GPT the counts of words; neither may be
    written by people otherwise.
    """
    scope = current_scope()
    return open_scope(replace(scope, staff=scope.staff | {Staff.MODERATOR.value}))

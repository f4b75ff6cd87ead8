"""The database scope in which moderation's own services work for people who are no moderators."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import replace

from core.scope import Scope, current_scope, open_scope
from workspaces.states import Staff


def moderation_scope() -> AbstractContextManager[Scope]:
    """Widen the running scope to reports and notices of all, for the length of one service.

    A reporter's service must count other people's reports, an author's must find its notices; neither
    is ever shown them. Operators read the platform's audit log, and the database gives back the row
    that a visitor's report adds to it, hence both roles.
    """
    scope = current_scope()
    return open_scope(replace(scope, staff=scope.staff | {Staff.MODERATOR.value, Staff.OPERATOR.value}))

"""The database scope of moderation services that run for people who are not moderators."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import replace

from core.scope import Scope, current_scope, open_scope
from workspaces.states import Staff


def open_moderation_scope() -> AbstractContextManager[Scope]:
    """Widen the current scope to moderation's rows while one service runs that has authorised the person.

    Submitting, reporting and objecting open and change cases, which only moderation may write; filing a
    report also counts other people's reports, and filing an appeal reads notices, without showing them.
    The operator role is needed to read back the audit event that a visitor's report inserts.
    """
    scope = current_scope()
    return open_scope(replace(scope, staff=scope.staff | {Staff.MODERATOR.value, Staff.OPERATOR.value}))

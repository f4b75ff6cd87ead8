"""Who acts when nobody does: a job of ours, or the identity provider of a company in a request."""

from __future__ import annotations

from core.scope import current_scope
from workspaces.models import User


def is_automated(by: User | None) -> bool | None:
    """Return what ``core.audit.record`` takes: only a system scope may speak as a machine."""
    return False if by is None and not current_scope().system else None

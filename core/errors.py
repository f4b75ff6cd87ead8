"""The errors that domain code raises: a code for machines, a message that says what to do, a field."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar


class DomainError(Exception):
    """An error with a message for the person who caused it.

    ``message`` may be a lazy translation; ``code`` is stable, for machines; ``field`` names the invalid
    input, empty for the whole; ``data`` is JSON-safe detail. workspaces.web.middleware turns it into a
    page, workspaces.api.errors into JSON.
    """

    status: ClassVar[int] = 400

    def __init__(
        self, message: Any, *, code: str, field: str = "", data: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(code)
        self.message = message
        self.code = code
        self.field = field
        self.data: dict[str, Any] = dict(data or {})

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"


class InvalidInput(DomainError):
    """The input is not valid."""


class Forbidden(DomainError):
    """The person may see the object, but not do this to it."""

    status = 403


class NotFound(DomainError):
    """The object does not exist or is not for this person: both look the same."""

    status = 404


class Conflict(DomainError):
    """The state does not allow it, or has changed meanwhile; ``data`` may hold the current state."""

    status = 409


class IllegalTransition(Conflict):
    """The object's state does not allow this transition; nothing was written."""


class TooLarge(DomainError):
    """More bytes, rows or characters than the limit."""

    status = 413


class RateLimited(DomainError):
    """Too many requests; ``data["retry_after"]`` is in seconds."""

    status = 429


class LimitUnreadable(DomainError):
    """A limit or rule that decides cannot be read; nothing was done, as no limit must count as none."""

    status = 503


class Unavailable(DomainError):
    """An external service does not answer; a retry may succeed."""

    status = 503

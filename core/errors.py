"""The errors that domain code raises: a machine code, a message that says how to mend it, a field."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar


class DomainError(Exception):
    """A refusal that a person can understand.

    ``message`` may be a lazy translation; ``code`` is stable for machines; ``field`` names the input
    to mend, empty for the whole; ``data`` is JSON-safe detail. One handler turns it into JSON, one
    into a page (workspaces.web.middleware, workspaces.api.errors).
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
    """What was sent cannot be used as it is."""


class Forbidden(DomainError):
    """The person is known and may see the thing, but not do this to it."""

    status = 403


class NotFound(DomainError):
    """Unknown, or not for this person: both look the same."""

    status = 404


class Conflict(DomainError):
    """Somebody else was faster; ``data`` holds the fresh state."""

    status = 409


class IllegalTransition(Conflict):
    """The thing is not in a state from which this step exists; nothing was written."""


class TooLarge(DomainError):
    """More bytes, rows or characters than the instance takes."""

    status = 413


class RateLimited(DomainError):
    """Too often; ``data["retry_after"]`` is in seconds."""

    status = 429


class Unavailable(DomainError):
    """A part outside of us does not answer; trying again later may work."""

    status = 503

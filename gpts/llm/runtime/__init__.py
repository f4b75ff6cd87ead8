"""The chat runtime: dataclasses in, events out; no ORM, no request, no clock of the domain."""

from .completions import Completion, complete

__all__ = ["Completion", "complete"]

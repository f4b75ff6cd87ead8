"""The chat runtime: dataclasses in, events out; no ORM, no request, no clock of the domain."""

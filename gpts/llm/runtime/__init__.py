"""The turn runner and its model clients: dataclasses in, events out; no ORM, no request, no framework."""

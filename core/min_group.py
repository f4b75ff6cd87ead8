"""The smallest group of people about whom a figure is shown to creators or to the public."""

from __future__ import annotations

# With fewer, a figure could tell what one of them did.
MIN_GROUP = 5


def show_figure(figure: int, *, people: int) -> int | None:
    """Return a figure that ``people`` made, None when they are too few for it to be shown."""
    return figure if people >= MIN_GROUP else None

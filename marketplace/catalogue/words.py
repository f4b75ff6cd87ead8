"""The word lists of words.txt, from which names and descriptions of synthetic listings are put together."""

from __future__ import annotations

from pathlib import Path


def read_lists(text: str) -> dict[str, list[str]]:
    """Return the lists by their heading: lines in brackets head the lines below them."""
    lists: dict[str, list[str]] = {}
    for line in filter(None, map(str.strip, text.splitlines())):
        if line.startswith("["):
            current = lists[line.strip("[]")] = []
        else:
            current.append(line)
    return lists


LISTS = read_lists(Path(__file__).with_name("words.txt").read_text("utf-8"))

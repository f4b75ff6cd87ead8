"""The word lists of word_lists.txt, from which names and descriptions of synthetic listings are generated."""

from __future__ import annotations

from pathlib import Path


def parse_word_lists(text: str) -> dict[str, list[str]]:
    """Return the lists by heading; a heading is a line in brackets."""
    lists: dict[str, list[str]] = {}
    for line in filter(None, map(str.strip, text.splitlines())):
        if line.startswith("["):
            current = lists[line.strip("[]")] = []
        else:
            current.append(line)
    return lists


WORD_LISTS = parse_word_lists(Path(__file__).with_name("word_lists.txt").read_text("utf-8"))

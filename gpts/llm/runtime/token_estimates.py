"""Estimates of how many tokens an embeddings model makes of a text. Pure."""

from __future__ import annotations


def estimate_tokens(text: str) -> int:
    """Return about how many tokens a text has: four ASCII characters make one, others count each."""
    others = sum(not letter.isascii() for letter in text)
    return others + (len(text) - others) // 4 + 1


def shorten(text: str, tokens: int) -> str:
    """Return the beginning of a text that has about ``tokens`` tokens."""
    estimated = estimate_tokens(text)
    return text if estimated <= tokens else text[: max(1, len(text) * tokens // estimated)]

"""Embeds many texts within what a server takes, and finds out what that is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from gpts.llm.runtime.embeddings import BatchRefused, embed
from gpts.llm.runtime.token_estimates import estimate_tokens, shorten
from gpts.llm.runtime.types import FailureCode, ModelAPI, ModelFailure, ModelSpec

MOST_TEXTS = 64
MOST_TOKENS = 8_000
# The built-in model computes one text after the other: small batches are saved often.
BUILT_IN_TEXTS = 8
# A text is not shortened below this.
LEAST_TOKENS = 32
# Refused so often in a row, the server takes nothing: enough to get from MOST_TEXTS texts to a short one.
MOST_REFUSALS = 14


@dataclass(frozen=True)
class BatchLimits:
    """How many texts a request may have, and how many tokens (see estimate_tokens) a text."""

    texts: int = MOST_TEXTS
    tokens: int = MOST_TOKENS


@dataclass(frozen=True)
class Embedded:
    """A vector for each text, None where the server has none for it; and the limits that were found."""

    vectors: list[list[float] | None]
    limits: BatchLimits


def embed_within_limits(
    spec: ModelSpec, texts: Sequence[str], *, limits: BatchLimits, timeout: float
) -> Embedded:
    """Embed passages, ``timeout`` seconds a request. Raises ModelFailure if the server takes none of them.

    A refused batch is halved until it is taken. The limit is believed once both halves of a refused batch
    were taken: one text that the server refuses alone is left out instead. A single text is shortened.
    """
    if spec.api is ModelAPI.OFFLINE:
        limits = replace(limits, texts=min(limits.texts, BUILT_IN_TEXTS))
    run = _Run(spec, timeout, limits)
    vectors = run.embed_all(texts)
    if run.refusal is not None and not any(vectors):
        raise run.refusal
    return Embedded(vectors, run.limits)


class _Run:
    """One call: the limits as far as they are known, and what was refused."""

    def __init__(self, spec: ModelSpec, timeout: float, limits: BatchLimits) -> None:
        self.spec, self.timeout, self.limits = spec, timeout, limits
        self.refusal: BatchRefused | None = None
        self.refusals = 0

    def embed_all(self, texts: Sequence[str]) -> list[list[float] | None]:
        vectors: list[list[float] | None] = []
        while len(vectors) < len(texts):
            vectors.extend(self._embed_part(texts[len(vectors) : len(vectors) + self.limits.texts]))
        return vectors

    def _embed_part(self, part: Sequence[str]) -> list[list[float] | None]:
        made = self._ask([shorten(text, self.limits.tokens) for text in part])
        if made is not None:
            return list(made)
        if len(part) == 1:
            return [self._embed_shortened(part[0])]
        half, tokens = len(part) // 2, self.limits.tokens
        vectors = [*self.embed_all(part[:half]), *self.embed_all(part[half:])]
        # Not if it was the length of a text: then the size of the batch may have been right.
        if all(vectors) and self.limits.tokens == tokens:
            self.limits = replace(self.limits, texts=min(self.limits.texts, half))
        return vectors

    def _embed_shortened(self, text: str) -> list[float] | None:
        tokens = min(estimate_tokens(text), self.limits.tokens) // 2
        while tokens >= LEAST_TOKENS:
            made = self._ask([shorten(text, tokens)])
            if made is not None:
                if self.refusal is not None and self.refusal.code is not FailureCode.MALFORMED_STREAM:
                    self.limits = replace(self.limits, tokens=min(self.limits.tokens, tokens))
                return made[0]
            tokens //= 2
        return None

    def _ask(self, texts: list[str]) -> list[list[float]] | None:
        """Return the vectors, None when the server refused; raises after MOST_REFUSALS in a row."""
        try:
            made = embed(self.spec, texts, timeout=self.timeout)
        except BatchRefused as refusal:
            self.refusal = refusal
            self.refusals += 1
            if self.refusals >= MOST_REFUSALS:
                raise
            return None
        self.refusals = 0
        return made


def describe_failure(failure: ModelFailure) -> str:
    """Return the code that is stored and shown for a failed batch."""
    return "refused" if isinstance(failure, BatchRefused) else failure.code.value

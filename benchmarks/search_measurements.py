"""Measurements of the benchmark of store search, run in a process with the benchmark's settings."""

from __future__ import annotations

import os
import sys
import time

import django

django.setup()

from django.core.cache import cache  # noqa: E402 - needs the apps, as all below

from benchmarks.store import ROLES, WORDS  # noqa: E402
from marketplace.queries import search_listings  # noqa: E402
from marketplace.search import meaning  # noqa: E402
from marketplace.search.query_vectors import QueryVector, get_query_vector  # noqa: E402

SENTENCES = [
    "help me write a speech for my sister's wedding",
    "I need a plan to pay back my debts within two years",
    "explain photosynthesis to a ten year old",
    "how do I find the slow part of my program",
    "what can I cook for six people in half an hour",
    "translate this letter into simple German",
    "practise job interviews with hard questions",
    "make my slides shorter and clearer",
    "which museum should we visit with small children",
    "check the statistics in my thesis",
    "帮我写一封求职信",
    "孩子不喜欢数学怎么办",
    "周末带父母去哪里旅行",
    "怎么写单元测试",
    "给新店起个名字",
    "面包为什么发不起来",
]
HOW = ("words alone", "words and meaning")


def main(rounds: int) -> None:
    meaning.refresh()
    assert meaning.get_matrix() is not None
    kinds = {
        "one to four words": [f"{word} {role}".strip() for word in WORDS for role in ROLES],
        "sentences": SENTENCES * 5,
    }
    print(f"{len(meaning.get_matrix() or ()):,} listings, {os.cpu_count()} cores, {rounds} rounds in turn")
    print("searches            round  what                p50 ms   p99 ms    load", flush=True)
    for kind, texts in kinds.items():
        vectors = {text: _embed(text) for text in texts}
        every: dict[str, list[float]] = {how: [] for how in HOW}
        for number in range(rounds + 1):
            # Whoever comes second finds warmer pages: take turns.
            for how in HOW if number % 2 else HOW[::-1]:
                taken = [_time(text, vectors[text] if how == HOW[1] else None) for text in texts]
                if number:
                    every[how] += taken
                    _print(kind, str(number), how, taken)
        for how in HOW:
            _print(kind, "all", how, every[how])
        _print(kind, "all", "making the vector", [_time_embedding(text) for text in texts])
        ratios = [_find(every[HOW[1]], share) / _find(every[HOW[0]], share) for share in (0.5, 0.99)]
        print(f"{kind:20}both / words alone: p50 {ratios[0]:.2f}, p99 {ratios[1]:.2f}", flush=True)


def _embed(text: str) -> QueryVector | None:
    for _try in range(50):
        if (vector := get_query_vector(text)) is not None:
            return vector
    raise AssertionError(f"no vector for {text}")


def _time(text: str, vector: QueryVector | None) -> float:
    begun = time.perf_counter()
    search_listings(text, vector=vector)
    return 1000 * (time.perf_counter() - begun)


def _time_embedding(text: str) -> float:
    """The vector of a search is computed once a day and then read from the cache."""
    cache.clear()
    begun = time.perf_counter()
    _embed(text)
    return 1000 * (time.perf_counter() - begun)


def _find(taken: list[float], share: float) -> float:
    return sorted(taken)[min(len(taken) - 1, int(len(taken) * share))]


def _print(kind: str, number: str, how: str, taken: list[float]) -> None:
    print(
        f"{kind:20}{number:>5}  {how:18}{_find(taken, 0.5):>8.1f}{_find(taken, 0.99):>9.1f}"
        f"{os.getloadavg()[0]:>8.1f}",
        flush=True,
    )


if __name__ == "__main__":
    main(int(sys.argv[1]))

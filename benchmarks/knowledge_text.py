"""Generates text for the benchmarks: words and Chinese characters with frequencies by Zipf's law."""

from __future__ import annotations

import random
from bisect import bisect
from itertools import accumulate

PASSAGE_CHARACTERS = 900
WORDS = 60_000
CHARACTERS = 3_500


class Writer:
    """Generates passages in English and Chinese; the same seed gives the same text."""

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)
        spelling = random.Random(1)
        self.words = sorted({_build_word(spelling) for _ in range(WORDS)})
        spelling.shuffle(self.words)
        self.characters = [chr(0x4E00 + number) for number in spelling.sample(range(20_000), CHARACTERS)]
        # Chinese text consists of words, most of two characters.
        self.chinese = [
            "".join(spelling.choices(self.characters[:1500], k=spelling.choice((1, 2, 2, 2, 3))))
            for _ in range(40_000)
        ]
        self._word_shares = _build_zipf_shares(len(self.words))
        self._chinese_shares = _build_zipf_shares(len(self.chinese))

    def write_passage(self, *, is_chinese: bool) -> str:
        if is_chinese:
            drawn = self._draw(self.chinese, self._chinese_shares, PASSAGE_CHARACTERS // 2 + 40)
            return "".join(drawn)[:PASSAGE_CHARACTERS]
        return " ".join(self._draw(self.words, self._word_shares, 150))[:PASSAGE_CHARACTERS]

    def write_question(self, *, is_chinese: bool) -> str:
        """Return a question of eight words with the frequencies of the text, some with a typing error."""
        if is_chinese:
            return "".join(self._draw(self.chinese, self._chinese_shares, 8))
        words = self._draw(self.words, self._word_shares, 8)
        if self._chance.random() < 0.2:
            long = max(words, key=len)
            words[words.index(long)] = long[:2] + long[3:]
        return " ".join(words)

    def _draw(self, known: list[str], shares: list[float], count: int) -> list[str]:
        whole = shares[-1]
        return [known[bisect(shares, self._chance.random() * whole)] for _ in range(count)]


def _build_zipf_shares(count: int) -> list[float]:
    return list(accumulate(1.0 / (rank + 2.7) for rank in range(count)))


def _build_word(chance: random.Random) -> str:
    syllables = chance.choice((1, 2, 2, 3, 3, 4))
    return "".join(
        chance.choice("bcdfghklmnprstvw")
        + chance.choice("aeiou")
        + chance.choice(("", "", "n", "r", "s", "l"))
        for _ in range(syllables)
    )

"""Vectors by hashing: texts that share words, parts of words or Chinese characters lie near one another.

No model: it knows no meaning, so what is measured with it says that vectors are stored, searched and fused
rightly, and nothing about how well a real model would find.
"""

from __future__ import annotations

import math
import re
import zlib
from collections import Counter
from typing import Any

DIMENSIONS = 64
_TOKEN = re.compile(r"[\u3400-\u9fff]+|[^\W_\u3400-\u9fff]+")


def dimensions_of(model: str) -> int:
    """Return the length of the vectors of "embed-256"; DIMENSIONS for other names."""
    _name, _, size = model.partition("-")
    return int(size) if size.isdecimal() else DIMENSIONS


def vector_of(text: str, size: int) -> list[float]:
    values = [0.0] * size
    for feature, count in Counter(_features(text.lower())).items():
        number = zlib.crc32(feature.encode())
        values[number % size] += (1.0 if number >> 31 else -1.0) * (1.0 + math.log(count))
    length = math.sqrt(sum(value * value for value in values)) or 1.0
    return [value / length for value in values]


def _features(text: str) -> list[str]:
    found = []
    for token in _TOKEN.findall(text):
        if token[0] >= "\u3400":
            found.extend(token)
            found.extend(token[place : place + 2] for place in range(len(token) - 1))
        elif len(token) > 3:
            found.append(token)
            marked = f"<{token}>"
            found.extend(marked[place : place + 4] for place in range(len(marked) - 3))
    return found


def answer(body: dict[str, Any]) -> dict[str, Any]:
    inputs = body["input"] if isinstance(body["input"], list) else [body["input"]]
    size = dimensions_of(str(body.get("model")))
    return {
        "object": "list",
        "data": [
            {"object": "embedding", "index": place, "embedding": vector_of(str(text), size)}
            for place, text in enumerate(inputs)
        ],
        "model": body.get("model"),
        "usage": {"prompt_tokens": len(inputs), "total_tokens": len(inputs)},
    }

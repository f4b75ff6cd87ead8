"""Fake embeddings by hashing: texts that share words, parts of words or Chinese characters are similar.

The vectors carry no meaning: tests with them show that storing, searching and merging vectors works, not how
good retrieval with a real model is.
"""

from __future__ import annotations

import math
import re
import zlib
from collections import Counter
from typing import Any

DIMENSIONS = 64
_TOKEN = re.compile(r"[\u3400-\u9fff]+|[^\W_\u3400-\u9fff]+")


def get_dimensions(model: str) -> int:
    """Return the length of the vectors of "embed-256"; DIMENSIONS for other names."""
    _name, _, size = model.partition("-")
    return int(size) if size.isdecimal() else DIMENSIONS


def hash_text(text: str, size: int) -> list[float]:
    values = [0.0] * size
    for feature, count in Counter(_list_features(text.lower())).items():
        number = zlib.crc32(feature.encode())
        values[number % size] += (1.0 if number >> 31 else -1.0) * (1.0 + math.log(count))
    length = math.sqrt(sum(value * value for value in values)) or 1.0
    return [value / length for value in values]


def _list_features(text: str) -> list[str]:
    found = []
    for token in _TOKEN.findall(text):
        if token[0] >= "\u3400":
            found.extend(token)
            found.extend(token[start : start + 2] for start in range(len(token) - 1))
        elif len(token) > 3:
            found.append(token)
            marked = f"<{token}>"
            found.extend(marked[start : start + 4] for start in range(len(marked) - 3))
    return found


def build_response(body: dict[str, Any]) -> dict[str, Any]:
    inputs = body["input"] if isinstance(body["input"], list) else [body["input"]]
    size = get_dimensions(str(body.get("model")))
    return {
        "object": "list",
        "data": [
            {"object": "embedding", "index": index, "embedding": hash_text(str(text), size)}
            for index, text in enumerate(inputs)
        ],
        "model": body.get("model"),
        "usage": {"prompt_tokens": len(inputs), "total_tokens": len(inputs)},
    }

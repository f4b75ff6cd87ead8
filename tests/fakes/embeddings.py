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


def find_problem(body: dict[str, Any], behaviour: str, limit: int) -> str | None:
    """Return why the server refuses: "at-most:10" texts in a request, "short:200" characters of a text."""
    inputs = body["input"]
    if behaviour == "at-most" and len(inputs) > limit:
        return f"batch size is invalid, it should not be larger than {limit}.: input.contents"
    if behaviour == "short" and any(len(text) > limit for text in inputs):
        return "the input length exceeds the limit"
    return None


def distort(answer: dict[str, Any], body: dict[str, Any], behaviour: str) -> dict[str, Any]:
    """Make an answer wrong as servers do; "nan" and "zeros" concern texts with the word "poison"."""
    rows = answer["data"]
    poisoned = [row for row, text in zip(rows, body["input"], strict=True) if "poison" in text]
    if behaviour == "shuffled":
        rows.reverse()
    elif behaviour == "fewer":
        rows.pop()
    elif behaviour == "longer":
        for row in rows:
            row["embedding"].append(0.0)
    elif behaviour in ("nan", "zeros"):
        for row in poisoned:
            row["embedding"] = [math.nan if behaviour == "nan" else 0.0] * len(row["embedding"])
    return answer


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

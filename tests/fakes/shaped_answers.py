"""Answers of the fake model server with JSON, about images, and with the provider's built-in tools."""

from __future__ import annotations

import base64
import json
from io import BytesIO
from typing import Any

from PIL import Image

ITEMS = {"items": [{"name": "arch", "quantity": 2}, {"name": "stone", "quantity": 40}]}
JSON_ANSWERS = {
    "json": json.dumps(ITEMS),
    "json-fenced": f"```json\n{json.dumps(ITEMS)}\n```",
    "json-wrong": json.dumps({"items": [{"name": "arch", "quantity": "two"}]}),
    "json-bad": '{"items": [{"name": "arch", ',
}
SOURCE = {
    "type": "url_citation", "url": "https://example.org/arches", "title": "All about [arches]",
    "start_index": 0, "end_index": 4,
}  # fmt: skip
TWO_CALLS = [("get_weather", {"city": "Bern"}), ("get_weather", {"city": "Basel"})]
GARBAGE = b'\xff\xfe\x00data: \x80\x81garbage\n\ndata: {"choices": 7}\n\ndata: [1, 2\n\n'


def get_shaped_words(behaviour: str, body: Any) -> list[str] | None:
    """Return the answer in pieces; None for behaviours that are not defined here."""
    if text := JSON_ANSWERS.get(behaviour):
        return [text[start : start + 7] for start in range(0, len(text), 7)]
    if behaviour == "vision":
        return [f"{word} " for word in describe_images(body).split()]
    if behaviour == "seed":
        return ["seed ", str(body.get("seed"))]
    if behaviour in ("web", "web-failed"):
        return ["Arches ", "hold."]
    if behaviour == "picture":
        return []
    return None


def build_provider_events(behaviour: str) -> list[dict[str, Any]]:
    """Return the events of the provider's built-in tools before the answer (Responses API)."""
    if behaviour in ("web", "web-failed"):
        call = {
            "id": "ws_1",
            "type": "web_search_call",
            "status": "completed" if behaviour == "web" else "failed",
            "action": {"type": "search", "query": "how arches hold"},
        }
        found = [{"type": "response.output_text.annotation.added", "annotation": SOURCE}]
        return [_build_done_event(call), *(found if behaviour == "web" else [])]
    if behaviour == "picture":
        picture = base64.b64encode(make_png()).decode()
        call = {"id": "ig_1", "type": "image_generation_call", "status": "completed", "result": picture}
        return [_build_done_event(call)]
    return []


def make_png(size: tuple[int, int] = (32, 24)) -> bytes:
    out = BytesIO()
    Image.new("RGB", size, (168, 72, 31)).save(out, format="PNG")
    return out.getvalue()


def describe_images(body: Any) -> str:
    """Return number and sizes of the request's images, as a sentence."""
    sizes = []
    for message in body.get("messages") or body.get("input") or ():
        parts = message.get("content")
        for part in parts if isinstance(parts, list) else ():
            url = part.get("image_url")
            url = url.get("url") if isinstance(url, dict) else url
            if url:
                picture = Image.open(BytesIO(base64.b64decode(url.partition(",")[2])))
                sizes.append(f"{picture.width}x{picture.height}")
    return f"I see {len(sizes)} images: {', '.join(sizes)}"


def get_text(content: Any) -> str:
    """Return the text of a message whose content may be a list of parts."""
    if not isinstance(content, list):
        return str(content)
    return " ".join(str(part["text"]) for part in content if "text" in part)


def _build_done_event(item: dict[str, Any]) -> dict[str, Any]:
    return {"type": "response.output_item.done", "item": item}

"""The Redis Stream of a running turn: the rows that its process adds, and how other processes read them.

A row may arrive twice, because the Redis client sends a command again when its reply is lost. Each row
therefore says where it belongs (``at``: characters or frames before it), and readers drop what they have.
"""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Mapping
from typing import Any
from uuid import UUID

from gpts.chat.streaming.connection import (
    build_events_key,
    build_running_key,
    get_async_redis,
    get_sync_redis,
)
from gpts.chat.streaming.frames import HEARTBEAT, build_text_frame
from gpts.chat.streaming.live import HEARTBEAT_SECONDS, LiveTurn


def add_new_output(pipe: Any, live: LiveTurn, mirrored: tuple[int, int]) -> tuple[int, int]:
    """Add text and frames after the ``mirrored`` numbers of characters and frames; return the new numbers."""
    text_before, frames_before = mirrored
    text_size, frame_count = len(live.text), len(live.shared_frames)
    key = build_events_key(live.id)
    if text_size > text_before:
        pipe.xadd(key, {"text": live.text[text_before:text_size], "at": text_before})
    for index in range(frames_before, frame_count):
        pipe.xadd(key, {"frame": live.shared_frames[index].decode(), "at": index})
    return text_size, frame_count


class Unseen:
    """Takes rows in the order of the stream and returns of each what no earlier row had."""

    def __init__(self) -> None:
        self.characters = 0
        self.frames = 0

    def take_text(self, row: Mapping[str, str]) -> str:
        if "text" not in row:
            return ""
        begin = int(row.get("at", self.characters))
        fresh = row["text"][max(self.characters - begin, 0) :]
        self.characters += len(fresh)
        return fresh

    def take_frame(self, row: Mapping[str, str]) -> str:
        if "frame" not in row or int(row.get("at", self.frames)) < self.frames:
            return ""
        self.frames += 1
        return row["frame"]


def read_text(turn: UUID) -> str:
    """Return a turn's answer so far from its Redis Stream; empty when the stream has expired."""
    return read_answer(turn)[0]


def read_answer(turn: UUID) -> tuple[str, str]:
    """Return a turn's answer and its thinking so far, from its Redis Stream."""
    rows = [fields for _id, fields in get_sync_redis().xrange(build_events_key(turn))]
    unseen = Unseen()
    text = "".join(unseen.take_text(row) for row in rows)
    kept: list[str] = []
    thinking: list[str] = []
    at = 0
    for row in rows:
        event, _line, data = unseen.take_frame(row).partition("\ndata: ")
        if event == "event: thinking":
            thinking.append(json.loads(data)["text"])
        elif event == "event: withdrawn":
            cut = json.loads(data)
            kept.append(text[at : cut["begin"]])
            at = cut["end"]
    return "".join([*kept, text[at:]]), "".join(thinking).strip()


async def follow_from_redis(turn: UUID, offset: int) -> AsyncGenerator[bytes, None]:
    """Yield frames of a turn that runs in another process, from its Redis Stream.

    Ends without an end frame when that process has died.
    """
    client = get_async_redis()
    unseen = Unseen()
    last = "0"
    while True:
        rows = await client.xread(
            {build_events_key(turn): last}, block=int(HEARTBEAT_SECONDS * 1000 / 3), count=500
        )
        if not rows:
            if not await client.exists(build_running_key(turn)):
                return
            yield HEARTBEAT
            continue
        begin = unseen.characters
        texts: list[str] = []
        frames: list[str] = []
        end = ""
        for last, row in rows[0][1]:  # noqa: B007  # the next read starts after the last id
            texts.append(unseen.take_text(row))
            if sent := unseen.take_frame(row):
                frames.append(sent)
            end = row.get("end", end)
        if unseen.characters > max(offset, begin):
            yield build_text_frame("".join(texts)[max(offset - begin, 0) :], unseen.characters)
        for sent in frames:
            yield sent.encode()
        if end:
            yield end.encode()
            return

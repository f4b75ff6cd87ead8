"""Assembles the function calls of an answer from the parts in which servers send them. Pure."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from gpts.llm.runtime.surrogates import join_surrogates
from gpts.llm.runtime.types import ToolProposed


@dataclass(slots=True)
class _Call:
    key: object
    call_id: str = ""
    name: str = ""
    arguments: str = ""

    def is_whole(self) -> bool:
        return bool(self.name) and is_json(self.arguments)


class ToolCalls:
    """The calls of one answer, in order.

    Servers differ: an index of their own for each call, always 0, or none; id and name once or in each part;
    arguments in parts, whole, as an object or null. Another id is another call, and so is a name after
    arguments that are complete.
    """

    __slots__ = ("_calls",)

    def __init__(self) -> None:
        self._calls: list[_Call] = []

    def __bool__(self) -> bool:
        return bool(self._calls)

    def add_part(self, part: object, position: int = 0) -> None:
        """Add one entry of ``tool_calls`` in a delta; ``position`` is its place in that list."""
        if not isinstance(part, dict):
            return
        function = part.get("function")
        fields = function if isinstance(function, dict) else part
        index = part.get("index")
        key: object = index if isinstance(index, int | str) else f"place-{position}"
        call_id = _read_text(part.get("id") or part.get("call_id"))
        name = _read_text(fields.get("name"))
        arguments = fields.get("arguments", fields.get("parameters"))
        whole = _write_json(arguments) if isinstance(arguments, dict | list) else ""
        text = whole or _read_text(arguments)
        if not (call_id or name or text):
            return
        call = self._find(key, call_id, name, text)
        if call is None:
            call = _Call(key)
            self._calls.append(call)
        call.call_id = call.call_id or call_id
        if name and not call.arguments and name != call.name:
            # Some servers split the name.
            call.name += name
        if whole or call.arguments == "{}":
            call.arguments = text or call.arguments
        elif text and not (call.is_whole() and is_json(text)):
            call.arguments += text

    def add_whole(self, call_id: str, name: str, arguments: object) -> None:
        """Add a call that came whole, or complete the parts of the one with its id."""
        text = _write_json(arguments) if isinstance(arguments, dict | list) else _read_text(arguments)
        call = next((call for call in self._calls if call_id and call_id in (call.call_id, call.key)), None)
        if call is None:
            self._calls.append(_Call(call_id, call_id, name, text))
        else:
            call.name, call.arguments = name or call.name, text or call.arguments

    def rename(self, old_id: str, call_id: str) -> None:
        """Give a call the id that its result must name."""
        for call in self._calls:
            if old_id and call_id and call.call_id == old_id:
                call.call_id, call.key = call_id, old_id

    def add_missing(self, parts: object) -> None:
        """Add the calls of a final message that repeats the whole answer, unless they came before."""
        if isinstance(parts, list) and not self._calls:
            for position, part in enumerate(parts):
                self.add_part(part, position)

    def list_calls(self) -> list[ToolProposed]:
        """Return the calls, each with an id of its own and arguments that are not empty."""
        proposed: list[ToolProposed] = []
        taken: set[str] = set()
        for number, call in enumerate(self._calls, 1):
            if not (call.name or call.arguments):
                continue
            call_id = call.call_id or f"call_{number}"
            if call_id in taken:
                call_id = f"{call_id}_{number}"
            taken.add(call_id)
            arguments = join_surrogates(call.arguments.strip()) or "{}"
            proposed.append(ToolProposed(call_id, join_surrogates(call.name), arguments))
        return proposed

    def _find(self, key: object, call_id: str, name: str, text: str) -> _Call | None:
        """Return the call that a part belongs to; None if it begins another one."""
        if call_id:
            same = [call for call in self._calls if call.call_id == call_id]
            found = next((call for call in same if call.key == key), same[-1] if same else None)
            if found is not None:
                return None if _is_other(found, key, name, text) else found
        last = next((call for call in reversed(self._calls) if call.key == key), None)
        if last is None or (call_id and last.call_id):
            return None
        if not name or not last.name or not last.is_whole():
            return last
        # A name after complete arguments: the same call again, or another one.
        return last if name == last.name and text in ("", last.arguments) else None


def _is_other(call: _Call, key: object, name: str, text: str) -> bool:
    """Return whether a part with the id of a call begins another one: some servers have one id for all."""
    if not name or not call.is_whole():
        return False
    return call.key != key or (is_json(text) and text != call.arguments and call.arguments != "{}")


def is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _write_json(value: object) -> str:
    try:
        return json.dumps(value, ensure_ascii=False)
    except (ValueError, RecursionError):
        return "null"


def _read_text(value: Any) -> str:
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else ""

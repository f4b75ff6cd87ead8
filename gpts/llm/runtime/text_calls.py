"""Function calls that a model writes into its text, where its server has no parser for them. Pure.

Known are the formats of Qwen and Hermes (<tool_call>), Llama (<function=…>, <|python_tag|>, an object),
Mistral ([TOOL_CALLS]), DeepSeek, Kimi and GLM, and JSON in a code fence.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from gpts.llm.runtime.types import ToolProposed, ToolSpec

# From one of these marks on the text is not shown.
_MARKS = (
    "<tool_call>", "<tool_calls>", "<function_call>", "<function_calls>", "<function=", "<invoke ",
    "[tool_calls]",
    "<|python_tag|>", "<|tool_call|>", "<|tool_calls_section_begin|>", "<|tool_call_begin|>", "functools[",
    "<｜tool▁calls▁begin｜>", "<｜tool▁call▁begin｜>",
)  # fmt: skip
# Not behind a backtick: that is talk about calls.
_MARK = re.compile(r"(?<!`)(?:" + "|".join(re.escape(mark) for mark in _MARKS) + ")", re.I)
_LONGEST = max(map(len, _MARKS))
# Lines that only frame calls.
_FRAME = re.compile(
    r"function<｜tool▁sep｜>|</?(?:tool_calls?|function_calls?|function|invoke)(?:=[^>\s]*|\s[^>]*)?>|\[/?TOOL_CALLS\]|\[ARGS\]"
    r"|<[|｜][^|｜>]{1,40}[|｜]>|functools(?=\[)",
    re.I,
)
_FUNCTION = re.compile(r"<function=([^>\s]+)\s*>|<invoke\s+name=\"([^\"]+)\"\s*>", re.I)
_PARAMETER = re.compile(
    r"<parameter(?:=|\s+name=\")([^>\"\s]+)\"?\s*>(.*?)(?:</parameter>|(?=<parameter[=\s])|$)", re.I | re.S
)
_ARGUMENT = re.compile(r"<arg_key>(.*?)</arg_key>\s*<arg_value>(.*?)</arg_value>", re.S)
# A name right before its arguments: NAME{…}, NAME[ARGS]{…}, functions.NAME:0 … {…}, NAME\n```json\n{…}.
_NAME_BEFORE = re.compile(
    r"(?:functions\.)?([\w.-]{1,64})(?::\d+)?\s*"
    r"(?:\[ARGS\]|<\|tool_call_argument_begin\|>|<\|message\|>|```(?:json)?\s*)?\s*$",
    re.I,
)
_FENCE = re.compile(r"(?:^|\n) {0,3}```(?:json|tool_call|tool_code|tool)?[ \t]*\n\s*[\[{]", re.I)
_ARGUMENTS = ("arguments", "parameters", "args", "input")
# Longer code blocks are not calls; and so many places in a text are tried as JSON.
MAX_BLOCK = 8_000
MAX_TRIES = 100
_DECODER = json.JSONDecoder(strict=False)


class TextCalls(NamedTuple):
    """What was read of a text: its calls, and the text beside them. Unreadable: a mark without a call."""

    calls: list[ToolProposed]
    text: str
    is_unreadable: bool = False


class TextCallFilter:
    """Holds back the text from where a call may begin; used only where functions were offered."""

    def __init__(self, tools: Sequence[ToolSpec]) -> None:
        self._tools = {tool.name: tool for tool in tools}
        self._held = ""
        # All text after a mark.
        self._caught: list[str] = []
        self._is_start = True
        self._last = ""

    def feed(self, text: str) -> str:
        """Return the text that can be shown."""
        if self._caught:
            self._caught.append(text)
            return ""
        text = self._held + text
        at = self._find_call(text)
        shown, self._held = text[:at], text[at:]
        self._last = shown[-1:] or self._last
        self._is_start = self._is_start and not shown.strip()
        if (_MARK.match(self._held) and self._last != "`") or (
            self._is_start and self._held.lstrip()[:1] in ("{", "[")
        ):
            self._caught, self._held = [self._held], ""
        return shown

    def withdraw(self) -> str:
        """Return what is held, which was thinking, and begin anew."""
        held = "".join(self._caught) + self._held
        self._held, self._is_start = "", True
        self._caught.clear()
        return held

    def finish(self) -> TextCalls:
        """Read the calls of the text that is held."""
        return read_text_calls(self.withdraw(), self._tools)

    def _find_call(self, text: str) -> int:
        """Return where a call may begin; the length of the text when nowhere."""
        if self._is_start and text.lstrip()[:1] in ("{", "["):
            return 0
        found = [len(text)]
        if (match := _MARK.search(text, 1 if self._last == "`" else 0)) is not None:
            found.append(match.start())
        if (at := text.find("```")) >= 0 and not text[text.rfind("\n", 0, at) + 1 : at].strip():
            found.append(at if not self._is_other_fence(text[at:]) else len(text))
        for at in range(max(len(text) - _LONGEST, 0), len(text)):
            end = text[at:].lower()
            if any(mark.startswith(end) for mark in _MARKS) or "```".startswith(end):
                found.append(at)
                break
        return min(found)

    def _is_other_fence(self, text: str) -> bool:
        """Return whether a code block that begins the text is known not to be a call."""
        if len(text) > MAX_BLOCK:
            return True
        if "\n" in text and not _FENCE.match(text) and text.partition("\n")[2].strip():
            return True
        end = text.find("\n```", 3)
        return end >= 0 and not read_text_calls(text[: end + 4], self._tools).calls


def read_text_calls(text: str, tools: Mapping[str, ToolSpec]) -> TextCalls:
    """Read the calls in a text. JSON alone counts only if it names one of the functions."""
    if not text.strip():
        return TextCalls([], text)
    is_marked = _MARK.search(text) is not None
    if not is_marked and not re.search(r'"(?:name|function)"', text):
        return TextCalls([], text)
    calls: list[tuple[str, str]] = []
    taken: list[tuple[int, int]] = []
    for begin, end, name, arguments in (*_find_tagged(text, tools), *_find_json(text, tools, is_marked)):
        if not any(begin < other_end and other_begin < end for other_begin, other_end in taken):
            taken.append((begin, end))
            calls.append((name, arguments))
    if not calls and not is_marked:
        return TextCalls([], text)
    rest, at = "", 0
    for begin, end in sorted(taken):
        rest, at = rest + text[at:begin], end
    order = sorted(range(len(taken)), key=lambda number: taken[number][0])
    proposed = [ToolProposed(f"call_{count}", *calls[number]) for count, number in enumerate(order, 1)]
    if is_marked and not proposed:
        return TextCalls([], text[: _find_mark(text)].rstrip(), is_unreadable=True)
    rest = re.sub(r"```(?:\w+)?\s*(?:```)?", "", _FRAME.sub("", rest + text[at:]))
    # What is left of a call that was cut is not shown.
    rest = re.sub(r"\{.*", "", rest, flags=re.S) if is_marked else rest
    return TextCalls(proposed, rest.strip(" \n\t,;[]"))


def _find_mark(text: str) -> int:
    match = _MARK.search(text)
    return match.start() if match else len(text)


def _find_tagged(text: str, tools: Mapping[str, ToolSpec]) -> Iterator[tuple[int, int, str, str]]:
    """Yield calls with named parameters: <function=…><parameter=…>, and GLM's <arg_key>."""
    for match in _FUNCTION.finditer(text):
        name = match[1] or match[2]
        ending = re.compile(r"</function>|</invoke>|(?=<function=)|(?=<invoke\s)|\Z", re.I).search(
            text, match.end()
        )
        end = ending.end() if ending else len(text)
        inner = text[match.end() : ending.start() if ending else len(text)]
        if (parameters := _PARAMETER.findall(inner)) and not inner.lstrip().startswith("{"):
            yield match.start(), end, name, _write(name, parameters, tools)
        elif (found := _decode(inner.strip(), 0)) is not None and isinstance(found[0], dict):
            yield match.start(), end, name, json.dumps(found[0], ensure_ascii=False)
        elif not inner.strip():
            yield match.start(), end, name, "{}"
    for match in re.finditer(r"<tool_call>\s*([\w.-]+)\s*(<arg_key>.*?)</tool_call>", text, re.S):
        yield match.start(), match.end(), match[1], _write(match[1], _ARGUMENT.findall(match[2]), tools)


def _write(name: str, pairs: Sequence[tuple[str, str]], tools: Mapping[str, ToolSpec]) -> str:
    """Return named parameters as JSON; what is no text by the function's schema is read as JSON."""
    properties: Any = tools[name].parameters.get("properties") if name in tools else None
    arguments: dict[str, Any] = {}
    for key, value in pairs:
        schema = properties.get(key.strip()) if isinstance(properties, dict) else None
        is_text = isinstance(schema, dict) and schema.get("type") == "string"
        found = None if is_text else _decode(value.strip(), 0)
        is_whole = found is not None and found[1] == len(value.strip())
        arguments[key.strip()] = found[0] if found is not None and is_whole else value.strip("\n")
    return json.dumps(arguments, ensure_ascii=False)


def _find_json(
    text: str, tools: Mapping[str, ToolSpec], is_marked: bool
) -> Iterator[tuple[int, int, str, str]]:
    """Yield calls that are JSON objects: {"name", "arguments"}, or arguments behind a name."""
    at, tries = 0, 0
    while (at := text.find("{", at)) >= 0 and tries < MAX_TRIES:
        found = _decode(text, at)
        if found is None or not isinstance(found[0], dict):
            at, tries = at + 1, tries + 1
            continue
        value, end = found
        call = _read_object(value)
        if call is not None and (call[0] in tools or (is_marked and "arguments" in value)):
            yield at, end, *call
        elif is_marked and (named := _NAME_BEFORE.search(text, max(at - 120, 0), at)) and named[1] in tools:
            yield named.start(), end, named[1], json.dumps(value, ensure_ascii=False)
        at = end


def _read_object(value: dict[str, Any]) -> tuple[str, str] | None:
    inner = value.get("function")
    fields = inner if isinstance(inner, dict) else value
    name = fields.get("name") or (inner if isinstance(inner, str) else "")
    if not isinstance(name, str) or not name:
        return None
    arguments: Any = next((fields[key] for key in _ARGUMENTS if key in fields), {})
    if isinstance(arguments, str):
        return name, arguments or "{}"
    return name, json.dumps({} if arguments is None else arguments, ensure_ascii=False)


def _decode(text: str, at: int) -> tuple[Any, int] | None:
    try:
        return _DECODER.raw_decode(text, at)
    except (ValueError, RecursionError):
        return None

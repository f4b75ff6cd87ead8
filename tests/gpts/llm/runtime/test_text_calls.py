"""Function calls that models write into their text: read in the formats of all, and never shown raw."""

from __future__ import annotations

import json

import pytest

from gpts.llm.runtime.text_calls import TextCallFilter
from gpts.llm.runtime.types import ToolSpec

TOOLS = (
    ToolSpec("set_name", "", {"type": "object", "properties": {"name": {"type": "string"}}}),
    ToolSpec("set_icon", "", {"type": "object", "properties": {"variant": {"type": "integer"}}}),
)
NAME = ("set_name", {"name": "Harbour Desk"})
ICON = ("set_icon", {"variant": 3})
OBJECT = '{"name": "set_name", "arguments": {"name": "Harbour Desk"}}'
SECOND = '{"name": "set_icon", "arguments": {"variant": 3}}'


def read(text: str, size: int) -> tuple[str, str, bool]:
    """Return the text that is shown, the calls as JSON, and whether a call could not be read."""
    reader = TextCallFilter(TOOLS)
    shown = "".join(reader.feed(text[at : at + size]) for at in range(0, len(text), size))
    found = reader.finish()
    calls = [(call.name, json.loads(call.arguments)) for call in found.calls]
    return shown + found.text, json.dumps(calls), found.is_unreadable


@pytest.mark.parametrize(
    ("text", "calls", "shown"),
    [
        # Qwen, Hermes
        (f"<tool_call>\n{OBJECT}\n</tool_call>", [NAME], ""),
        (f"Now.\n<tool_call>{OBJECT}</tool_call>\n<tool_call>{SECOND}</tool_call>\nDone!",
         [NAME, ICON], "Now.\nDone!"),
        (f"<tool_calls>[{OBJECT}, {SECOND}]</tool_calls>", [NAME, ICON], ""),
        (f"<tool_call>{OBJECT}", [NAME], ""),
        (f"<tool_call>{OBJECT}</tool_call>\n<tool_call>{SECOND[:30]}", [NAME], ""),
        # Llama, Qwen Coder
        ('<function=set_name>{"name": "Harbour Desk"}</function>', [NAME], ""),
        ("<function=set_name>\n<parameter=name>\nHarbour Desk\n</parameter>\n</function>", [NAME], ""),
        ("<tool_call>\n<function=set_icon>\n<parameter=variant>\n3\n</parameter>\n</function>\n</tool_call>",
         [ICON], ""),
        ('<|python_tag|>{"name": "set_icon", "parameters": {"variant": 3}}', [ICON], ""),
        ('{"name": "set_icon", "parameters": {"variant": 3}}', [ICON], ""),
        (f"[{OBJECT}, {SECOND}]", [NAME, ICON], ""),
        # Mistral
        (f"[TOOL_CALLS][{OBJECT}]", [NAME], ""),
        ('[TOOL_CALLS]set_name[ARGS]{"name": "Harbour Desk"}', [NAME], ""),
        ('[TOOL_CALLS]set_name{"name": "Harbour Desk"}[TOOL_CALLS]set_icon{"variant": 3}', [NAME, ICON], ""),
        # DeepSeek, Kimi, GLM, Phi
        ('<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>set_icon\n```json\n'
         '{"variant": 3}\n```<｜tool▁call▁end｜><｜tool▁calls▁end｜>', [ICON], ""),
        ("<|tool_calls_section_begin|><|tool_call_begin|>functions.set_icon:0<|tool_call_argument_begin|>"
         '{"variant": 3}<|tool_call_end|><|tool_calls_section_end|>', [ICON], ""),
        ("<tool_call>set_icon\n<arg_key>variant</arg_key>\n<arg_value>3</arg_value>\n</tool_call>",
         [ICON], ""),
        (f"functools[{OBJECT}]", [NAME], ""),
        ('<invoke name="set_name"><parameter name="name">Harbour Desk</parameter></invoke>', [NAME], ""),
        # In a code fence
        (f"```json\n{OBJECT}\n```", [NAME], ""),
        (f"I will:\n```tool_call\n{OBJECT}\n```", [NAME], "I will:\n"),
        # Arguments as text
        ('<tool_call>{"name": "set_icon", "arguments": "{\\"variant\\": 3}"}</tool_call>', [ICON], ""),
        # No calls
        ("Write `<tool_call>` there.", [], "Write `<tool_call>` there."),
        ('```json\n{"a": 1}\n```\nThat is all.', [], '```json\n{"a": 1}\n```\nThat is all.'),
        ('{"name": "other", "arguments": {}}', [], '{"name": "other", "arguments": {}}'),
        ('{"hello": 1}', [], '{"hello": 1}'),
        ("```python\nprint(1)\n```\nDone.", [], "```python\nprint(1)\n```\nDone."),
        ("[1] says so.", [], "[1] says so."),
    ],
)  # fmt: skip
def test_calls_are_read_and_the_rest_is_shown(
    text: str, calls: list[tuple[str, dict[str, object]]], shown: str
) -> None:
    expected = (shown, json.dumps(calls), False)

    assert {read(text, size) for size in (1, 3, 7, 1_000)} == {expected}


@pytest.mark.parametrize(
    "text",
    [
        f"Now.\n<tool_call>{OBJECT[:25]}",
        "Now.\n<function=set_name>{",
        "Now.\n[TOOL_CALLS]",
        "Now.\n<|python_tag|>set(",
    ],
)
def test_a_call_that_cannot_be_read_is_told_and_not_shown(text: str) -> None:
    assert {(read(text, size)[0].strip(), *read(text, size)[1:]) for size in (1, 1_000)} == {
        ("Now.", "[]", True)
    }


def test_an_unknown_function_is_called_by_its_name_so_that_the_model_learns() -> None:
    assert read('<tool_call>{"name": "drop", "arguments": {}}</tool_call>', 5) == (
        "",
        '[["drop", {}]]',
        False,
    )


def test_hostile_text_takes_linear_time() -> None:
    reader = TextCallFilter(TOOLS)
    for _ in range(5_000):
        reader.feed('<tool_call>{"a":[')
    reader.feed("```\n" * 5_000)

    assert reader.finish().is_unreadable

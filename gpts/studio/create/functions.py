"""The functions that a model calls in the Create conversation, and parsing of such calls. Pure."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from gpts.assistants.models.gpts import (
    DESCRIPTION_LENGTH,
    INSTRUCTIONS_LENGTH,
    NAME_LENGTH,
    STARTER_COUNT,
    STARTER_LENGTH,
)
from gpts.assistants.states import Category
from gpts.llm.runtime.outputs import check_values
from gpts.llm.runtime.types import ToolSpec
from gpts.llm.states import Capability

ASK = "ask"
ICON_VARIANTS = 8
MAX_CHOICES = 4
CHOICE_LENGTH = 80
ARGUMENTS_LENGTH = 60_000


@dataclass(frozen=True)
class Proposal:
    """A proposed change of one draft field, not validated yet."""

    field: str
    value: Any


@dataclass(frozen=True)
class Question:
    """A question to the person; ``choices`` are answers to click."""

    text: str
    choices: tuple[str, ...] = ()


class BadCall(ValueError):
    """An invalid function call; the message is for the model."""


def _build_text_setter(name: str, description: str, max_length: int) -> ToolSpec:
    return _build_tool(
        f"set_{name}",
        description,
        {name: {"type": "string", "description": f"At most {max_length} characters."}},
    )


def _build_tool(name: str, description: str, properties: dict[str, object]) -> ToolSpec:
    return ToolSpec(
        name,
        description,
        {
            "type": "object",
            "properties": properties,
            "required": list(properties),
            "additionalProperties": False,
        },
    )


# Function name -> (draft field, argument name).
SETTERS = {
    "set_name": ("name", "name"),
    "set_description": ("description", "description"),
    "set_instructions": ("instructions", "instructions"),
    "set_starters": ("starters", "starters"),
    "set_category": ("category", "category"),
    "set_capabilities": ("capabilities", "capabilities"),
    "set_icon": ("icon", "variant"),
}

FUNCTIONS: tuple[ToolSpec, ...] = (
    _build_text_setter(
        "name", "Sets the name that people see. Short and telling, without “GPT” in it.", NAME_LENGTH
    ),
    _build_text_setter(
        "description", "Sets the one or two lines that people read before they click.", DESCRIPTION_LENGTH
    ),
    _build_text_setter(
        "instructions",
        "Replaces the whole instructions that the assistant follows: its role, what it does step by step,"
        " how it answers, what it must not do.",
        INSTRUCTIONS_LENGTH,
    ),
    _build_tool(
        "set_starters",
        "Replaces the first messages that people can click.",
        {
            "starters": {
                "type": "array",
                "items": {"type": "string", "description": f"At most {STARTER_LENGTH} characters."},
                "maxItems": STARTER_COUNT,
            }
        },
    ),
    _build_tool(
        "set_category",
        "Sets the category of the store.",
        {"category": {"type": "string", "enum": Category.values}},
    ),
    _build_tool(
        "set_capabilities",
        "Replaces what the assistant may do beside answering.",
        {"capabilities": {"type": "array", "items": {"type": "string", "enum": Capability.values}}},
    ),
    _build_tool(
        "set_icon",
        f"Draws the icon: 1 to {ICON_VARIANTS} is a pattern in the GPT's colours, 0 its first letter.",
        {"variant": {"type": "integer", "minimum": 0, "maximum": ICON_VARIANTS}},
    ),
    _build_tool(
        ASK,
        "Asks the person one question, at the end of your turn. `choices` are answers that they can click.",
        {
            "question": {"type": "string"},
            "choices": {"type": "array", "items": {"type": "string"}, "maxItems": MAX_CHOICES},
        },
    ),
)


def read_call(name: str, arguments: str) -> Proposal | Question:
    """Parse one function call. Raises BadCall with a sentence that tells the model what to correct."""
    if len(arguments) > ARGUMENTS_LENGTH:
        raise BadCall("The arguments are too long.")
    try:
        given = json.loads(arguments or "{}")
        # PostgreSQL cannot store a lone surrogate, so recording the answer would fail.
        check_values(given)
    except (ValueError, RecursionError):
        raise BadCall("The arguments are not valid JSON.") from None
    if not isinstance(given, dict):
        raise BadCall("The arguments must be one JSON object.")
    if name == ASK:
        return _read_question(given)
    if name not in SETTERS:
        raise BadCall(f"There is no function {name[:60]!r}.")
    field, argument = SETTERS[name]
    if argument not in given:
        raise BadCall(f"The argument {argument!r} is missing.")
    return Proposal(field, given[argument])


def _read_question(given: dict[str, Any]) -> Question:
    text = given.get("question")
    if not isinstance(text, str) or not text.strip():
        raise BadCall("The argument 'question' must be a text.")
    choices = given.get("choices")
    if not isinstance(choices, list):
        choices = []
    cleaned = [
        choice.strip()[:CHOICE_LENGTH] for choice in choices if isinstance(choice, str) and choice.strip()
    ]
    return Question(text.strip(), tuple(cleaned[:MAX_CHOICES]))

"""The settings of a draft beside its texts: what each may hold, cleaned and checked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.utils.translation import gettext_lazy as _

from core.errors import InvalidInput
from core.text import clean_line
from gpts.assistants.models.gpts import NO_ANSWER_LENGTH
from gpts.assistants.states import OutputFormat
from gpts.llm.output_messages import schema_sentence
from gpts.llm.runtime.outputs import SchemaProblem, check_schema, parse_schema
from gpts.llm.states import ModelChoice

MAX_ALLOWED_MODELS = 50
MODEL_NAME_LENGTH = 120
MAX_SEED = 2**31 - 1
TRUE_WORDS = frozenset({"1", "true", "on", "yes"})
FALSE_WORDS = frozenset({"", "0", "false", "off", "no"})


def _clean_seed(value: Any) -> int | None:
    if value is None or value == "":
        return None
    text = str(value).strip()
    if isinstance(value, bool) or not (text.isascii() and text.isdecimal()) or len(text) > 10:
        raise _seed_error()
    if int(text) > MAX_SEED:
        raise _seed_error()
    return int(text)


def _seed_error() -> InvalidInput:
    return InvalidInput(
        _("A seed is a whole number from 0 to 2147483647, or empty."), code="out_of_range", field="seed"
    )


def _clean_output_format(value: Any) -> str:
    if value not in OutputFormat.values:
        raise InvalidInput(
            _("Choose one of the answer formats."), code="unknown_choice", field="output_format"
        )
    return str(value)


def _clean_output_schema(value: Any) -> dict[str, Any] | None:
    """A JSON Schema as an object or as its text; empty means none."""
    if value is None or value == "" or value == {}:
        return None
    try:
        if isinstance(value, str):
            if not value.strip():
                return None
            schema = parse_schema(value)
        else:
            check_schema(value)
            schema = dict(value)
    except SchemaProblem as problem:
        raise InvalidInput(
            schema_sentence(problem),
            code=f"schema_{problem.code}",
            field="output_schema",
            data={"place": problem.path},
        ) from None
    return schema


def _clean_model_choice(value: Any) -> str:
    if value not in ModelChoice.values:
        raise InvalidInput(_("Choose who picks the model."), code="unknown_choice", field="model_choice")
    return str(value)


def _clean_allowed_models(value: Any) -> list[str]:
    if not isinstance(value, (list, tuple)) or len(value) > MAX_ALLOWED_MODELS:
        raise InvalidInput(
            _("Choose the models from the list."), code="unknown_choice", field="allowed_models"
        )
    names = [
        clean_line(item, max_length=MODEL_NAME_LENGTH, field="allowed_models", required=False)
        for item in value
        if isinstance(item, str)
    ]
    if len(names) != len(value):
        raise InvalidInput(
            _("Choose the models from the list."), code="unknown_choice", field="allowed_models"
        )
    return sorted({name for name in names if name})


def _make_flag_cleaner(field: str) -> Callable[[Any], bool]:
    def clean(value: Any) -> bool:
        if isinstance(value, bool):
            return value
        word = str(value).lower() if isinstance(value, str) else "?"
        if word in TRUE_WORDS:
            return True
        if word in FALSE_WORDS:
            return False
        raise InvalidInput(_("This is either on or off."), code="wrong_type", field=field)

    return clean


def _clean_no_answer_text(value: Any) -> str:
    if not isinstance(value, str):
        raise InvalidInput(_("This must be text."), code="wrong_type", field="no_answer_text")
    return clean_line(value, max_length=NO_ANSWER_LENGTH, field="no_answer_text", required=False)


SETTING_CLEANERS: dict[str, Callable[[Any], Any]] = {
    "seed": _clean_seed,
    "output_format": _clean_output_format,
    "output_schema": _clean_output_schema,
    "parallel_tool_calls": _make_flag_cleaner("parallel_tool_calls"),
    "model_choice": _clean_model_choice,
    "allowed_models": _clean_allowed_models,
    "answers_only_from_knowledge": _make_flag_cleaner("answers_only_from_knowledge"),
    "no_answer_text": _clean_no_answer_text,
}

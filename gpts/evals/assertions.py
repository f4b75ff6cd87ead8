"""The kinds of assertions about an answer, and how assertions that a person typed are validated."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import re2
from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from core.errors import InvalidInput
from core.text import clean_block, clean_line
from gpts.evals.reading import LANGUAGES
from gpts.llm.runtime.outputs import check_schema, check_values

ASSERTION_COUNT = 12
VALUE_COUNT = 20
VALUE_LENGTH = 300
PATTERN_LENGTH = 500
RUBRIC_LENGTH = 1_500
JSON_LENGTH = 10_000
LENGTH_LIMIT = 1_000_000
# Bytes for a compiled pattern and its states. RE2 runs in linear time, so this bounds the time too.
PATTERN_MEMORY = 4 << 20


class AssertionKind(TextChoices):
    CONTAINS = "contains", pgettext_lazy("the answer", "contains")
    NOT_CONTAINS = "not_contains", pgettext_lazy("the answer", "does not contain")
    MATCHES = "matches", pgettext_lazy("the answer", "matches a pattern")
    CITES = "cites", pgettext_lazy("the answer", "cites a file")
    REFUSES = "refuses", pgettext_lazy("the answer", "refuses")
    CALLS = "calls", pgettext_lazy("the answer", "calls an operation")
    JSON_SCHEMA = "json_schema", pgettext_lazy("the answer", "is JSON that follows a schema")
    LENGTH = "length", pgettext_lazy("the answer", "has a length")
    LANGUAGE = "language", pgettext_lazy("the answer", "is written in a language")
    JUDGE = "judge", pgettext_lazy("the answer", "satisfies a judge")


def clean_assertions(given: Any) -> list[dict[str, Any]]:
    """Return assertions in canonical form, without unknown keys.

    Raises InvalidInput (field ``assertions``) with the index of the bad assertion in ``data["row"]``.
    """
    if not isinstance(given, list):
        raise _invalid(_("Send the checks as a list."), "not_a_list")
    if len(given) > ASSERTION_COUNT:
        raise _invalid(_("A prompt takes at most %(limit)d checks.") % {"limit": ASSERTION_COUNT}, "too_many")
    cleaned = []
    for row, entry in enumerate(given):
        try:
            cleaned.append(clean_assertion(entry))
        except InvalidInput as refusal:
            message = _("Check %(number)d: %(problem)s") % {"number": row + 1, "problem": refusal.message}
            raise InvalidInput(message, code=refusal.code, field="assertions", data={"row": row}) from None
    return cleaned


def clean_assertion(given: Any) -> dict[str, Any]:
    """Return one assertion in canonical form: {"kind", …}. Raises InvalidInput."""
    if not isinstance(given, Mapping):
        raise _invalid(_("A check is an object with a kind."), "not_an_object")
    kind = given.get("kind")
    if not isinstance(kind, str) or kind not in AssertionKind.values:
        raise _invalid(_("Choose what to check."), "unknown_kind")
    return {"kind": kind, **_CLEANERS[AssertionKind(kind)](given)}


def compile_pattern(pattern: str, *, case: bool) -> Any:
    """Compile with RE2 (linear time, no back references). Raises InvalidInput with the message of RE2."""
    options = re2.Options()
    options.log_errors = False
    options.max_mem = PATTERN_MEMORY
    options.case_sensitive = case
    options.dot_nl = False
    try:
        return re2.compile(f"(?m){pattern}", options)
    except re2.error as error:
        reason = error.args[0] if error.args else ""
        text = reason.decode(errors="replace") if isinstance(reason, bytes) else str(reason)
        raise _invalid(
            _(
                "This pattern cannot be used: %(problem)s. Patterns run in linear time, so look-around and"
                " back references are not there."
            )
            % {"problem": text[:120]},
            "pattern_invalid",
        ) from None


def _clean_contains(given: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "values": _clean_values(given.get("values")),
        "mode": _clean_choice(given.get("mode", "all"), ("all", "any")),
        "case": _clean_flag(given.get("case", False)),
    }


def _clean_not_contains(given: Mapping[str, Any]) -> dict[str, Any]:
    return {"values": _clean_values(given.get("values")), "case": _clean_flag(given.get("case", False))}


def _clean_matches(given: Mapping[str, Any]) -> dict[str, Any]:
    pattern = _clean_text(given.get("pattern"), PATTERN_LENGTH)
    case = _clean_flag(given.get("case", False))
    compile_pattern(pattern, case=case)
    return {"pattern": pattern, "case": case}


def _clean_cites(given: Mapping[str, Any]) -> dict[str, Any]:
    return {"file": _clean_one_line(given.get("file", ""), VALUE_LENGTH, required=False)}


def _clean_calls(given: Mapping[str, Any]) -> dict[str, Any]:
    arguments = _clean_json_object(given.get("arguments", {}), required=False)
    return {"operation": _clean_one_line(given.get("operation"), 120), "arguments": arguments}


def _clean_json_schema(given: Mapping[str, Any]) -> dict[str, Any]:
    schema = _clean_json_object(given.get("schema"), required=True)
    try:
        check_schema(schema)
    except ValueError as problem:
        raise _invalid(
            _("This schema cannot be used: %(problem)s") % {"problem": str(problem)[:200]}, "schema_invalid"
        ) from None
    return {"schema": schema}


def _clean_length(given: Mapping[str, Any]) -> dict[str, Any]:
    least, most = _clean_number(given.get("min")), _clean_number(given.get("max"))
    if least is None and most is None:
        raise _invalid(_("Give the least, the most, or both."), "length_missing")
    if least is not None and most is not None and least > most:
        raise _invalid(_("The least is more than the most."), "length_order")
    return {
        "min": least,
        "max": most,
        "unit": _clean_choice(given.get("unit", "words"), ("words", "characters")),
    }


def _clean_language(given: Mapping[str, Any]) -> dict[str, Any]:
    return {"language": _clean_choice(given.get("language"), LANGUAGES)}


def _clean_judge(given: Mapping[str, Any]) -> dict[str, Any]:
    threshold = _clean_number(given.get("threshold", 70))
    if threshold is None or threshold > 100:
        raise _invalid(_("The pass mark lies between 0 and 100."), "threshold_invalid")
    return {
        "rubric": _clean_text(given.get("rubric"), RUBRIC_LENGTH),
        "threshold": threshold,
        "model": _clean_one_line(given.get("model", ""), 120, required=False),
    }


_CLEANERS = {
    AssertionKind.CONTAINS: _clean_contains,
    AssertionKind.NOT_CONTAINS: _clean_not_contains,
    AssertionKind.MATCHES: _clean_matches,
    AssertionKind.CITES: _clean_cites,
    AssertionKind.REFUSES: lambda given: {},
    AssertionKind.CALLS: _clean_calls,
    AssertionKind.JSON_SCHEMA: _clean_json_schema,
    AssertionKind.LENGTH: _clean_length,
    AssertionKind.LANGUAGE: _clean_language,
    AssertionKind.JUDGE: _clean_judge,
}


def _invalid(message: Any, code: str) -> InvalidInput:
    return InvalidInput(message, code=f"assertion_{code}", field="assertions")


def _clean_values(given: Any) -> list[str]:
    """Accept a list of texts or one text with a value a line; drop empty values."""
    listed = given.splitlines() if isinstance(given, str) else given
    if not isinstance(listed, list) or not all(isinstance(value, str) for value in listed):
        raise _invalid(_("Write the words to look for, one a line."), "values_invalid")
    values = [_clean_one_line(value, VALUE_LENGTH, required=False) for value in listed[: VALUE_COUNT + 1]]
    values = [value for value in values if value]
    if not values:
        raise _invalid(_("Write the words to look for, one a line."), "values_missing")
    if len(listed) > VALUE_COUNT:
        raise _invalid(_("At most %(limit)d texts fit in one check.") % {"limit": VALUE_COUNT}, "values_many")
    return values


def _clean_one_line(given: Any, limit: int, *, required: bool = True) -> str:
    if not isinstance(given, str):
        if given is None and not required:
            return ""
        raise _invalid(_("Fill in this check."), "text_missing")
    return clean_line(given, max_length=limit, field="assertions", required=required)


def _clean_text(given: Any, limit: int) -> str:
    if not isinstance(given, str):
        raise _invalid(_("Fill in this check."), "text_missing")
    return clean_block(given, max_length=limit, field="assertions")


def _clean_flag(given: Any) -> bool:
    if not isinstance(given, bool):
        raise _invalid(_("Whether case counts is true or false."), "case_invalid")
    return given


def _clean_choice(given: Any, choices: tuple[str, ...]) -> str:
    if not isinstance(given, str) or given not in choices:
        raise _invalid(
            _("Choose one of: %(choices)s.") % {"choices": _(", ").join(choices)}, "unknown_choice"
        )
    return given


def _clean_number(given: Any) -> int | None:
    if given is None or given == "":
        return None
    if isinstance(given, str) and given.isascii() and given.isdecimal() and len(given) <= 7:
        given = int(given)
    if isinstance(given, bool) or not isinstance(given, int) or not 0 <= given <= LENGTH_LIMIT:
        raise _invalid(_("Write a whole number from 0 on."), "number_invalid")
    return given


def _clean_json_object(given: Any, *, required: bool) -> dict[str, Any]:
    if isinstance(given, str):
        if len(given) > JSON_LENGTH:
            raise _invalid(_("This JSON is too long."), "json_long")
        try:
            given = json.loads(given) if given.strip() else None
        except (ValueError, RecursionError):
            raise _invalid(_("This is not valid JSON."), "json_invalid") from None
    if given is None and not required:
        return {}
    if not isinstance(given, dict):
        raise _invalid(_("Write a JSON object, in curly brackets."), "json_not_object")
    try:
        if len(json.dumps(given)) > JSON_LENGTH:
            raise _invalid(_("This JSON is too long."), "json_long")
        # Python reads NaN, NUL and lone surrogates from JSON, but PostgreSQL cannot store them.
        check_values(given)
    except RecursionError:
        raise _invalid(_("This JSON is nested too deeply."), "json_deep") from None
    except ValueError:
        raise _invalid(_("This is not valid JSON."), "json_invalid") from None
    return given

"""Limits of golden prompts, and how prompts that a person typed are validated."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from core.errors import InvalidInput
from core.text import clean_block, clean_line
from gpts.evals.assertions import clean_assertions
from gpts.evals.states import ExpectedOutcome

PROMPT_COUNT = 100
NAME_LENGTH = 80
PROMPT_LENGTH = 8_000
HISTORY_COUNT = 20
TAG_COUNT = 8
TAG_LENGTH = 40
SEED_LIMIT = 2**31 - 1
PROMPT_FIELDS = ("name", "prompt", "history", "tags", "expected", "assertions", "seed", "is_enabled")


def clean_prompt(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return all PROMPT_FIELDS in canonical form; a missing name is taken from the prompt.

    Raises InvalidInput with the field, also for a prompt without any check, which would always pass.
    """
    text = clean_block(_check_text(given.get("prompt"), "prompt"), max_length=PROMPT_LENGTH, field="prompt")
    name = clean_line(
        _check_text(given.get("name"), "name"), max_length=NAME_LENGTH, field="name", required=False
    )
    cleaned = {
        "name": name or _shorten(text),
        "prompt": text,
        "history": _clean_history(given.get("history") or []),
        "tags": _clean_tags(given.get("tags") or []),
        "expected": _clean_expected(given.get("expected") or ""),
        "assertions": clean_assertions(given.get("assertions") or []),
        "seed": _clean_seed(given.get("seed")),
        "is_enabled": _clean_flag(given.get("is_enabled", True)),
    }
    if not cleaned["assertions"] and not cleaned["expected"]:
        raise InvalidInput(
            _("Add at least one check or say what is expected; otherwise every answer would pass."),
            code="nothing_checked",
            field="assertions",
        )
    return cleaned


def _check_text(given: Any, field: str) -> str:
    if given is None:
        return ""
    if not isinstance(given, str):
        raise InvalidInput(_("Write a text."), code="not_a_text", field=field)
    return given


def _shorten(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 60 else line[:59].rstrip() + "…"


def _clean_history(given: Any) -> list[dict[str, str]]:
    if not isinstance(given, list) or len(given) > HISTORY_COUNT:
        raise InvalidInput(
            _("The talk before is a list of at most %(limit)d messages.") % {"limit": HISTORY_COUNT},
            code="history_invalid",
            field="history",
        )
    cleaned = []
    for entry in given:
        role = entry.get("role") if isinstance(entry, Mapping) else None
        content = entry.get("content") if isinstance(entry, Mapping) else None
        if role not in ("user", "assistant") or not isinstance(content, str):
            raise InvalidInput(
                _("Each earlier message has a role (user or assistant) and a content."),
                code="history_invalid",
                field="history",
            )
        cleaned.append(
            {"role": role, "content": clean_block(content, max_length=PROMPT_LENGTH, field="history")}
        )
    return cleaned


def _clean_tags(given: Any) -> list[str]:
    if not isinstance(given, list) or not all(isinstance(tag, str) for tag in given):
        raise InvalidInput(_("Send tags as a list of words."), code="tags_invalid", field="tags")
    tags = [clean_line(tag, max_length=TAG_LENGTH, field="tags", required=False) for tag in given[:50]]
    tags = list(dict.fromkeys(tag for tag in tags if tag))
    if len(tags) > TAG_COUNT or len(given) > 50:
        raise InvalidInput(
            _("At most %(limit)d tags fit.") % {"limit": TAG_COUNT}, code="too_many_tags", field="tags"
        )
    return tags


def _clean_expected(given: Any) -> str:
    value = given.strip().lower() if isinstance(given, str) else None
    if value not in ExpectedOutcome.values:
        raise InvalidInput(
            _("Expected is empty, answer, refuse or escalate."), code="unknown_choice", field="expected"
        )
    return str(value)


def _clean_seed(given: Any) -> int | None:
    if given is None or given == "":
        return None
    if isinstance(given, str) and given.isascii() and given.isdecimal() and len(given) <= 10:
        given = int(given)
    if isinstance(given, bool) or not isinstance(given, int) or not 0 <= given <= SEED_LIMIT:
        raise InvalidInput(_("A seed is a whole number from 0 on."), code="seed_invalid", field="seed")
    return given


def _clean_flag(given: Any) -> bool:
    if not isinstance(given, bool):
        raise InvalidInput(_("Enabled is true or false."), code="enabled_invalid", field="is_enabled")
    return given

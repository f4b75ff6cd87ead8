"""JSON bodies within limits, so that hostile ones cannot exhaust a worker."""

from __future__ import annotations

from collections.abc import Mapping
from typing import IO, Any

from django.utils.translation import gettext_lazy as _
from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser

MAX_DEPTH = 32


class BoundedJSONParser(JSONParser):
    """Accepts a JSON object, at most 32 levels deep, whose strings are valid text without NUL."""

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        try:
            data = super().parse(stream, media_type, parser_context)
        except RecursionError as error:
            raise ParseError(_("This JSON is nested too deep.")) from error
        if not isinstance(data, dict):
            raise ParseError(_("Send one JSON object."))
        _check(data)
        return data


def _check_text(value: str) -> None:
    if "\x00" in value:
        raise ParseError(_("NUL characters are not allowed."))
    try:
        value.encode()
    except UnicodeEncodeError as error:
        # A lone surrogate, which no response could encode.
        raise ParseError(_("The text has characters that are not valid.")) from error


def _check(data: Any) -> None:
    level = [data]
    for _depth in range(MAX_DEPTH):
        inner: list[Any] = []
        for value in level:
            if isinstance(value, dict):
                inner += [*value.keys(), *value.values()]
            elif isinstance(value, list):
                inner += value
            elif isinstance(value, str):
                _check_text(value)
        if not inner:
            return
        level = inner
    raise ParseError(_("This JSON is nested too deep."))

"""Reads the errors of model providers and servers, and translates them to failure codes.

Every server writes its errors in its own way; gpts.llm.runtime.error_phrases has their codes and phrases.
"""

from __future__ import annotations

import math
import re
import time
from collections.abc import Iterable, Mapping
from email.utils import parsedate_to_datetime

import orjson

from gpts.llm.runtime import error_phrases as phrases
from gpts.llm.runtime.error_phrases import CODES
from gpts.llm.runtime.types import FailureCode, ModelFailure, ProviderError

MAX_RETRY_AFTER = 3_600.0
MAX_BODY_BYTES = 100_000
MAX_MESSAGE = 2_000
MAX_DEPTH = 6
MAX_ENTRIES = 10

CODE_FIELDS = ("code", "type", "status", "error_type", "error_code", "reason", "statusCode", "status_code")
TEXT_FIELDS = (
    "message", "error", "detail", "msg", "errors", "details", "error_msg", "error_message", "errorMessage",
    "innererror", "metadata", "raw", "fault", "faultstring", "Message", "description", "title",
)  # fmt: skip


def translate_response(status: int, body: object, headers: Mapping[str, str]) -> ModelFailure:
    """Return the failure of a refused request. ``body`` is the response's: bytes, or what was read of it."""
    return classify_error(read_provider_error(status, body), headers)


def translate_error_event(error: object) -> ModelFailure:
    """Return the failure of an error object inside a response that began with status 200."""
    return classify_error(read_provider_error(0, error), {})


def read_provider_error(status: int, body: object) -> ProviderError:
    """Return the codes, the named fields and the message of an error body of any shape."""
    found = _FoundParts()
    found.read(_parse(body))
    codes = tuple(dict.fromkeys(found.codes))
    params = tuple(dict.fromkeys(found.params))
    message = " ".join(dict.fromkeys(text for text in found.texts if text))
    return ProviderError(status, codes, params, message[:MAX_MESSAGE])


def classify_error(error: ProviderError, headers: Mapping[str, str]) -> ModelFailure:
    """Return the failure that an error means; it carries the error."""
    status = _get_status(error)
    code = _get_failure_code(error, status)
    retry_after = None
    if code in (FailureCode.RATE_LIMITED, FailureCode.OVERLOADED, FailureCode.MINUTE_LIMIT):
        retry_after = parse_retry_after(headers) or _find_wait(error.message)
    word = next((word for word in map(_make_log_word, error.codes) if word and not word.isdecimal()), "")
    detail = f"http_{error.status}" if error.status and status != 429 else word or f"http_{status}"
    return ModelFailure(
        code, retry_after=retry_after, detail=detail if status or word else "error_event", error=error
    )


def _get_failure_code(error: ProviderError, status: int) -> FailureCode:
    text, codes = error.message, frozenset(error.codes)
    is_request = status in (0, 400, 404, 405, 413, 415, 422, 500, 501)
    if (
        phrases.MINUTE.search(text)
        and (status == 413 or phrases.TOO_LARGE.search(text))
        and status in (0, 400, 413, 429)
    ):
        return FailureCode.MINUTE_LIMIT
    if status == 402 or (
        "resource_exhausted" not in codes
        and (codes & CODES[FailureCode.NO_CREDIT] or (status != 404 and phrases.NO_CREDIT.search(text)))
    ):
        return FailureCode.NO_CREDIT
    if status not in (401, 429) and (
        codes & CODES[FailureCode.CONTENT_REFUSED] or phrases.CONTENT_REFUSED.search(text)
    ):
        return FailureCode.CONTENT_REFUSED
    if codes & CODES[FailureCode.CONTEXT_OVERFLOW] or (is_request and phrases.OVERFLOW.search(text)):
        return FailureCode.CONTEXT_OVERFLOW
    if codes & CODES[FailureCode.OVERLOADED] and status in (0, 429, 500, 503, 529):
        return FailureCode.OVERLOADED
    if status == 429 or (status in (0, 400, 403, 500, 503) and _is_rate_limit(text, codes)):
        return FailureCode.RATE_LIMITED
    if status == 413:
        return FailureCode.CONTEXT_OVERFLOW
    if refusal := _get_key_failure(text, codes, status):
        return refusal
    if is_request and phrases.NO_TOOLS.search(text):
        return FailureCode.NO_TOOLS
    if is_request and phrases.NO_IMAGES.search(text):
        return FailureCode.NO_IMAGES
    if is_request and phrases.NO_ENDPOINT.search(text) and not codes & CODES[FailureCode.NO_MODEL]:
        return FailureCode.NO_ENDPOINT
    if codes & CODES[FailureCode.NO_MODEL] or (
        (is_request or status == 503) and phrases.NO_MODEL.search(text)
    ):
        return FailureCode.NO_MODEL
    if phrases.OVERLOADED.search(text) and status in (0, 500, 502, 503, 529):
        return FailureCode.OVERLOADED
    by_status = {
        404: FailureCode.NO_ENDPOINT,
        405: FailureCode.NO_ENDPOINT,
        408: FailureCode.PROVIDER_SLOW,
        501: FailureCode.NO_ENDPOINT,
        503: FailureCode.OVERLOADED,
        504: FailureCode.PROVIDER_SLOW,
        524: FailureCode.PROVIDER_SLOW,
        529: FailureCode.OVERLOADED,
    }
    if status in by_status:
        return by_status[status]
    return FailureCode.REQUEST_REFUSED if 300 <= status < 500 else FailureCode.PROVIDER_ERROR


def _is_rate_limit(text: str, codes: frozenset[str]) -> bool:
    return bool(codes & CODES[FailureCode.RATE_LIMITED] or phrases.RATE_LIMITED.search(text))


def _get_key_failure(text: str, codes: frozenset[str], status: int) -> FailureCode | None:
    """Return BAD_KEY or NO_PERMISSION if the error is about the key, else None."""
    is_about_model = bool(codes & CODES[FailureCode.NO_MODEL])
    is_about_key = bool(codes & CODES[FailureCode.BAD_KEY] or phrases.BAD_KEY.search(text))
    if is_about_key and status in (0, 400, 401, 403, 500):
        return FailureCode.BAD_KEY
    if status in (401, 403) and phrases.NO_PERMISSION.search(text):
        return FailureCode.NO_PERMISSION
    if status == 401:
        return FailureCode.BAD_KEY
    if not is_about_model and (status == 403 or codes & CODES[FailureCode.NO_PERMISSION]):
        return FailureCode.NO_PERMISSION
    return None


def parse_retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the seconds of `retry-after-ms` or `Retry-After` (seconds or an HTTP date), or None."""
    try:
        if value := headers.get("retry-after-ms"):
            return _clamp(float(value) / 1000)
        value = headers.get("retry-after") or headers.get("Retry-After")
        if not value:
            return None
        if value.strip().replace(".", "", 1).isdigit():
            return _clamp(float(value))
        return _clamp(parsedate_to_datetime(value).timestamp() - time.time())
    except (ValueError, TypeError, OverflowError):
        return None


_WAIT = re.compile(
    r"(?:try again|retry) (?:in|after) (?:(\d{1,3})m)?(\d{1,6}(?:\.\d{1,9})?)\s?(ms|s\b|sec)", re.I
)


def _find_wait(message: str) -> float | None:
    """Return the seconds to wait that the message names ("Please try again in 1m2.5s"), or None."""
    found = _WAIT.search(message)
    if found is None:
        return None
    seconds = float(found[2]) / (1000 if found[3] == "ms" else 1)
    return _clamp(seconds + 60 * int(found[1] or 0))


def _clamp(seconds: float) -> float | None:
    return min(max(seconds, 0.0), MAX_RETRY_AFTER) if math.isfinite(seconds) else None


class _FoundParts:
    """The parts of an error, collected from its nested objects."""

    def __init__(self) -> None:
        self.codes: list[str] = []
        self.params: list[str] = []
        self.texts: list[str] = []

    def read(self, value: object, depth: int = 0) -> None:
        if depth > MAX_DEPTH:
            return
        if isinstance(value, str):
            self._read_text(value, depth)
        elif isinstance(value, list):
            for item in value[:MAX_ENTRIES]:
                self.read(item, depth + 1)
        elif isinstance(value, Mapping):
            self._read_fields(value, depth)

    def _read_text(self, text: str, depth: int) -> None:
        # Gateways put the upstream's error into theirs as text.
        if text.lstrip()[:1] in ("{", "[") and isinstance(inner := _parse_json(text), Mapping | list):
            self.read(inner, depth + 1)
            return
        self.texts.append(" ".join(text.split())[:MAX_MESSAGE])
        if (start := text.find("{")) > 0 and isinstance(inner := _parse_json(text[start:]), Mapping):
            self.read(inner, depth + 1)

    def _read_fields(self, fields: Mapping[object, object], depth: int) -> None:
        if "msg" in fields and isinstance(path := fields.get("loc"), list):
            # An entry of FastAPI and pydantic. Its "input" quotes what was sent and is left out.
            names = [str(part) for part in path if isinstance(part, str) and part not in ("body", "query")]
            self.params += names[-1:]
            self.codes += _make_codes([fields.get("type")])
            self.texts.append(f"{'.'.join(names)}: {fields['msg']}"[:MAX_MESSAGE])
            return
        self.codes += _make_codes(fields.get(name) for name in CODE_FIELDS)
        if isinstance(param := fields.get("param"), str) and param:
            self.params.append(param)
        for name in TEXT_FIELDS:
            if name in fields:
                self.read(fields[name], depth + 1)


def _make_codes(values: Iterable[object]) -> list[str]:
    return [
        str(value).lower()[:60]
        for value in values
        if isinstance(value, str | int) and not isinstance(value, bool) and str(value)
    ]


def _parse(body: object) -> object:
    if isinstance(body, bytes | bytearray):
        text = bytes(body[:MAX_BODY_BYTES]).decode("utf-8", "replace")
        parsed = _parse_json(text)
        return parsed if parsed is not None else _strip_html(text)
    return body


def _parse_json(text: str) -> object:
    try:
        return orjson.loads(text)
    except ValueError:
        return None


def _strip_html(text: str) -> str:
    if "<" in text:
        text = re.sub(r"<(script|style)\b.*?</\1>", " ", text, flags=re.I | re.S)
        text = re.sub(r"<[^>]{0,500}>", " ", text)
    return text[:MAX_MESSAGE]


_INNER_STATUS = re.compile(r"status[ _]?code:? ?(\d{3})\b", re.I)


def _get_status(error: ProviderError) -> int:
    """Return the status of HTTP; for gateways that answer 200 or 5xx, the one inside the error."""
    if 400 <= error.status < 500:
        return error.status
    inner = [int(code) for code in error.codes if re.fullmatch(r"[45]\d\d", code)]
    inner += [int(found) for found in _INNER_STATUS.findall(error.message) if found[0] in "45"]
    if inner:
        return inner[0]
    return error.status if error.status >= 300 else 0


def _make_log_word(code: str) -> str:
    """Return a provider's code for the log, empty unless it looks like a code."""
    return code if re.fullmatch(r"[a-z0-9_.-]{1,60}", code) else ""

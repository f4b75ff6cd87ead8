"""Translates a provider's errors (status, code, headers) to failure codes."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime

from gpts.llm.runtime.types import FailureCode, ModelFailure

MAX_RETRY_AFTER = 3_600.0
OVERFLOW = re.compile(
    r"context[ _](length|window)|maximum context|too many tokens|prompt is too long|reduce the length",
    re.I,
)
REFUSED_CODES = frozenset(
    {"content_filter", "content_policy_violation", "moderation_blocked", "invalid_prompt"}
)
OVERFLOW_CODES = frozenset({"context_length_exceeded", "string_above_max_length", "request_too_large"})
BAD_KEY_CODES = frozenset(
    {"invalid_api_key", "authentication_error", "permission_error", "account_deactivated"}
)
LIMIT_CODES = frozenset(
    {"rate_limit_exceeded", "rate_limit_error", "insufficient_quota", "tokens", "requests"}
)


def translate_status(status: int, code: str, message: str, headers: Mapping[str, str]) -> ModelFailure:
    """Return the failure of a refused request. `message` is only searched, never stored."""
    known = _get_failure_code(code, message if status in (400, 413, 422) else "")
    if known in (FailureCode.CONTEXT_OVERFLOW, FailureCode.CONTENT_REFUSED) and status < 500:
        return ModelFailure(known, detail=f"http_{status}")
    if status == 429:
        return ModelFailure(
            FailureCode.RATE_LIMITED,
            retry_after=parse_retry_after(headers),
            detail=_make_log_word(code) or "http_429",
        )
    by_status = {
        401: FailureCode.BAD_KEY,
        403: FailureCode.BAD_KEY,
        408: FailureCode.PROVIDER_SLOW,
        413: FailureCode.CONTEXT_OVERFLOW,
        504: FailureCode.PROVIDER_SLOW,
    }
    retry_after = parse_retry_after(headers) if status == 503 else None
    return ModelFailure(
        by_status.get(status, FailureCode.PROVIDER_DOWN), retry_after=retry_after, detail=f"http_{status}"
    )


def translate_error_event(error: object) -> ModelFailure:
    """Return the failure of an error object inside a stream that began with status 200."""
    fields = error if isinstance(error, Mapping) else {}
    code = str(fields.get("code") or fields.get("type") or "")
    message = str(fields.get("message") or "")
    known = _get_failure_code(code, message)
    return ModelFailure(known or FailureCode.PROVIDER_DOWN, detail=_make_log_word(code) or "error_event")


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


def _clamp(seconds: float) -> float | None:
    return min(max(seconds, 0.0), MAX_RETRY_AFTER) if math.isfinite(seconds) else None


def _get_failure_code(code: str, message: str) -> FailureCode | None:
    if code in OVERFLOW_CODES or OVERFLOW.search(message):
        return FailureCode.CONTEXT_OVERFLOW
    if code in REFUSED_CODES:
        return FailureCode.CONTENT_REFUSED
    if code in BAD_KEY_CODES:
        return FailureCode.BAD_KEY
    if code in LIMIT_CODES:
        return FailureCode.RATE_LIMITED
    return None


def _make_log_word(code: str) -> str:
    """Return a provider's code for the log, empty unless it looks like a code."""
    return code if re.fullmatch(r"[a-z0-9_.-]{1,60}", code) else ""

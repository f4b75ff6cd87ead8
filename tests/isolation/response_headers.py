"""The headers that every response to a GET has."""

from __future__ import annotations

from typing import Any

IMPERSONAL = ("gpts:icon-show", "gpts:icon-drawn", "workspaces:logo-show")
# Its form's answer leads to the company's identity provider, which browsers hold to form-action.
LEADS_AWAY = "workspaces:company-sign-in"


def check_headers(answer: Any, body: bytes, route: str, actor: str) -> None:
    """Assert that pages have a strict content security policy and that personal responses are not cached."""
    caching = answer.headers.get("Cache-Control", "")
    if body and answer.headers.get("Content-Type", "").startswith("text/html"):
        policy = answer.headers["Content-Security-Policy"]
        _assert_strict(policy.replace("form-action 'self' http:", "") if route == LEADS_AWAY else policy)
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    if actor != "anonymous" and route not in IMPERSONAL:
        assert "no-store" in caching
        assert "public" not in caching
    if answer.cookies:
        assert "no-store" in caching, "a response with a cookie must not be cached"


def _assert_strict(policy: str) -> None:
    rules = {part.split()[0]: part.split()[1:] for part in policy.split(";") if part.strip()}
    script = rules.get("script-src", rules.get("default-src", ["*"]))
    style = rules.get("style-src", rules.get("default-src", ["*"]))
    assert not {"'unsafe-inline'", "'unsafe-eval'", "*", "https:", "http:", "data:"} & {*script, *style}
    assert rules.get("object-src", rules.get("default-src")) == ["'none'"]
    assert rules.get("base-uri", ["'none'"]) == ["'none'"]
    for name in ("default-src", "connect-src", "img-src", "form-action", "frame-ancestors"):
        if name in rules:
            assert not [source for source in rules[name] if source.startswith("http") or source == "*"], name

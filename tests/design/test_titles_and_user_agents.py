"""Titles of other packages in sentence case; devices by name."""

from __future__ import annotations

import pytest
from django.utils import translation

from core.look.titles import sentence_case
from core.look.user_agents import describe_device


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("Change Password", "Change password"),
        ("\n  Two-Factor Authentication\n", "\n  Two-factor authentication\n"),
        ("New Password (again)", "New password (again)"),
        ("Sign In to Loggia", "Sign in to Loggia"),
        ("Scan the QR code", "Scan the QR code"),
        ("A sentence. Of Max Member.", "A sentence. Of Max Member."),
        ("", ""),
    ],
)
def test_titles_are_put_in_sentence_case(given: str, shown: str) -> None:
    assert sentence_case(given) == shown


def test_other_languages_keep_capitals() -> None:
    with translation.override("zh-hans"):
        assert sentence_case("OpenAI Key 名称") == "OpenAI Key 名称"


@pytest.mark.parametrize(
    ("header", "shown"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/120.0 Safari/537.36", "Chrome on Linux"),
        (
            "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/120.0 Safari/537.36 Edg/120",
            "Edge on Windows",
        ),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) Version/17.0 Safari/604.1",
            "Safari on iPhone",
        ),
        ("curl/8.5.0", "curl/8.5.0"),
        ("", "Unknown device"),
    ],
)
def test_a_user_agent_is_described(header: str, shown: str) -> None:
    assert describe_device(header) == shown

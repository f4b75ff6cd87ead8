"""Other people's words in our manner."""

from __future__ import annotations

import pytest
from django.utils import translation

from core.look.words import device, sentence_case


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
def test_titles_read_as_sentences(given: str, shown: str) -> None:
    assert sentence_case(given) == shown


def test_other_languages_keep_their_capitals() -> None:
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
def test_a_session_names_its_device(header: str, shown: str) -> None:
    assert device(header) == shown

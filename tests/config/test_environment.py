""".env.example names exactly the variables that are read; a copy of it changes nothing."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from config.environment import page_address
from embedded.paths import ROOT
from tests.support.environment import read_example_names, read_setting_names

# Read by the scripts and by the servers, before there are settings.
READ_ELSEWHERE = {"HOST", "PORT", "WEB_WORKERS", "LOGGIA_DATA_DIR"}


def test_the_example_names_every_setting_and_no_other() -> None:
    assert read_example_names() == read_setting_names() | READ_ELSEWHERE


def test_nothing_but_the_settings_reads_the_environment() -> None:
    apps = ("core", "workspaces", "gpts", "marketplace", "reviews", "payouts")
    readers = [
        str(file.relative_to(ROOT))
        for app in apps
        for file in (ROOT / app).rglob("*.py")
        if re.search(r"os\.environ|os\.getenv|environ\.Env", file.read_text())
    ]
    assert readers == []


def settings_with(environment: dict[str, str], expression: str, tmp_path: Path) -> str:
    code = f"from config import settings as s; print({expression})"
    keep = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=keep | {"LOGGIA_DATA_DIR": str(tmp_path), "LOGGIA_ENV_FILE": os.devnull} | environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


def test_empty_variables_mean_the_default(tmp_path: Path) -> None:
    empty = dict.fromkeys(read_setting_names() - {"LOGGIA_ENV"}, "") | {"LOGGIA_ENV": "development"}
    names = "s.DEBUG, s.MEDIA_ROOT, s.SECURE_HSTS_SECONDS, s.EMAIL_BACKEND, s.STORAGES['default']['BACKEND']"
    expected = settings_with({"LOGGIA_ENV": "development"}, names, tmp_path)
    assert expected.startswith("True")
    assert settings_with(empty, names, tmp_path) == expected


@pytest.mark.parametrize(
    ("value", "is_accepted"),
    [
        ("", True),
        ("https://example.org/terms", True),
        ("http://localhost:8000/terms", True),
        ("/terms", True),
        ("javascript:alert(1)", False),
        ("//example.org/terms", False),
        ("/\\example.org", False),
        ("example.org/terms", False),
        (" https://example.org", False),
    ],
)
def test_the_address_of_a_page_is_a_web_address_or_a_path(value: str, is_accepted: bool) -> None:
    if is_accepted:
        assert page_address(value, name="TERMS_URL") == value
        return
    with pytest.raises(ImproperlyConfigured, match=r"^TERMS_URL must begin with"):
        page_address(value, name="TERMS_URL")


def test_a_database_url_keeps_its_odd_characters(tmp_path: Path) -> None:
    found = settings_with(
        {
            "LOGGIA_ENV": "development",
            "LOGGIA_DATABASE_ROLE": "owner",
            "DATABASE_URL": "postgresql://own%40er:p%2Fw%3A%20d@db.example:6543/loggia?sslmode=require",
        },
        "[s.DATABASES['default'][k] for k in ('USER', 'PASSWORD', 'HOST', 'PORT', 'NAME')],"
        " s.DATABASES['default']['OPTIONS']['sslmode'], s.DATABASE_ROLES",
        tmp_path,
    )
    assert found == (
        "['own@er', 'p/w: d', 'db.example', '6543', 'loggia'] require "
        "{'owner': 'own@er', 'app': 'loggia_app', 'worker': 'loggia_worker', 'public': 'loggia_public'}"
    )

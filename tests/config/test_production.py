"""Production refuses unsafe settings and says how to correct them; with safe ones it is strict."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from django.core.exceptions import ImproperlyConfigured

from config.production import refuse_unsafe
from embedded.paths import ROOT

KEY = Fernet.generate_key().decode()
SAFE = {
    "secret_key": "a-long-and-random-secret-of-this-very-instance",
    "debug": False,
    "hosts": ["store.example.org"],
    "base_url": "https://store.example.org",
    "encryption_keys": [KEY],
}


def test_safe_settings_start() -> None:
    refuse_unsafe(**SAFE)  # type: ignore[arg-type]  # the dictionary's values differ in type


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("secret_key", "", "SECRET_KEY is missing"),
        ("secret_key", "change-me-change-me-change-me-change-me-change-me", "SECRET_KEY is the example's"),
        (
            "secret_key",
            "django-insecure-0123456789012345678901234567890123456789",
            "SECRET_KEY is the example's",
        ),
        ("secret_key", "short", "SECRET_KEY is shorter"),
        ("debug", True, "DEBUG is on"),
        ("hosts", [], "ALLOWED_HOSTS is empty"),
        ("hosts", [""], "ALLOWED_HOSTS is empty"),
        ("hosts", ["store.example.org", "*"], "ALLOWED_HOSTS allows every host"),
        ("base_url", "", "BASE_URL is missing"),
        ("base_url", "store.example.org", "BASE_URL is no address"),
        ("base_url", "ftp://store.example.org", "BASE_URL is no address"),
        ("base_url", "https://[", "BASE_URL is no address"),
        ("base_url", "https://store.example.org:port", "BASE_URL is no address"),
        ("base_url", "https://store.example.org/shop", "BASE_URL has more than"),
        ("base_url", "https://user@store.example.org", "BASE_URL has more than"),
        ("base_url", "https://store.example.org?a=1", "BASE_URL has more than"),
        ("base_url", "https://Store.example.org", "BASE_URL has more than"),
        ("base_url", "https://other.example.org", "not in ALLOWED_HOSTS"),
        ("encryption_keys", [], "ENCRYPTION_KEYS is missing"),
        ("encryption_keys", [KEY, "no key"], "no Fernet key"),
    ],
)
def test_each_unsafe_setting_is_refused_alone(name: str, value: object, words: str) -> None:
    with pytest.raises(ImproperlyConfigured) as refusal:
        refuse_unsafe(**{**SAFE, name: value})  # type: ignore[arg-type]  # as above
    assert str(refusal.value).count("\n- ") == 1
    assert words in str(refusal.value)


def run(arguments: list[str], tmp_path: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    keep = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env=keep | {"LOGGIA_DATA_DIR": str(tmp_path / "data"), "LOGGIA_ENV_FILE": os.devnull} | environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_production_without_settings_lists_all_reasons_and_writes_nothing(tmp_path: Path) -> None:
    done = run(["manage.py", "check"], tmp_path, LOGGIA_ENV="production")
    assert done.returncode == 1
    assert [line.split()[1] for line in done.stderr.splitlines()[1:]] == [
        "SECRET_KEY",
        "ALLOWED_HOSTS",
        "BASE_URL",
        "ENCRYPTION_KEYS",
    ]
    assert not (tmp_path / "data").exists()


def test_the_web_service_does_not_start_either(tmp_path: Path) -> None:
    done = run(["-c", "import config.asgi"], tmp_path)
    assert done.returncode == 1
    assert "Loggia does not start in production" in done.stderr


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        ({"LOGGIA_ENV": "prod"}, "LOGGIA_ENV is 'prod'"),
        (
            {"LOGGIA_ENV": "development", "DATABASE_URL": "mysql://x/y"},
            "DATABASE_URL is not a PostgreSQL address",
        ),
        ({"LOGGIA_ENV": "development", "LOGGIA_DATABASE_ROLE": "root"}, "LOGGIA_DATABASE_ROLE is 'root'"),
    ],
)
def test_an_invalid_setting_is_one_sentence(environment: dict[str, str], words: str, tmp_path: Path) -> None:
    done = run(["manage.py", "check"], tmp_path, **environment)
    assert done.returncode == 1
    assert words in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_an_unreachable_database_is_one_sentence(tmp_path: Path) -> None:
    done = run(
        ["manage.py", "setup_database"],
        tmp_path,
        LOGGIA_ENV="development",
        DATABASE_URL="postgresql://nobody:wrong@127.0.0.1:1/loggia",
        REDIS_URL="redis://127.0.0.1:1/0",
    )
    assert done.returncode == 1
    assert done.stderr.startswith("CommandError: DATABASE_URL does not lead to a database: ")
    assert "Traceback" not in done.stderr


def test_safe_production_is_strict(tmp_path: Path) -> None:
    names = [
        "SESSION_COOKIE_SECURE",
        "CSRF_COOKIE_SECURE",
        "SESSION_COOKIE_HTTPONLY",
        "SECURE_SSL_REDIRECT",
        "SECURE_HSTS_SECONDS",
        "DEBUG",
        "X_FRAME_OPTIONS",
        "SECURE_CONTENT_TYPE_NOSNIFF",
    ]
    done = run(
        ["-c", f"from config import settings as s; print([getattr(s, n) for n in {names}])"],
        tmp_path,
        LOGGIA_ENV="production",
        SECRET_KEY=str(SAFE["secret_key"]),
        ALLOWED_HOSTS="store.example.org",
        BASE_URL="https://store.example.org",
        ENCRYPTION_KEYS=KEY,
    )
    assert done.stdout.strip() == "[True, True, True, True, 31536000, False, 'DENY', True]"
    assert done.returncode == 0

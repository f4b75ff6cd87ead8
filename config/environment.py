"""Reads the environment: variables first, then the file .env in the root of the clone."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import environ
from django.core.exceptions import ImproperlyConfigured

ROOT = Path(__file__).resolve().parent.parent


class Environment(environ.Env):
    """Treats an empty variable as unset, so that a copied .env.example or compose file changes nothing."""

    def get_value(
        self, var: str, cast: Any = None, default: Any = environ.Env.NOTSET, parse_default: bool = False
    ) -> Any:
        if default is not environ.Env.NOTSET and not os.environ.get(var):
            return default
        return super().get_value(var, cast=cast, default=default, parse_default=parse_default)


env = Environment()


def page_address(value: str, *, name: str) -> str:
    """Return the address of a page, absolute or a path of this site; empty for none.

    Raises ImproperlyConfigured for others, as the value becomes a link on every page.
    """
    if value and not value.startswith(("https://", "http://")) and not re.match(r"/(?![/\\])", value):
        raise ImproperlyConfigured(f"{name} must begin with https:// or be a path with one slash in front.")
    return value


def read_dot_env() -> None:
    """Add the variables of .env to the environment; variables that are set already win."""
    environ.Env.read_env(os.environ.get("LOGGIA_ENV_FILE") or ROOT / ".env")

"""Reads the environment: variables first, then the file .env in the root of the clone."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import environ

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


def read_dot_env() -> None:
    """Add the variables of .env to the environment; variables that are set already win."""
    environ.Env.read_env(os.environ.get("LOGGIA_ENV_FILE") or ROOT / ".env")

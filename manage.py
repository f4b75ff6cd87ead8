#!/usr/bin/env python
"""The command line: chooses the database role, finds or starts the embedded servers, runs Django."""

from __future__ import annotations

import os
import sys

OWNER_COMMANDS = {"migrate", "makemigrations", "sqlmigrate", "showmigrations", "setup_database"}
WITHOUT_SERVERS = {
    "help", "version", "--help", "--version", "check", "collectstatic", "compilemessages", "diffsettings",
    "findstatic", "makemessages", "messages", "spectacular", "startapp",
}  # fmt: skip


def main() -> None:
    command = sys.argv[1] if len(sys.argv) > 1 else "help"
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    os.environ.setdefault("LOGGIA_DATABASE_ROLE", "owner" if command in OWNER_COMMANDS else "worker")

    from config.environment import read_dot_env
    from embedded.errors import StartupError
    from embedded.session import embedded_servers

    read_dot_env()
    if not os.environ.get("DATABASE_URL"):
        # The embedded database is only for development; with another one the default is production.
        os.environ["LOGGIA_ENV"] = os.environ.get("LOGGIA_ENV") or "development"
    try:
        with embedded_servers(wanted=command not in WITHOUT_SERVERS):
            from django.conf import settings
            from django.core.exceptions import ImproperlyConfigured
            from django.core.management import execute_from_command_line

            try:
                settings.DEBUG  # noqa: B018 - loads the settings, which may refuse in one sentence
            except ImproperlyConfigured as refusal:
                sys.exit(str(refusal))
            execute_from_command_line(sys.argv)
    except StartupError as problem:
        sys.exit(str(problem))


if __name__ == "__main__":
    main()

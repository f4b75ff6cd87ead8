"""App configuration of the project package, so that Django finds its management commands and checks."""

from django.apps import AppConfig


class ProjectConfig(AppConfig):
    name = "config"

    def ready(self) -> None:
        from config import job_signals, server_checks  # noqa: F401 - register themselves; need the apps

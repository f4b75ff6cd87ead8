"""App configuration: users, workspaces and their members."""

from django.apps import AppConfig


class WorkspacesConfig(AppConfig):
    name = "workspaces"

    def ready(self) -> None:
        # Connects the receivers of allauth's signals.
        from workspaces.web import account_events  # noqa: F401

"""App configuration: Who is who and what may be shared."""

from django.apps import AppConfig


class WorkspacesConfig(AppConfig):
    name = "workspaces"

    def ready(self) -> None:
        from workspaces import rules  # noqa: F401  # registers the permissions
        from workspaces.api import schema  # noqa: F401  # names our authentication in the OpenAPI document

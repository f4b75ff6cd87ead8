"""App configuration: users, workspaces and their members."""

from django.apps import AppConfig


class WorkspacesConfig(AppConfig):
    name = "workspaces"

    def ready(self) -> None:
        # Imported here because these modules need the models. The last one connects allauth's signals.
        from core.secrets import SealedField, register_sealed_field
        from workspaces.services.connections import list_sealed_secrets, replace_sealed_secret
        from workspaces.web import account_events  # noqa: F401

        register_sealed_field(SealedField("sign-in connections", list_sealed_secrets, replace_sealed_secret))

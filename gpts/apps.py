"""App configuration of gpts: building and running a GPT."""

from django.apps import AppConfig


class GptsConfig(AppConfig):
    name = "gpts"

    def ready(self) -> None:
        # Imported here because these modules need the models.
        from core.secrets import SealedField, register_sealed_field
        from gpts.llm.services.providers import list_sealed_keys, replace_sealed_key

        register_sealed_field(SealedField("model providers", list_sealed_keys, replace_sealed_key))

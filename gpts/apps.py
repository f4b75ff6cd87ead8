"""App configuration: Building and running a GPT."""

from django.apps import AppConfig


class GptsConfig(AppConfig):
    name = "gpts"

    def ready(self) -> None:
        # Late: these modules want the models.
        from core.secrets import SealedField, register_sealed_field
        from gpts.llm.services.providers import list_sealed_keys, replace_sealed_key

        register_sealed_field(SealedField("model providers", list_sealed_keys, replace_sealed_key))

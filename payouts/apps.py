"""App configuration. Registers the encrypted IBANs, which ``rotate_keys`` encrypts again."""

from __future__ import annotations

from collections.abc import Iterator

from django.apps import AppConfig, apps

from core.secrets import SealedField, register_sealed_field


class PayoutsConfig(AppConfig):
    name = "payouts"

    def ready(self) -> None:
        register_sealed_field(SealedField("payout accounts", _list_sealed_ibans, _replace_sealed_iban))


# Models are looked up by name: they cannot be imported before the app registry is ready.
def _list_sealed_ibans() -> Iterator[tuple[object, str]]:
    accounts = apps.get_model("payouts", "PayoutAccount").objects.exclude(sealed_iban="")
    yield from accounts.values_list("pk", "sealed_iban").iterator()


def _replace_sealed_iban(identifier: object, before: str, after: str) -> None:
    accounts = apps.get_model("payouts", "PayoutAccount").objects
    accounts.filter(pk=str(identifier), sealed_iban=before).update(sealed_iban=after)

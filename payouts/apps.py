"""App configuration: From usage to money."""

from __future__ import annotations

from collections.abc import Iterator

from django.apps import AppConfig


class PayoutsConfig(AppConfig):
    name = "payouts"

    def ready(self) -> None:
        from core.secrets import SealedField, register_sealed_field

        register_sealed_field(SealedField("payout accounts", _sealed_ibans, _replace_iban))


def _sealed_ibans() -> Iterator[tuple[object, str]]:
    from payouts.models import PayoutAccount

    yield from PayoutAccount.objects.exclude(sealed_iban="").values_list("pk", "sealed_iban").iterator()


def _replace_iban(identifier: object, before: str, after: str) -> None:
    from payouts.models import PayoutAccount

    PayoutAccount.objects.filter(pk=str(identifier), sealed_iban=before).update(sealed_iban=after)

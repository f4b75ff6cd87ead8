"""The rate card that a new instance starts with."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, ClassVar

from django.conf import settings
from django.db import migrations

PER_CONVERSATION_MICROS = 20_000
PER_MESSAGE_MICROS = 4_000


def add_first_card(apps: Any, schema_editor: Any) -> None:
    with schema_editor.connection.cursor() as cursor:
        # The owner of the tables is bound by their policies too.
        cursor.execute("SELECT set_config('loggia.staff', '{finance}', true)")
    card = apps.get_model("payouts", "RateCard").objects.create(
        version=1,
        currency=settings.PAYOUT_CURRENCY,
        first_month="2020-01",
        note="Starting rates",
        created_at=datetime(2020, 1, 1, tzinfo=UTC),
    )
    line = apps.get_model("payouts", "RateCardLine").objects
    line.create(rate_card=card, unit="conversation", amount_micros=PER_CONVERSATION_MICROS)
    line.create(rate_card=card, unit="message", amount_micros=PER_MESSAGE_MICROS)


class Migration(migrations.Migration):
    dependencies: ClassVar = [("payouts", "0005_ledger_and_states")]

    operations: ClassVar = [
        # Its reverse is the removal of the tables, as rate cards are never deleted.
        migrations.RunPython(add_first_card, migrations.RunPython.noop),
    ]

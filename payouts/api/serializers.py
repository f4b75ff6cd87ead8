"""API shapes. Amounts are minor units with their currency, and a decimal string."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from core.money import minor_to_decimal
from payouts.models import PayoutAccount
from payouts.states import PayoutMethod, Rule, Unit
from workspaces.api.fresh_password import FreshPasswordSerializer


class Amount(serializers.Serializer[Any]):
    """{"minor": 1204, "currency": "USD", "amount": "12.04"}"""

    minor = serializers.IntegerField()
    currency = serializers.CharField()
    amount = serializers.CharField()


def amount(minor: int, currency: str) -> dict[str, Any]:
    return {"minor": minor, "currency": currency, "amount": f"{minor_to_decimal(minor, currency):f}"}


@extend_schema_field(Amount)
class AmountField(serializers.Field[Any, Any, Any, Any]):
    """Minor units of the object's own currency."""

    def __init__(self, of: str, **options: Any) -> None:
        super().__init__(source="*", read_only=True, **options)
        self.of = of

    def to_representation(self, value: Any) -> dict[str, Any]:
        return amount(getattr(value, self.of), value.currency)


class StatementSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    month = serializers.CharField(source="period.month")
    payee_id = serializers.IntegerField()
    payee_name = serializers.CharField()
    total = AmountField("total_minor")
    sha256 = serializers.CharField()
    issued_at = serializers.DateTimeField()


class HoldSerializer(serializers.Serializer[Any]):
    """Why nothing is paid now; earnings go on and are paid in full after the last hold ends."""

    held_by = serializers.ChoiceField(choices=["finance", "moderation"])
    reason = serializers.CharField()
    since = serializers.DateTimeField()
    decision = serializers.UUIDField(
        source="decision_id", allow_null=True, help_text="The decision to object to; null for finance's."
    )


class StatementDetailSerializer(StatementSerializer):
    """The figures never change; ``holds`` are those in force now."""

    holds = HoldSerializer(many=True)


class StatementLineSerializer(serializers.Serializer[Any]):
    position = serializers.IntegerField()
    gpt_id = serializers.IntegerField()
    gpt_name = serializers.CharField()
    category = serializers.CharField()
    origin_month = serializers.CharField()
    verdict = serializers.CharField()
    conversations = serializers.IntegerField()
    messages = serializers.IntegerField()
    output_tokens = serializers.IntegerField()
    estimated = serializers.IntegerField(help_text="Answers whose tokens are estimates of this server.")
    amount_minor = serializers.IntegerField()


class PeriodSerializer(serializers.Serializer[Any]):
    month = serializers.CharField()
    state = serializers.CharField()
    currency = serializers.CharField()
    funded = AmountField("funded_minor")
    carried = AmountField("carried_minor")
    digest = serializers.CharField()
    closed_at = serializers.DateTimeField()


class RunSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    number = serializers.IntegerField()
    state = serializers.CharField()
    digest = serializers.CharField()
    pool_minor = serializers.IntegerField()
    carried_minor = serializers.IntegerField()
    payee_count = serializers.IntegerField()
    rollup_difference = serializers.IntegerField()
    started_by = serializers.IntegerField(source="started_by_id")
    decided_by = serializers.IntegerField(source="decided_by_id")
    reason = serializers.CharField()


class BatchSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    state = serializers.CharField()
    currency = serializers.CharField()
    created_by = serializers.IntegerField(source="created_by_id")
    approved_by = serializers.IntegerField(source="approved_by_id")
    created_at = serializers.DateTimeField()
    file_format = serializers.CharField()
    file_sha256 = serializers.CharField()


class PayoutSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    batch = serializers.IntegerField(source="batch_id")
    payee_id = serializers.IntegerField()
    legal_name = serializers.CharField()
    state = serializers.CharField()
    amount = AmountField("amount_minor")
    bank_reference = serializers.CharField()
    reason = serializers.CharField()


class BatchPayoutSerializer(PayoutSerializer):
    block_reason = serializers.CharField(
        help_text="Why it will be left out at approval or export; empty when it goes out."
    )


class BatchDetailSerializer(BatchSerializer):
    payouts = BatchPayoutSerializer(many=True)


class AccountSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    name = serializers.CharField()
    balance = AmountField("balance_minor")


class LegSerializer(serializers.Serializer[Any]):
    account = serializers.CharField(source="account.name")
    amount_minor = serializers.IntegerField()
    currency = serializers.CharField()


class EntrySerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    kind = serializers.CharField()
    idempotency_key = serializers.CharField()
    month = serializers.CharField(source="period.month")
    description = serializers.CharField()
    happened_at = serializers.DateTimeField()
    postings = LegSerializer(many=True)


class RateSerializer(serializers.Serializer[Any]):
    unit = serializers.ChoiceField(choices=Unit.choices)
    category = serializers.CharField(allow_blank=True, default="", max_length=20)
    amount_micros = serializers.IntegerField(min_value=0, max_value=10**15)


class RateCardSerializer(serializers.Serializer[Any]):
    version = serializers.IntegerField(read_only=True)
    first_month = serializers.CharField(max_length=7)
    currency = serializers.CharField(max_length=3)
    note = serializers.CharField(max_length=300)
    rule = serializers.ChoiceField(choices=Rule.choices, default=Rule.FIXED_RATE)
    pool_minor = serializers.IntegerField(min_value=0, max_value=10**15, default=0)
    minimum_output_tokens = serializers.IntegerField(min_value=0, max_value=100_000, default=20)
    cap_user_gpt_day = serializers.IntegerField(min_value=0, max_value=1_000_000, default=0)
    cap_user_month = serializers.IntegerField(min_value=0, max_value=10_000_000, default=0)
    automation_per_day = serializers.IntegerField(min_value=1, max_value=1_000_000, default=400)
    pays_free_users = serializers.BooleanField(default=True)
    hold_days = serializers.IntegerField(min_value=0, max_value=365, default=0)
    minimum_payout_minor = serializers.IntegerField(min_value=1, max_value=10**12, default=1000)
    rates = RateSerializer(many=True, source="lines.all", allow_empty=False)


class ReasonSerializer(serializers.Serializer[Any]):
    reason = serializers.CharField(max_length=300, allow_blank=True, default="")


class ApprovalSerializer(ReasonSerializer):
    """``digest`` names the figures that were reviewed; others are refused."""

    digest = serializers.CharField(max_length=64, allow_blank=True, default="")


class FormatSerializer(serializers.Serializer[Any]):
    format = serializers.CharField(max_length=10, default="csv")


class OutcomeSerializer(ReasonSerializer):
    outcome = serializers.ChoiceField(choices=["paid", "failed", "returned"])
    bank_reference = serializers.CharField(max_length=80, allow_blank=True, default="")


class PayoutAccountSerializer(serializers.Serializer[Any]):
    """Where a person is paid. The account number never leaves; only its ending does."""

    legal_name = serializers.CharField()
    country = serializers.CharField(help_text="ISO 3166-1, two letters.")
    method = serializers.ChoiceField(choices=PayoutMethod.choices)
    iban_ending = serializers.CharField()
    minimum_minor = serializers.IntegerField()
    is_verified = serializers.SerializerMethodField()
    is_held = serializers.SerializerMethodField()
    hold_reason = serializers.CharField()
    changed_at = serializers.DateTimeField()

    def get_is_verified(self, account: PayoutAccount) -> bool:
        return account.verified_at is not None

    def get_is_held(self, account: PayoutAccount) -> bool:
        return account.held_at is not None


class SavePayoutAccountSerializer(FreshPasswordSerializer):
    legal_name = serializers.CharField(trim_whitespace=False)
    country = serializers.CharField(max_length=2, help_text="ISO 3166-1, two letters.")
    method = serializers.ChoiceField(choices=PayoutMethod.choices)
    iban = serializers.CharField(
        max_length=42, allow_blank=True, default="", help_text="Empty keeps the one on file."
    )
    minimum_minor = serializers.IntegerField(
        min_value=0, max_value=10**12, default=0, help_text="Smaller sums wait until they reach this."
    )


class NothingSerializer(serializers.Serializer[Any]):
    """An act without a body."""

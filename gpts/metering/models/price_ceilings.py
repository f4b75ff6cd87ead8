"""What a workspace pays at most for models that other workspaces run."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from workspaces.models import Workspace


class PriceCeiling(models.Model):
    """The highest prices, in micro-units of the instance's currency per million tokens, of models that other
    workspaces run and price. A workspace without a row has no ceiling."""

    workspace = models.OneToOneField(
        Workspace, on_delete=models.CASCADE, primary_key=True, related_name="price_ceiling"
    )
    input_price_micros = models.BigIntegerField()
    output_price_micros = models.BigIntegerField()
    updated_at = models.DateTimeField()
    updated_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(input_price_micros__gte=0, output_price_micros__gte=0),
                name="gpts_priceceiling_prices",
            ),
        ]

    def __str__(self) -> str:
        return f"price ceiling of {self.workspace_id}"

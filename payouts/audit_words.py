"""How events of earnings and payouts read in the audit log."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _

from core.audit_words import (
    ActionWords,
    Area,
    AuditWords,
    FieldWords,
    Named,
    ObjectWords,
    Reader,
    Resolver,
    describe_choice,
    read_numbers,
)
from core.look import formats
from core.money import format_money
from gpts.assistants.states import Category
from payouts.models import AccountingPeriod, Batch, Payout, PayoutAccount, RateCard
from payouts.states import PayoutMethod, Rule, Unit
from workspaces.audit_words import USER
from workspaces.erasure import DELETED_NAME
from workspaces.models import User
from workspaces.rules import is_finance


def _works_finance(reader: Reader) -> bool:
    return isinstance(reader.person, User) and is_finance(reader.person)


def _name_batches(ids: Collection[str], reader: Reader) -> dict[str, Named]:
    known = set(Batch.objects.filter(pk__in=read_numbers(ids)).values_list("pk", flat=True))
    return {
        str(one): Named(
            gettext("batch %(number)s") % {"number": one},
            reverse("payouts:batch-detail", args=[one]) if one in known and _works_finance(reader) else "",
        )
        for one in read_numbers(ids)
    }


def _name_periods(ids: Collection[str], reader: Reader) -> dict[str, Named]:
    rows = AccountingPeriod.objects.filter(pk__in=read_numbers(ids)).values_list("pk", "month")
    return {
        str(key): Named(
            month, reverse("payouts:period-detail", args=[month]) if _works_finance(reader) else ""
        )
        for key, month in rows
    }


def _name_cards(ids: Collection[str], reader: Reader) -> dict[str, Named]:
    rows = RateCard.objects.filter(pk__in=read_numbers(ids)).values_list("pk", "version")
    return {
        str(key): Named(
            gettext("rate card %(number)s") % {"number": version},
            reverse("payouts:rate-card-detail", args=[version]) if _works_finance(reader) else "",
        )
        for key, version in rows
    }


def _name_payees(model: type[Payout] | type[PayoutAccount]) -> Resolver:
    """Return what names payouts and payout accounts by their payees."""

    def name(ids: Collection[str], _reader: Reader) -> dict[str, Named]:
        rows: Any = model._default_manager.filter(pk__in=read_numbers(ids)).select_related("payee")
        return {str(row.pk): Named(str(row.payee)) for row in rows if row.payee.display_name != DELETED_NAME}

    return name


def _describe_minor(value: Any, data: Mapping[str, Any]) -> str:
    if value is None:
        return ""
    return format_money(value, str(data.get("currency") or settings.PAYOUT_CURRENCY), get_language() or "en")


def _describe_rates(value: Any, data: Mapping[str, Any]) -> str:
    """Read rates by "unit/category" in micro-units."""
    currency, parts = str(data.get("currency") or settings.PAYOUT_CURRENCY), []
    for key, amount in (value or {}).items():
        unit, _slash, category = key.partition("/")
        names = [str(Unit(unit).label)] + ([str(Category(category).label)] if category else [])
        parts.append(f"{' · '.join(names)}: {formats.micros(amount, currency)}")
    return "; ".join(parts)


def _act(label: Any, sentence: Any, *, details: tuple[str, ...] = ()) -> ActionWords:
    return ActionWords(Area.MONEY, label, sentence, details=details)


def _as_text(value: Any, _data: Mapping[str, Any]) -> str:
    return str(value)


WORDS = AuditWords(
    actions={
        "payouts.batch_accepted": _act(_("Batch accepted"), _("%(who)s noted that the bank took %(what)s.")),
        "payouts.batch_approved": _act(
            _("Batch approved"), _("%(who)s approved %(what)s."), details=("payouts", "minor")
        ),
        "payouts.batch_cancelled": _act(_("Batch cancelled"), _("%(who)s cancelled %(what)s.")),
        "payouts.batch_exported": _act(
            _("Bank file made"), _("%(who)s created the bank file of %(what)s."), details=("format",)
        ),
        "payouts.batch_proposed": _act(
            _("Batch proposed"), _("%(who)s proposed %(what)s."), details=("payouts", "minor")
        ),
        "payouts.batch_rejected": _act(
            _("Batch rejected"), _("%(who)s noted that the bank rejected %(what)s.")
        ),
        "payouts.close_cancelled": _act(
            _("Close cancelled"), _("%(who)s cancelled the calculation of %(what)s."), details=("run",)
        ),
        "payouts.close_rejected": _act(
            _("Close rejected"), _("%(who)s rejected the calculation of %(what)s."), details=("run",)
        ),
        "payouts.close_started": _act(
            _("Close started"), _("%(who)s began to close %(what)s."), details=("run",)
        ),
        "payouts.event_excluded": _act(
            _("Use excluded"), _("%(who)s excluded a use from payment after an investigation.")
        ),
        "payouts.hold_released": _act(
            _("Payouts released"), _("%(who)s released the payouts of %(payee_id)s.")
        ),
        "payouts.payout_account_saved": _act(
            _("Payout account saved"),
            _("%(who)s saved the payout account of %(payee_id)s."),
            details=("method", "needs_check"),
        ),
        "payouts.payout_account_verified": _act(
            _("Payout account checked"), _("%(who)s checked the payout account of %(payee_id)s.")
        ),
        "payouts.payout_failed": _act(
            _("Payout failed"), _("%(who)s noted that the payout to %(payee_id)s failed.")
        ),
        "payouts.payout_returned": _act(
            _("Payout returned"), _("%(who)s noted that the payout to %(payee_id)s came back.")
        ),
        "payouts.payout_settled": _act(
            _("Payout paid"), _("%(who)s noted that the payout to %(payee_id)s was paid.")
        ),
        "payouts.payouts_held": _act(_("Payouts held"), _("%(who)s held the payouts of %(payee_id)s.")),
        "payouts.period_closed": _act(_("Month closed"), _("%(who)s closed %(what)s."), details=("run",)),
        "payouts.rate_card_created": _act(
            _("Rate card written"), _("%(who)s wrote %(what)s, valid from %(first_month)s.")
        ),
    },
    objects={
        "payouts.batch": ObjectWords(_name_batches, _("a batch")),
        "payouts.payout": ObjectWords(_name_payees(Payout), _("a payee")),
        "payouts.payoutaccount": ObjectWords(_name_payees(PayoutAccount), _("a payee")),
        "payouts.accountingperiod": ObjectWords(_name_periods, _("a month")),
        "payouts.ratecard": ObjectWords(_name_cards, _("a rate card")),
        "gpts.usageevent": ObjectWords(lambda _ids, _reader: {}, _("a use")),
    },
    fields={
        "payee_id": FieldWords(_("Payee"), object=USER),
        "reference": FieldWords(_("Bank reference"), _as_text),
        "payouts": FieldWords(_("Payouts")),
        "minor": FieldWords(_("Amount"), _describe_minor),
        "format": FieldWords(_("Format"), _as_text),
        "run": FieldWords(_("Run")),
        "method": FieldWords(_("Method"), describe_choice(PayoutMethod)),
        "needs_check": FieldWords(_("Needs to be checked")),
        "first_month": FieldWords(_("First month"), _as_text),
        "rule": FieldWords(_("Rule"), describe_choice(Rule)),
        "pool_minor": FieldWords(_("Monthly pool"), _describe_minor),
        "minimum_payout_minor": FieldWords(_("Smallest payout"), _describe_minor),
        "minimum_output_tokens": FieldWords(_("Shortest answer that counts")),
        "cap_user_gpt_day": FieldWords(_("Cap per person, GPT and day")),
        "cap_user_month": FieldWords(_("Cap per person and month")),
        "automation_per_day": FieldWords(_("Automation threshold")),
        "pays_free_users": FieldWords(_("Pay for people without a plan")),
        "hold_days": FieldWords(_("Days on hold")),
        "rates": FieldWords(_("Rates"), _describe_rates),
    },
)

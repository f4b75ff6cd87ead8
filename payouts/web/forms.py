"""Forms of the payout account and of the rate card."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from babel import Locale
from django import forms
from django.utils.translation import get_language, to_locale
from django.utils.translation import gettext_lazy as _

from core.errors import DomainError
from core.money import MICROS_PER_UNIT, currency_exponent
from gpts.assistants.states import Category
from payouts.models import PayoutAccount, RateCard
from payouts.states import PayoutMethod, Rule, Unit


def add_domain_error(form: forms.Form, error: DomainError) -> None:
    """Show a service's error beside the field it names, or above the form."""
    form.add_error(error.field if error.field in form.fields else None, str(error.message))


# Territories of CLDR that are not countries of ISO 3166: unions, dependent islands, pseudo-locales.
NO_COUNTRIES = frozenset(["AC", "CP", "CQ", "DG", "EA", "EU", "EZ", "IC", "QO", "TA", "UN", "XA", "XB", "ZZ"])
# Names customary in mainland China that differ from the CLDR data.
MAINLAND_NAMES = {"TW": "中国台湾"}


def list_country_choices() -> list[tuple[str, str]]:
    locale = Locale.parse(to_locale(get_language() or "en"))
    names = {**locale.territories, **(MAINLAND_NAMES if locale.language == "zh" else {})}
    named = [
        (code, str(name))
        for code, name in names.items()
        if len(code) == 2 and code.isalpha() and code not in NO_COUNTRIES
    ]
    # The byte order of GB 18030 sorts common Chinese characters by pinyin and Latin letters alphabetically.
    by_name = sorted(named, key=lambda choice: choice[1].encode("gb18030"))
    return [("", str(_("Choose a country"))), *by_name]


class AmountField(forms.DecimalField):
    """An amount entered in main units (12.34) and cleaned to minor units of ``currency`` (1234)."""

    def __init__(self, *, currency: str, **options: Any) -> None:
        self.currency = currency
        super().__init__(
            min_value=Decimal(0), max_digits=14, decimal_places=currency_exponent(currency), **options
        )

    def clean(self, value: Any) -> int:
        amount = super().clean(value) or Decimal(0)
        return int(amount.scaleb(currency_exponent(self.currency)))


class PayoutAccountForm(forms.Form):
    """Where a creator is paid."""

    legal_name = forms.CharField(
        label=_("Legal name"), max_length=70, help_text=_("As your bank knows you. Others never see it."),
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )  # fmt: skip
    country = forms.ChoiceField(label=_("Country"), choices=list_country_choices)
    method = forms.ChoiceField(label=_("How to be paid"), choices=PayoutMethod.choices)
    iban = forms.CharField(
        label=_("IBAN"), required=False, max_length=42,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )  # fmt: skip

    def __init__(self, *args: Any, account: PayoutAccount | None, currency: str, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["minimum"] = AmountField(
            label=_("Pay me from"), currency=currency, required=False,
            help_text=_("Smaller sums wait until they reach this. Leave empty for the smallest payout."),
        )  # fmt: skip
        if account is not None and account.iban_ending:
            self.fields["iban"].help_text = _("Ends in %(ending)s. Leave empty to keep it.") % {
                "ending": account.iban_ending
            }
        self.order_fields(["legal_name", "country", "method", "iban", "minimum"])


class RateCardForm(forms.Form):
    """The next rate card, prefilled from the newest."""

    first_month = forms.RegexField(
        label=_("From month"), regex=r"^\d{4}-\d{2}$", help_text=_("YYYY-MM, at least 14 days ahead."),
        widget=forms.TextInput(attrs={"inputmode": "numeric", "placeholder": "2027-01"}),
    )  # fmt: skip
    note = forms.CharField(label=_("What changes"), max_length=300, help_text=_("Creators read this."))
    rule = forms.ChoiceField(label=_("Rule"), choices=Rule.choices)
    minimum_output_tokens = forms.IntegerField(
        label=_("Shortest answer that counts"), min_value=0, max_value=100_000, help_text=_("Output tokens.")
    )
    cap_user_gpt_day = forms.IntegerField(
        label=_("Cap per person, GPT and day"), min_value=0, max_value=1_000_000, help_text=_("0 for none.")
    )
    cap_user_month = forms.IntegerField(
        label=_("Cap per person and month"), min_value=0, max_value=10_000_000, help_text=_("0 for none.")
    )
    automation_per_day = forms.IntegerField(
        label=_("Automation threshold"), min_value=1, max_value=1_000_000,
        help_text=_("Answers by one person in a day, above which all of that day count as automated."),
    )  # fmt: skip
    pays_free_users = forms.BooleanField(label=_("Pay for people without a plan"), required=False)
    hold_days = forms.IntegerField(label=_("Days on hold"), min_value=0, max_value=365)

    def __init__(self, *args: Any, currency: str, card: RateCard | None, **options: Any) -> None:
        self.currency = currency
        if card is not None and "initial" not in options:
            options["initial"] = _get_initial_values(card)
        super().__init__(*args, **options)
        self.fields["pool_minor"] = AmountField(
            label=_("Monthly pool"), currency=currency, required=False, help_text=_("Only for the pool rule.")
        )
        self.fields["minimum_payout_minor"] = AmountField(label=_("Smallest payout"), currency=currency)
        for unit in Unit:
            self.fields[f"rate_{unit}"] = self._rate_field(str(unit.label))
        for category in Category:
            self.fields[f"rate_{Unit.MESSAGE}_{category}"] = self._rate_field(
                _("%(unit)s, %(category)s") % {"unit": Unit.MESSAGE.label, "category": category.label}
            )

    def _rate_field(self, label: Any) -> forms.DecimalField:
        return forms.DecimalField(
            label=label, min_value=Decimal(0), max_digits=12, decimal_places=6, required=False
        )

    def general_rates(self) -> list[forms.BoundField]:
        return [self[f"rate_{unit}"] for unit in Unit]

    def category_rates(self) -> list[forms.BoundField]:
        return [self[f"rate_{Unit.MESSAGE}_{category}"] for category in Category]

    def rates(self) -> dict[tuple[str, str], int]:
        """Return rates in micro-units by (unit, category or ""), without empty fields."""
        found: dict[tuple[str, str], int] = {}
        for name, value in self.cleaned_data.items():
            if name.startswith("rate_") and value is not None:
                unit, _separator, category = name.removeprefix("rate_").partition("_")
                if name.startswith(f"rate_{Unit.TOKENS}"):
                    unit, category = Unit.TOKENS.value, ""
                found[unit, category] = int(value * MICROS_PER_UNIT)
        return found

    def terms(self) -> dict[str, Any]:
        names = (
            "rule", "pool_minor", "minimum_output_tokens", "cap_user_gpt_day", "cap_user_month",
            "automation_per_day", "pays_free_users", "hold_days", "minimum_payout_minor",
        )  # fmt: skip
        return {name: self.cleaned_data[name] for name in names}


def _get_initial_values(card: RateCard) -> dict[str, Any]:
    exponent = currency_exponent(card.currency)
    initial: dict[str, Any] = {
        "rule": card.rule,
        "minimum_output_tokens": card.minimum_output_tokens,
        "cap_user_gpt_day": card.cap_user_gpt_day,
        "cap_user_month": card.cap_user_month,
        "automation_per_day": card.automation_per_day,
        "pays_free_users": card.pays_free_users,
        "hold_days": card.hold_days,
        "pool_minor": Decimal(card.pool_minor).scaleb(-exponent) if card.pool_minor else None,
        "minimum_payout_minor": Decimal(card.minimum_payout_minor).scaleb(-exponent),
    }
    for line in card.lines.all():
        name = f"rate_{line.unit}_{line.category}" if line.category else f"rate_{line.unit}"
        initial[name] = Decimal(line.amount_micros).scaleb(-6).normalize()
    return initial

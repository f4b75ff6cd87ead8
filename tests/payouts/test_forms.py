"""Forms of payouts."""

from __future__ import annotations

import pytest
from django.utils import translation

from payouts.web.forms import RateCardForm, list_country_choices


def test_rate_card_form_is_empty_before_the_first_card() -> None:
    form = RateCardForm(None, currency="USD", card=None)

    assert form.initial == {}
    assert {field.value() for field in form.general_rates() + form.category_rates()} == {None}


@pytest.mark.parametrize(
    ("language", "first", "taiwan"),
    [("en", ("AF", "Afghanistan"), "Taiwan"), ("zh-hans", ("AL", "阿尔巴尼亚"), "中国台湾")],
)
def test_countries_are_named_and_sorted_in_the_active_language(
    language: str, first: tuple[str, str], taiwan: str
) -> None:
    with translation.override(language):
        choices = list_country_choices()

    assert (choices[1], dict(choices)["TW"]) == (first, taiwan)
    assert not {"EU", "UN", "ZZ"} & {code for code, _name in choices}

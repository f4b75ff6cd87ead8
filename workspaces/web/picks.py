"""The form field for core.picks: a text field with suggestions, which a text without them may fill too."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from core.errors import InvalidInput
from core.picks import TEXT_LENGTH, Pick


class PickInput(forms.TextInput):
    """A text field with a list below it while somebody types (static/js/suggestions.js)."""

    def __init__(self, url: str) -> None:
        super().__init__(
            attrs={
                "data-suggestions": url,
                "data-suggestions-longest": TEXT_LENGTH,
                "autocomplete": "off",
                "spellcheck": "false",
            }
        )

    def render(self, *args: Any, **kwargs: Any) -> SafeString:
        self.attrs["data-suggestions-label"] = _("Suggestions")
        return format_html('<span class="pick">{}</span>', super().render(*args, **kwargs))


class PickField(forms.CharField):
    """Its value is the row that was named, None if it was left empty."""

    def __init__(self, pick: Pick[Any], *, url: str, **kwargs: Any) -> None:
        super().__init__(max_length=TEXT_LENGTH, widget=PickInput(url), **kwargs)
        self.pick = pick

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        if not text:
            return None
        try:
            return self.pick.resolve(text)
        except InvalidInput as refusal:
            raise ValidationError(str(refusal.message), code=refusal.code) from refusal


def show_picks(request: HttpRequest, pick: Pick[Any]) -> HttpResponse:
    """Answer the script of a PickInput: what matches ``q``, as options."""
    found = pick.search(request.GET.get("q", ""))
    options = [
        {
            "name": getattr(row, pick.name),
            "key": getattr(row, pick.key),
            "value": pick.label(row),
            "note": pick.note(row) if pick.note else "",
        }
        for row in found
    ]
    context = {"options": options, "unknown": pick.unknown}
    response = render(request, "components/pick_options.html", context)
    response.headers["Cache-Control"] = "private, no-store"
    return response


class PickForm(forms.Form):
    """A form of one field that must name a row, on a page that writes the rest of the form itself."""

    def __init__(self, data: Any, name: str, field: PickField, **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        self.name = name
        self.fields[name] = field

    @property
    def field(self) -> forms.BoundField:
        """The field for the template."""
        return self[self.name]

    @property
    def chosen(self) -> Any:
        """Return the row that was named, None before the form is valid."""
        return self.cleaned_data.get(self.name) if self.is_valid() else None

"""Text that people type: validation, normalisation, comparison, slugs."""

from __future__ import annotations

import re
import secrets
import unicodedata

from django.utils.text import slugify
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from core.errors import InvalidInput

# Emoji and several scripts need joiners inside a text; the other invisible characters only hide something.
_JOINERS = "\u200c\u200d"
_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\u3164\ufeff\uffa0"
    "\ufff9-\ufffb\U000e0000-\U000e007f]"
)
_SPACES = re.compile(r"\s+")
# Sequences of a terminal: colours, cursor, titles of windows.
_TERMINAL_CODES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\^_])")
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
_SLUG_LENGTH = 60

# Letters of other scripts that look like Latin ones (the most frequent confusables of Unicode TR 39).
_LOOKALIKES = str.maketrans(
    "аеорсухіјѕԁһӏԛԝАВЕКМНОРСТХІЈЅαοινρτυκΑΒΕΖΗΙΚΜΝΟΡΤΥΧ01|!$@5",
    "aeopcyxijsdhlqwABEKMHOPCTXIJSaoivptukABEZHIKMNOPTYXolllsas",
)


def clean_line(value: str, *, max_length: int, field: str, required: bool = True) -> str:
    """Return ``value`` as one line: NFC, with single spaces and without invisible characters.

    ``max_length`` is in characters. Raises InvalidInput for an empty text (when required), for one that is
    too long and for control characters. Drops zero-width characters and direction overrides.
    """
    text = unicodedata.normalize("NFC", value or "")
    text = _SPACES.sub(" ", _INVISIBLE.sub("", text)).strip()
    if any(unicodedata.category(character) in ("Cc", "Cs", "Co", "Cn") for character in text):
        raise InvalidInput(
            _("This text has control characters. Type it again without them."),
            code="control_characters",
            field=field,
        )
    if not text.strip(_JOINERS):
        text = ""
    return _check_length(text, max_length=max_length, field=field, required=required)


def clean_block(value: str, *, max_length: int, field: str, required: bool = True) -> str:
    """Return ``value`` as text of several lines: NFC, ``\\n`` as line end, trimmed, no invisible characters.

    Keeps tabs. Drops control characters, which come with text that is pasted from a terminal or a PDF, and
    the codes of a terminal's colours. Raises InvalidInput for a text that is empty (when required) or too
    long.
    """
    text = unicodedata.normalize("NFC", value or "").replace("\r\n", "\n").replace("\r", "\n")
    text = _CONTROLS.sub("", _INVISIBLE.sub("", _TERMINAL_CODES.sub("", text))).strip()
    return _check_length(text, max_length=max_length, field=field, required=required)


def _check_length(text: str, *, max_length: int, field: str, required: bool) -> str:
    if required and not text:
        raise InvalidInput(_("Fill in this field."), code="required", field=field)
    surplus = len(text) - max_length
    if surplus > 0:
        message = ngettext_lazy(
            "This is %(surplus)d character too long; at most %(limit)d fit.",
            "This is %(surplus)d characters too long; at most %(limit)d fit.",
            surplus,
        )
        raise InvalidInput(
            message % {"surplus": surplus, "limit": max_length},
            code="too_long",
            field=field,
            data={"limit": max_length, "length": len(text)},
        )
    return text


def skeleton(value: str) -> str:
    """Return the skeleton of a name (Unicode TR 39), equal for names that look alike; only for comparing."""
    text = unicodedata.normalize("NFKD", _INVISIBLE.sub("", value).translate(_LOOKALIKES))
    text = "".join(c for c in text if not unicodedata.combining(c) and c not in _JOINERS)
    text = text.casefold().translate(_LOOKALIKES).replace("rn", "m").replace("vv", "w")
    # A capital I and a small l look alike in most fonts, and the case is already folded.
    text = text.replace("i", "l")
    return "".join(c for c in text if c.isalnum())


def make_slug(name: str) -> str:
    """Return a new slug for ``name``: its Latin words and six random characters.

    The random part keeps collisions from revealing the names of other tenants.
    """
    words = slugify(name)[: _SLUG_LENGTH - 8].strip("-")
    tail = "".join(secrets.choice("abcdefghjkmnpqrstuvwxyz23456789") for _unused in range(6))
    return f"{words or 'gpt'}-{tail}"

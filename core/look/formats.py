"""Formats numbers, amounts, sizes, dates and times in the reader's language."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import cast

from babel import Locale
from babel.numbers import format_currency, format_decimal, format_percent
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timesince import TIME_STRINGS, timesince
from django.utils.translation import get_language, gettext, ngettext_lazy, to_locale

MICROS = 1_000_000

# Django's Chinese for these two means "January" and "the sixth"; extracted here, our translation comes first.
_OWN_SPANS = {
    "month": ngettext_lazy("%(num)d month", "%(num)d months", "num"),
    "day": ngettext_lazy("%(num)d day", "%(num)d days", "num"),
}
# The type stubs of timesince do not allow lazy strings.
SPANS = cast("dict[str, str]", TIME_STRINGS | _OWN_SPANS)


def babel_locale() -> Locale:
    """Return Babel's locale of the active Django language; English when none is active."""
    return Locale.parse(to_locale(get_language() or "en"))


def join_sentences(sentences: Iterable[str]) -> str:
    """Return sentences one after the other: with a space between them, in Chinese without."""
    return ("" if (get_language() or "").startswith("zh") else " ").join(sentences)


def number(value: float | Decimal, digits: int | None = None) -> str:
    """Return a number in the reader's language, with exactly ``digits`` decimals where given."""
    if digits is None:
        return str(format_decimal(value, locale=babel_locale()))
    pattern = "#,##0." + "0" * digits if digits else "#,##0"
    return str(format_decimal(value, format=pattern, locale=babel_locale()))


def percent(ratio: float | Decimal, digits: int = 0) -> str:
    """Return a ratio (0.42) as a percentage with a fixed number of decimals."""
    pattern = "#,##0." + "0" * digits + "%" if digits else "#,##0%"
    return str(format_percent(ratio, format=pattern, locale=babel_locale()))


def compact_number(value: int) -> str:
    """Return 1.2k for 1,234, and so on; Chinese counts in 万 and 亿. At most one decimal, none from 100."""
    chinese = (get_language() or "").startswith("zh")
    steps = (
        ((100_000_000, "亿"), (10_000, "万"))
        if chinese
        else ((1_000_000_000, "B"), (1_000_000, "M"), (1_000, "k"))
    )
    for index, (size, suffix) in enumerate(steps):
        scaled = abs(value) / size
        if scaled < 1:
            continue
        shown = round(scaled, 1) if scaled < 99.95 else round(scaled)
        if index and shown * size >= steps[index - 1][0]:
            size, suffix = steps[index - 1]
            shown = 1
        return f"{'-' if value < 0 else ''}{shown:g}{suffix}"
    return number(value)


def micros(amount: int, currency: str) -> str:
    """Return an amount in micro-units with its currency; small amounts get 4 or 6 decimals."""
    value = Decimal(amount) / MICROS
    digits = 2 if value == 0 or abs(value) >= 1 else 4 if abs(value) >= Decimal("0.01") else 6
    pattern = "¤#,##0." + "0" * digits
    return str(format_currency(value, currency, format=pattern, locale=babel_locale(), currency_digits=False))


def file_size(size: int) -> str:
    """Return a number of bytes: 1.4 MB. As for limits, a MB has 1,024 kB of 1,024 bytes."""
    value, unit = float(size), gettext("bytes")
    for following in ("kB", "MB", "GB", "TB"):
        if value < 1024:
            break
        value, unit = value / 1024, following
    return f"{number(round(value, 1 if value < 100 and unit != gettext('bytes') else 0))} {unit}"


def day_format() -> str:
    """Return the date format for 7 Oct 2026 or 2026年10月7日: short, and day and month cannot be confused."""
    return "Y年n月j日" if (get_language() or "").startswith("zh") else "j M Y"


def reread_day(text: str) -> str:
    """Return a formatted day, of any language of the site, in the active one; other texts unchanged."""
    for pattern in ("%d %b %Y", "%Y年%m月%d日"):
        try:
            found = datetime.strptime(text, pattern).date()  # noqa: DTZ007 - a date has no time zone
        except ValueError:
            continue
        return date_format(found, day_format())
    return text


def short_day(value: date) -> str:
    """Return a day without its year, for axes of charts: 7 Oct or 10月7日."""
    return date_format(value, "n月j日" if (get_language() or "").startswith("zh") else "j M")


def minute_format() -> str:
    """Return the format for a date with hours and minutes: 7 Oct 2026, 05:00 or 2026年10月7日 05:00."""
    return "Y年n月j日 H:i" if (get_language() or "").startswith("zh") else "j M Y, H:i"


def exact(moment: datetime) -> str:
    """Return date and time in the reader's time zone."""
    return date_format(timezone.localtime(moment), minute_format())


def utc_time(moment: datetime) -> SafeString:
    """Render date and time in UTC, for accounting and logs, where all readers must see the same."""
    utc = moment.astimezone(UTC)
    shown = f"{date_format(utc, minute_format())} UTC"
    return format_html('<time class="num nowrap" datetime="{}">{}</time>', utc.isoformat(), shown)


def exact_time(moment: datetime) -> SafeString:
    return format_html('<time datetime="{}">{}</time>', moment.astimezone(UTC).isoformat(), exact(moment))


def day(value: date | datetime) -> SafeString:
    """Render a date; a datetime is converted to the reader's time zone first."""
    shown = timezone.localtime(value).date() if isinstance(value, datetime) else value
    return format_html('<time datetime="{}">{}</time>', shown.isoformat(), date_format(shown, day_format()))


def month(moment: datetime) -> SafeString:
    """Render the month of a moment in UTC, by which accounting goes: October 2026 or 2026年10月."""
    utc = moment.astimezone(UTC)
    pattern = "Y年n月" if (get_language() or "").startswith("zh") else "F Y"
    return format_html('<time datetime="{}">{}</time>', f"{utc:%Y-%m}", date_format(utc, pattern))


def relative(moment: datetime, now: datetime) -> str:
    """Return the distance in words: "just now", "3 hours ago", "in 2 days"."""
    if abs((now - moment).total_seconds()) < 60:
        return gettext("just now")
    if moment > now:
        return gettext("in %(time)s") % {"time": timesince(now, moment, time_strings=SPANS, depth=1)}
    return gettext("%(time)s ago") % {"time": timesince(moment, now, time_strings=SPANS, depth=1)}


def relative_time(moment: datetime, now: datetime) -> SafeString:
    """Render a <time> with relative words, the exact time on hover and the ISO time for scripts."""
    return format_html(
        '<time datetime="{}" title="{}" data-relative>{}</time>',
        moment.astimezone(UTC).isoformat(), exact(moment), relative(moment, now),
    )  # fmt: skip

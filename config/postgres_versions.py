"""Which versions of PostgreSQL are known to be vulnerable."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

# For each supported major version the first minor one without a known vulnerability of severity "high": the
# releases of 14 May 2026 (CVE-2026-6473, -6475, -6477, -6637). Raise them with later security releases.
KNOWN_GOOD_MINORS = {16: 14, 17: 10, 18: 4}
OLDEST_MAJOR = min(KNOWN_GOOD_MINORS)


def format_version(number: int) -> str:
    """Return "18.4" for 180004, as server_version_num writes it."""
    return f"{number // 10_000}.{number % 10_000}"


def get_version_problem(number: int) -> Any:
    """Return what is wrong with a version (server_version_num); empty when nothing is."""
    major, minor = divmod(number, 10_000)
    if major < OLDEST_MAJOR:
        return _("This version is too old for Loggia: upgrade to PostgreSQL %(major)d or newer.") % {
            "major": OLDEST_MAJOR
        }
    wanted = KNOWN_GOOD_MINORS.get(major, 0)
    if minor < wanted:
        return _("This version has known vulnerabilities: install %(wanted)s or newer.") % {
            "wanted": f"{major}.{wanted}"
        }
    return ""

"""Rules that a reader of one file would break: each has one place where the thing is done, and no other."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from embedded.paths import ROOT

CODE = ("config", "core", "demo", "embedded", "gpts", "marketplace", "payouts", "reviews", "workspaces")
# What must not be written, where it may be, and what to use instead.
RULES: dict[str, tuple[str, set[str], str]] = {
    "the Host header": (
        r"build_absolute_uri|get_current_site|RequestSite|\.get_host\(|get_port\(|HTTP_HOST|SERVER_NAME|HTTP_X_FORWARDED_HOST",
        {"workspaces/web/base_url.py"},
        "core.links.absolute_url: links come from BASE_URL",
    ),
    "the base URL": (
        r"settings\.BASE_URL",
        {"core/links.py", "core/outbound_guard.py", "marketplace/page_cache.py"},
        "core.links.absolute_url",
    ),
    "the client's address": (
        r"REMOTE_ADDR|REMOTE_HOST|X_FORWARDED_FOR|X-Forwarded-For|X-Real-Ip|HTTP_FORWARDED|scope\[.client.\]",
        {"workspaces/web/client_address.py", "config/web_server.py", "config/settings.py"},
        "workspaces.web.client_address",
    ),
    "CSV writers": (
        r"csv\.writer|DictWriter|defusedcsv|xlsxwriter|openpyxl\.Workbook|from csv import|import csv\b",
        {
            "core/csv_files.py",
            "gpts/knowledge/extraction/tables/delimited.py",
            "gpts/evals/files.py",
            "workspaces/services/invitation_import.py",
        },
        "core.csv_files.write_csv: it escapes formulas",
    ),
    "cursors": (
        r"b64encode\(.*json|urlsafe_b64decode\(.*cursor",
        {"core/pagination.py"},
        "core.pagination.sign_cursor",
    ),
    "mails": (
        r"EmailMultiAlternatives\(|EmailMessage\(|\bsend_mail\(\s*['\"]|mail_admins|mail_managers",
        {"workspaces/services/mails.py"},
        "workspaces.services.mails: every mail has one layout, as text and as HTML",
    ),
    "a bare web server": (r"uvicorn\.run|\"uvicorn\"", {"config/web_server.py"}, "config.web_server"),
}  # fmt: skip
IN_TEMPLATES = re.compile(
    r"request\.(get_host|build_absolute_uri|scheme|META)|current_site|\bsite\.(domain|name)\b"
)


def list_code() -> Iterator[Path]:
    for folder in CODE:
        yield from (ROOT / folder).rglob("*.py")


@pytest.mark.parametrize("rule", RULES)
def test_a_thing_is_done_in_one_place(rule: str) -> None:
    pattern, allowed, instead = RULES[rule]
    found = [
        f"{name}:{number}: {line.strip()}"
        for file in list_code()
        if (name := str(file.relative_to(ROOT))) not in allowed
        for number, line in enumerate(file.read_text("utf-8").splitlines(), 1)
        if re.search(pattern, line.partition("  # ")[0]) and not line.lstrip().startswith("#")
    ]
    assert found == [], f"Use {instead}."


def test_readers_of_csv_do_not_write_it() -> None:
    for name in ("gpts/knowledge/extraction/tables/delimited.py", "gpts/evals/files.py"):
        assert not re.search(r"\.writer\(|DictWriter|writerow", (ROOT / name).read_text("utf-8")), name


def test_templates_use_the_base_url() -> None:
    found = [
        f"{file.relative_to(ROOT)}: {line.strip()}"
        for file in (ROOT / "templates").rglob("*")
        if file.is_file()
        for line in file.read_text("utf-8").splitlines()
        if IN_TEMPLATES.search(line)
    ]
    assert found == [], "Pass an address of core.links.absolute_url in the context."


def test_the_rules_find_what_they_forbid() -> None:
    examples = {
        "the Host header": "request.build_absolute_uri('/')",
        "the base URL": "settings.BASE_URL + path",
        "the client's address": 'request.META["REMOTE_ADDR"]',
        "CSV writers": "csv.writer(out)",
        "cursors": "base64.urlsafe_b64encode(json.dumps(values))",
        "mails": "EmailMessage(subject, body)",
        "a bare web server": 'run("uvicorn")',
    }
    assert {name for name, line in examples.items() if re.search(RULES[name][0], line)} == set(RULES)


def test_no_comment_of_a_template_is_shown() -> None:
    """A comment in braces ends with its line: of two lines, both would be text of the page."""
    shown = [
        f"{file.relative_to(ROOT)}:{number}"
        for file in sorted((ROOT / "templates").rglob("*.*"))
        for number, line in enumerate(file.read_text("utf-8").splitlines(), 1)
        if line.count("{#") != line.count("#}")
    ]

    assert not shown

"""Collects translatable strings, merges them into catalogues, compiles and checks them; needs no gettext."""

from __future__ import annotations

import io
import re
from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import DEFAULT_KEYWORDS, extract
from babel.messages.mofile import read_mo, write_mo
from babel.messages.pofile import read_po, write_po
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils.translation.template import templatize

KEYWORDS = {
    **DEFAULT_KEYWORDS,
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext_lazy": (1, 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext_lazy": ((1, "c"), 2, 3),
}
APPS = ("config", "core", "workspaces", "gpts", "marketplace", "reviews", "payouts")
PLACEHOLDER = re.compile(r"%\([a-zA-Z_][a-zA-Z0-9_]*\)[sd]|%[sd]|\{[a-z_]*\}")
LOCALES = ("zh_Hans",)


class Command(BaseCommand):
    help = "Update locale/*/LC_MESSAGES/django.po and .mo; with --check, only report what is wrong with them."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--check", action="store_true", help="change nothing, fail when something is missing"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        root = Path(settings.BASE_DIR)
        source = collect(root)
        faults: list[str] = []
        for locale in LOCALES:
            path = root / "locale" / locale / "LC_MESSAGES" / "django.po"
            catalogue = merge_catalogue(path, locale, source)
            if options["check"]:
                faults += [f"{locale}: {fault}" for fault in list_faults(catalogue, path)]
            else:
                save(catalogue, path)
                missing = sum(1 for message in catalogue if message.id and not is_translated(message))
                self.stdout.write(f"{locale}: {len(catalogue)} messages, {missing} without translation")
        if faults:
            raise CommandError(
                "\n".join([*faults, "Run script/messages, translate, and commit .po and .mo."])
            )


def collect(root: Path) -> Catalog:
    """Return every translatable string of the code and the templates, with its file."""
    source = Catalog()
    for path, text in iterate_sources(root):
        for line, message, comments, context in extract(
            "python", io.BytesIO(text.encode()), keywords=KEYWORDS, comment_tags=("Translators:",)
        ):
            source.add(message, None, [(path, line)], auto_comments=comments, context=context)
    return source


def iterate_sources(root: Path) -> Iterator[tuple[str, str]]:
    """Yield (path, Python-like text) of the project's own code and templates, in a stable order."""
    for app in APPS:
        for path in sorted((root / app).rglob("*.py")):
            if "migrations" not in path.parts:
                yield str(path.relative_to(root)), path.read_text()
    for path in sorted((root / "templates").rglob("*")):
        if path.suffix in (".html", ".txt") and "gallery" not in path.parts:
            name = str(path.relative_to(root))
            # Python's tokenizer needs consistent indentation, which templates do not have.
            lines = templatize(path.read_text(), origin=name).splitlines()
            yield name, "\n".join(line.lstrip() for line in lines)


def merge_catalogue(path: Path, locale: str, source: Catalog) -> Catalog:
    """Return the strings of ``source`` with the translations that the file at ``path`` has for them."""
    known = Catalog(locale=locale)
    if path.exists():
        with path.open("rb") as stream:
            known = read_po(stream, locale=locale)
    result = Catalog(locale=locale, project="Loggia", fuzzy=False)
    for message in source:
        if not message.id:
            continue
        before = known.get(message.id, message.context)
        string = before.string if before is not None and not before.fuzzy else None
        # References without line numbers: moving code must not change the catalogue.
        places = sorted({(place, 0) for place, _line in message.locations})
        result.add(message.id, string, places, message.flags, message.auto_comments, context=message.context)
    return result


def is_translated(message: Message) -> bool:
    strings = message.string if isinstance(message.string, tuple | list) else (message.string,)
    return all(strings)


def list_faults(catalogue: Catalog, path: Path) -> list[str]:
    """Return what is missing, unequal or out of date, one sentence each."""
    found = []
    for message in catalogue:
        if not message.id:
            continue
        text = message.id[0] if isinstance(message.id, tuple | list) else message.id
        if not is_translated(message):
            found.append(f"not translated: {text!r} ({message.locations[0][0]})")
        elif placeholders(message.id) != placeholders(message.string):
            found.append(f"placeholders differ: {text!r}")
    if not path.exists() or path.read_bytes() != render_catalogue(catalogue):
        found.append(f"{path.name} does not match the code and the templates")
    compiled = path.with_suffix(".mo")
    if not compiled.exists():
        found.append(f"{compiled.name} is missing")
    else:
        with compiled.open("rb") as stream:
            machine = read_mo(stream)
        expected = {_key(m): _strings(m) for m in catalogue if m.id and is_translated(m)}
        if {_key(m): _strings(m) for m in machine if m.id} != expected:
            found.append(f"{compiled.name} is older than {path.name}")
    return found


def _key(message: Message) -> tuple[str, ...]:
    """A .mo gives contexts as bytes and plural ids as lists."""
    context: Any = message.context or ""
    ids = message.id if isinstance(message.id, list | tuple) else [message.id]
    return (context.decode() if isinstance(context, bytes) else context, *ids)


def placeholders(text: Any) -> set[str]:
    parts = text if isinstance(text, tuple | list) else (text,)
    return {match for part in parts for match in PLACEHOLDER.findall(part or "")}


def _strings(message: Message) -> tuple[str, ...]:
    return tuple(message.string) if isinstance(message.string, tuple | list) else (str(message.string),)


def render_catalogue(catalogue: Catalog) -> bytes:
    stream = io.BytesIO()
    write_po(stream, catalogue, width=110, sort_output=True, include_lineno=False, omit_header=False)
    lines = stream.getvalue().split(b"\n")
    # Dates in the header would make every run a change.
    kept = [
        line
        for line in lines
        if not line.startswith((b'"POT-Creation-Date', b'"PO-Revision-Date', b"# Copyright", b"# FIRST"))
    ]
    return b"\n".join(kept)


def save(catalogue: Catalog, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(render_catalogue(catalogue))
    with path.with_suffix(".mo").open("wb") as stream:
        write_mo(stream, catalogue)

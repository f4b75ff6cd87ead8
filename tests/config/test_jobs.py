"""Background jobs are sent by name: every name is registered, and every task is sent or scheduled."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from config.celery import app
from embedded.paths import ROOT

SENDERS = ("enqueue_on_commit", "enqueue_now")
PRODUCT = ("core", "workspaces", "gpts", "marketplace", "reviews", "payouts")


def test_every_task_that_is_sent_is_registered() -> None:
    app.loader.import_default_modules()
    sent = set(sent_names()) | scheduled_names()
    assert sorted(sent - set(app.tasks)) == []


def test_every_task_is_sent_or_scheduled() -> None:
    app.loader.import_default_modules()
    own = {name for name in app.tasks if name.split(".")[0] in PRODUCT}
    assert sorted(own - set(sent_names()) - scheduled_names()) == []


def test_names_are_written_out_where_a_task_is_sent() -> None:
    """A computed name could not be checked by the two tests above."""
    computed = [place for place, name in sendings() if name is None]
    assert computed == []


def scheduled_names() -> set[str]:
    return {entry["task"] for entry in app.conf.beat_schedule.values()}


def sent_names() -> list[str]:
    return [name for _place, name in sendings() if name is not None]


def sendings() -> Iterator[tuple[str, str | None]]:
    for app_name in PRODUCT:
        for file in sorted((ROOT / app_name).rglob("*.py")):
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and getattr(node.func, "id", "") in SENDERS:
                    first = node.args[0] if node.args else None
                    value = getattr(first, "value", None)
                    name = value if isinstance(value, str) else None
                    yield f"{file.relative_to(ROOT)}:{node.lineno}", name

"""Background jobs are sent by name: every name is registered, and every task is sent or scheduled."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache

import pytest
import yaml

from config.celery import QUEUE_NAMES, app
from embedded.paths import ROOT
from embedded.start import WORKERS
from tests.support.jobs import load_tasks

SENDERS = ("enqueue_on_commit", "enqueue_now")
PRODUCT = ("core", "workspaces", "gpts", "marketplace", "reviews", "payouts")


def test_every_task_that_is_sent_is_registered() -> None:
    load_tasks()
    sent = set(sent_names()) | scheduled_names()
    assert sorted(sent - set(app.tasks)) == []


def test_every_task_is_sent_or_scheduled() -> None:
    load_tasks()
    own = {name for name in app.tasks if name.split(".")[0] in PRODUCT}
    assert sorted(own - set(sent_names()) - scheduled_names()) == []


def test_names_are_written_out_where_a_task_is_sent() -> None:
    """A computed name could not be checked by the two tests above."""
    computed = [place for place, name in sendings() if name is None]
    assert computed == []


# Jobs that services send to the queue of upkeep: short ones on data of our own. Work on what people send and
# waiting for other servers get a queue in config/celery.py, so that they delay neither upkeep nor mails nor
# money.
SENT_TO_UPKEEP = {
    "gpts.announce_content_access",
    "gpts.count_retention",
    "gpts.fill_insights_of_gpt",
    "gpts.note_model_answer",
    "gpts.transfer_gpts",
    "reviews.check_submission",
    "workspaces.apply_rules_to_person",
    "workspaces.join_by_domains",
    "workspaces.record_activity",
}


def test_every_task_that_a_service_sends_has_its_queue() -> None:
    assert {name for name in sent_names() if get_queue(name) == "celery"} == SENT_TO_UPKEEP


@pytest.mark.parametrize(
    ("task", "queue"),
    [
        ("reviews.deliver_notice", "mail"),
        ("workspaces.send_queued_mail", "mail"),
        ("payouts.calculate_close", "money"),
        ("gpts.read_files", "files"),
        ("gpts.ask_golden_prompt", "outbound"),
        ("gpts.embed_waiting", "search"),
        ("gpts.embed_attachments", "search"),
    ],
)
def test_mail_money_files_and_calls_have_queues_of_their_own(task: str, queue: str) -> None:
    assert get_queue(task) == queue


def test_every_queue_has_a_worker_and_mail_and_money_share_none_with_files() -> None:
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    in_compose = [
        service["command"][service["command"].index("--queues") + 1]
        for service in compose.values()
        if "--queues" in service.get("command", ())
    ]
    assert sorted(in_compose) == sorted(queues for _name, queues, _options in WORKERS)
    served = [set(queues.split(",")) for queues in in_compose]
    assert sorted(queue for queues in served for queue in queues) == sorted(QUEUE_NAMES)
    assert {"files"} in served


def get_queue(task: str) -> str:
    route = app.amqp.router.route({}, task)
    return str(getattr(route["queue"], "name", route["queue"])) if "queue" in route else "celery"


def scheduled_names() -> set[str]:
    return {entry["task"] for entry in app.conf.beat_schedule.values()}


def sent_names() -> list[str]:
    return [name for _place, name in sendings() if name is not None]


@cache
def sendings() -> tuple[tuple[str, str | None], ...]:
    return tuple(_find_sendings())


def _find_sendings() -> Iterator[tuple[str, str | None]]:
    for app_name in PRODUCT:
        for file in sorted((ROOT / app_name).rglob("*.py")):
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and getattr(node.func, "id", "") in SENDERS:
                    first = node.args[0] if node.args else None
                    value = getattr(first, "value", None)
                    name = value if isinstance(value, str) else None
                    yield f"{file.relative_to(ROOT)}:{node.lineno}", name

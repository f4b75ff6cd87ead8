"""Notifications read in their person's language of today, whatever they were sent in."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator

import pytest
from babel.messages.pofile import read_po
from django.test import Client
from django.utils import timezone, translation

from core.retelling import LONGEST, Phrase, retell
from embedded.paths import ROOT
from tests.support.factories.workspaces import UserFactory
from workspaces.models import Notification
from workspaces.notification_words import load_words, show_notification
from workspaces.services.notifications import notify

CHINESE = ROOT / "locale" / "zh_Hans" / "LC_MESSAGES" / "django.po"
STORED = [
    (
        "model_retiring",
        "The model Offline (quotes knowledge, no language model) ends on 4 Dec 2026",
        "2 GPTs of yours use it: Desk, 助手. Choose another model on their Configure tabs.",
        "模型 离线（引用知识，不用语言模型） 将于 2026年12月4日停用",
        "你有 2 个 GPT 使用它：Desk, 助手。请在“配置”标签页另选模型。",
    ),
    (
        "gpts.budget_warning",
        "Sales together: the warning mark of “Answers: a day” is passed",
        "The mark is 1,040 answers a day in Acme. New answers stop at 1 answer a day.",
        "Sales 合计：用量已达“Answers: a day”的预警值",
        "Acme 中的预警值为每天 1,040 次回答。上限为每天 1 次回答，达到后不再开始新的回答。",
    ),
    (
        "gpts.budget_warning",
        "You have passed the warning mark of “Money”",
        "The mark is $5.00 a month in Acme.",
        "你的用量已达“Money”的预警值",
        "Acme 中的预警值为每月 $5.00。",
    ),
    ("reviews.approval", "“A: b”: approved and listed", "", "“A: b”：已批准并上架", ""),
    (
        "reviews.outcome",
        "Your objection about “50%” has been decided",
        "",
        "你对“50%”的申诉已有结果",
        "",
    ),
    (
        "reviews.checker_down",
        "An automated check cannot run",
        "Submissions wait until “Copies of other GPTs” answers again. None is approved meanwhile.",
        "一项自动检查无法运行",
        "在“与其他 GPT 雷同”恢复之前，提交会一直等待。期间不会批准任何提交。",
    ),
    (
        "security.api_key_created",
        "An API key was made for your account",
        "Report script\n\n"
        "It acts as you until you revoke it. If this was not you, revoke it and change your password.",
        "你的账号新建了一个 API 密钥",
        "Report script\n\n在你撤销之前，它可以代表你操作。如果不是你本人操作，请撤销它并更改密码。",
    ),
    (
        "payouts.held",
        "Your payouts are on hold",
        "The bank asks for a document.",
        "你的付款已暂缓",
        "The bank asks for a document.",
    ),
    (
        "workspaces.domain_failing",
        "The DNS record of acme.example is missing",
        "Put it back by 4 Dec 2026, or the domain no longer belongs to your workspace.",
        "acme.example 的 DNS 记录不见了",
        "请在 2026年12月4日前恢复，否则这个域名将不再属于你的工作区。",
    ),
    ("knowledge_refused", "“a.docm” was refused", "An older text.", "“a.docm”被拒收", "An older text."),
    ("of_another_version", "Your payouts are on hold", "", "Your payouts are on hold", ""),
]


@pytest.mark.parametrize(("kind", "title", "body", "chinese_title", "chinese_body"), STORED)
def test_a_notification_that_was_sent_in_english_reads_in_chinese_and_back(
    kind: str, title: str, body: str, chinese_title: str, chinese_body: str
) -> None:
    with translation.override("zh-hans"):
        shown = show_notification(Notification(kind=kind, title=title, body=body))
    assert (shown.title, shown.body) == (chinese_title, chinese_body)

    with translation.override("en"):
        again = show_notification(Notification(kind=kind, title=shown.title, body=shown.body))
    assert (again.title, again.body) == (title, body)


@pytest.mark.django_db
def test_the_page_shows_notifications_in_the_language_of_its_reader(client: Client) -> None:
    person = UserFactory.create(language="zh-hans")
    note = notify(
        user=person,
        kind="reviews.receipt",
        title="We received your report about “<b>”",
        at=timezone.now(),
        url="/reviews/reports/1",
    )
    client.force_login(person)

    page = client.get("/settings/notifications/").content.decode()

    assert "我们已收到你对“&lt;b&gt;”的举报" in page
    assert "We received" not in page
    assert Notification.objects.get(pk=note.pk).title == "We received your report about “<b>”"


def list_messages(phrases: tuple[Phrase, ...]) -> Iterator[str]:
    for phrase in phrases:
        for message in phrase.messages:
            yield message if isinstance(message, str) else message[0]
        for value in phrase.values.values():
            if not callable(value):
                yield from list_messages(value)


def test_the_messages_of_notifications_are_those_that_are_sent() -> None:
    """The catalogue has them from where they are sent; another wording there must be added in the words."""
    with CHINESE.open("rb") as stream:
        catalogue = read_po(stream, locale="zh_Hans")
    named = {
        message
        for words in load_words().values()
        for message in list_messages((*words.titles, *words.paragraphs))
    }
    assert [message for message in sorted(named) if message not in catalogue] == []
    assert len(named) > 40


def test_long_hostile_texts_are_shown_as_they_are_in_no_time() -> None:
    """The time to match grows with the third power of the length where a message has three values."""
    tried = 0
    for words in load_words().values():
        for phrase in (*words.titles, *words.paragraphs):
            for message in phrase.messages:
                pieces = re.split(r"%\(\w+\)[sd]", message if isinstance(message, str) else message[0])
                if len(pieces) < 3:
                    continue
                text = (pieces[0] + ("x" + "".join(pieces[1:-1])) * 2_000)[:8_000]
                started = time.process_time()
                assert retell(text, [phrase]) == text
                retell(text[:LONGEST], [phrase])
                assert time.process_time() - started < 1
                tried += 1
    assert tried > 5


def test_no_message_is_longer_than_what_is_matched() -> None:
    for words in load_words().values():
        for phrase in (*words.titles, *words.paragraphs):
            texts = [message if isinstance(message, str) else message[1] for message in phrase.messages]
            # Names and amounts come to this.
            assert len(" ".join(texts)) < LONGEST - 200, texts

"""Mails of moderation: in the layout of all mails, both languages, with names and links instead of ids."""

from __future__ import annotations

import re
from uuid import UUID, uuid4

import pytest
from django.template.loader import render_to_string
from django.utils import translation

from core.links import absolute_url
from reviews.models import Notice
from reviews.notice_mails import build_notice_mail
from reviews.states import NoticeKind
from workspaces.mail_text import render_mail

DECISION = UUID(int=7)
FACTS = {
    "en": {
        "subject": "Letter writer", "version": 3, "circumstances": "It copies <b>another</b> GPT.",
        "restriction": "not listed", "scope": "Everywhere on this store", "duration": "Until a new version",
        "source": "People reported it", "redress": "You can object.", "automated_decision": False,
        "policies": [{"title": "Honest", "text": "Say what it does."}],
    },
    "zh-hans": {
        "subject": "写信助手", "version": 3, "circumstances": "它照搬了另一个 <b>GPT</b>。",
        "restriction": "未上架",
        "scope": "全站", "duration": "直到新版本", "source": "有人举报", "redress": "你可以提出异议。",
        "automated_decision": False, "policies": [{"title": "诚实", "text": "说明用途。"}],
    },
}  # fmt: skip
REPORT = {"pk": uuid4(), "get_category_display": "Spam", "explanation": "It is spam."}


def write(template: str, language: str, *, link: str) -> Notice:
    """The notice as reviews.services.notices writes it, without a database."""
    facts = FACTS[language]
    with translation.override(language):
        body = render_to_string(
            f"reviews/notices/{template}.txt",
            {
                "person": {"display_name": "Ada"}, "facts": facts, "url": link, "name": facts["subject"],
                "rules_url": absolute_url("/rules"), "profile_url": absolute_url("/builders/ada"),
                "report": REPORT, "is_negative": True, "outcome": facts["restriction"], "overturned": True,
                "reasoning": facts["circumstances"],
            },
        )  # fmt: skip
    is_decision = "/decisions/" in link
    return Notice(
        kind=NoticeKind.OUTCOME,
        language=language,
        subject=f"“{facts['subject']}”",
        body=body,
        decision_id=DECISION if is_decision else None,
        recipient_id=1 if is_decision else None,
        email="ada@example.test",
    )


@pytest.mark.parametrize("language", ["en", "zh-hans"])
@pytest.mark.parametrize("template", ["statement", "approval", "appeal", "outcome", "receipt"])
def test_a_notice_is_a_mail_like_the_others(
    template: str, language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    is_report = template in ("outcome", "receipt")
    page = f"/reviews/reports/{REPORT['pk']}" if is_report else f"/reviews/decisions/{DECISION}"
    link = absolute_url(page)
    notice = write(template, language, link=link)

    text = build_notice_mail(notice)
    with translation.override(language):
        mail = render_mail(text)

    assert (text.link.partition("?key=")[0], "?key=" in text.link) == (link, not is_report)
    assert text.label == {
        "en": ("See the decision", "See your report"), "zh-hans": ("查看决定", "查看你的举报"),
    }[language][is_report]  # fmt: skip
    assert mail.html.count(f'href="{link}') == 1
    assert f'lang="{"en" if language == "en" else "zh-hans"}"' in mail.html
    name = str(FACTS[language]["subject"])
    assert name in mail.body and name in mail.html
    assert "<b>" not in mail.html
    # No ids but in the address of the page, and all addresses lead to this place.
    addresses = re.findall(r"https?://[^\s<>\"]+", mail.body)
    assert addresses and all(address.startswith(absolute_url("/").rstrip("/")) for address in addresses)
    words = re.sub(r"https?://\S+", "", mail.body)
    assert not re.search(r"[0-9a-f]{8}-[0-9a-f]{4}", words)
    if language == "zh-hans":
        assert re.findall(r"[A-Za-z]{4,}", re.sub(r"Loggia|Spam|It is spam", "", words)) == []


def test_a_statement_has_headings_and_links_its_rules() -> None:
    notice = write("statement", "en", link=absolute_url(f"/reviews/decisions/{DECISION}"))

    html = render_mail(build_notice_mail(notice)).html

    headings = re.findall(r"<h2[^>]*>([^<]+)</h2>", html)
    assert headings == ["Why", "The rules that this is based on", "If you disagree"]
    assert 'href="http://localhost:8000/rules"' in html
    assert "It copies &lt;b&gt;another&lt;/b&gt; GPT." in html


def test_a_visitor_who_cannot_sign_in_gets_the_number_of_the_report() -> None:
    notice = write("receipt", "en", link="")

    text = build_notice_mail(notice)

    assert text.link == ""
    assert f"Number of your report: {REPORT['pk']}" in render_mail(text).body

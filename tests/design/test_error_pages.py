"""The pages for errors that may come with a database that does not answer: this module has none."""

from __future__ import annotations

import re

import pytest
from django.template.loader import render_to_string
from django.utils import translation

FRAME = re.compile(r"<title>.*?</title>|<h1.*?</h1>|(?s:<p class=\"error-page__(?:text|code).*?</p>)")


@pytest.mark.parametrize(
    ("language", "page", "title", "text", "link"),
    [
        ("en", "500", "Something broke on our side", "look first whether it is there", "Try again"),
        ("en", "503", "Not available right now", "Try again &lt;soon&gt;.", "Try again"),
        ("zh-hans", "500", "服务出错了", "请先看看是否已保存", "重试"),
        ("zh-hans", "503", "暂时不可用", "Try again &lt;soon&gt;.", "重试"),
        ("en", "400", "This request cannot be read", "is damaged. Go back", "Go to the store"),
        ("zh-hans", "400", "无法读取这个请求", "有一部分损坏", "去商店看看"),
    ],
)
def test_an_error_page_needs_neither_request_nor_database(
    language: str, page: str, title: str, text: str, link: str
) -> None:
    with translation.override(language):
        html = render_to_string(f"{page}.html", {"text": "Try again <soon>."})

    assert f'<html lang="{language}">' in html
    assert f"<title>{title} · Loggia</title>" in html
    assert re.search(rf'<h1 class="error-page__title">\s*{title}\s*</h1>', html)
    assert text in html
    assert re.search(rf'<a class="button button--primary" href="/?">{link}</a>', html)
    assert f">{page}</p>" in html
    assert html.count("css/loggia.css") == 1


def test_the_error_pages_differ_only_in_their_words() -> None:
    first, second = (
        FRAME.sub("", render_to_string(f"{page}.html", {"text": "x"})) for page in ("500", "503")
    )

    assert first.split() == second.split()

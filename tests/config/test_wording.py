"""What texts must do alike in all places: the Chinese form of address, numbers, dates and lists."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from babel.messages.pofile import read_po

from embedded.paths import ROOT

CHINESE = ROOT / "locale" / "zh_Hans" / "LC_MESSAGES" / "django.po"
# A control has the format that the browser or the form reads, so `value="…"` may use these.
RAW_FORMAT = re.compile(r"\|\s*(date|time|floatformat|intcomma|localize|unlocalize|naturaltime|timesince)\b")
VALUE = re.compile(r'\bvalue="[^"]*"')
RAW_LIST = re.compile(r"""\|\s*join:(["']),""")


def list_template_lines() -> Iterator[tuple[str, str]]:
    for file in sorted((ROOT / "templates").rglob("*")):
        if file.suffix in (".html", ".txt"):
            for number, line in enumerate(file.read_text("utf-8").splitlines(), 1):
                yield f"{file.relative_to(ROOT)}:{number}", line


def find(pattern: re.Pattern[str]) -> list[str]:
    return [place for place, line in list_template_lines() if pattern.search(VALUE.sub("", line))]


def test_the_chinese_texts_have_one_word_for_you() -> None:
    """CONTRIBUTING.md says which, under Conventions."""
    with CHINESE.open("rb") as stream:
        catalogue = read_po(stream, locale="zh_Hans")
    texts = [
        text
        for entry in catalogue
        for text in ([entry.string] if isinstance(entry.string, str) else entry.string)
    ]

    assert [text for text in texts if "您" in text] == []
    assert len([text for text in texts if "你" in text]) > 300


# Where an account holds money, Chinese has 账户; where one signs in with it, 账号.
OF_MONEY = re.compile(
    r"payout account|bank|IBAN|credit|earnings go|nothing is paid|nothing is paid before|of finance"
    r"|^(Change|Save) account$|^Account (changed|not checked)|^The account of %\(name\)s is updated",
    re.IGNORECASE,
)
# Tokens of text keep their name; these are secrets.
SECRET_TOKENS = {
    "%(who)s created the token %(what)s of the identity provider.",
    "Passwords, keys, tokens, secrets of identity providers and model providers, links of invitations:"
    " whoever has the file must not be able to act with them.",
    "%(who)s revoked the token %(what)s of the identity provider.",
    "Looks like a password or token",
    "Make a token",
    "Make the token",
    "Revoke token",
    "The token is revoked and works no more.",
    "There are 10 tokens. Revoke one that you no longer use.",
    "There is no token yet: no identity provider is connected.",
    "Token",
    "Token of the identity provider made",
    "Token of the identity provider revoked",
    "Tokens for directory sync",
    "Your new token",
    "a token",
}


def list_chinese() -> list[tuple[str, str]]:
    """Return every text of the catalogue with its first translation."""
    with CHINESE.open("rb") as stream:
        catalogue = read_po(stream, locale="zh_Hans")
    pairs = []
    for entry in catalogue:
        source, text = (
            value if isinstance(value, str) else (value or ("",))[0] for value in (entry.id, entry.string)
        )
        pairs.append((source, text))
    return pairs


def test_accounts_of_money_and_of_people_are_two_words_in_chinese() -> None:
    pairs = list_chinese()
    assert [source for source, text in pairs if "账户" in text and not OF_MONEY.search(source)] == []
    assert len([source for source, text in pairs if "账号" in text]) > 80
    assert len([source for source, text in pairs if "收款账户" in text]) > 8


def test_tokens_of_text_are_called_so_in_chinese() -> None:
    assert {source for source, text in list_chinese() if "令牌" in text} == SECRET_TOKENS


# The word that is used, and those that meant the same.
ONE_WORD = {
    "创建者": ("创作者", "制作者"),
    "个案": ("案件",),
    "服务商": ("提供商", "提供方", "供应商"),
    "运维人员": ("运营者", "运营方", "运营人员"),
    "恢复码": ("恢复代码",),
    "两步验证": ("双重验证", "二次验证", "双因素"),
    "邮箱": ("电子邮件", "电邮"),
    "本站": ("本实例", "此实例", "本店"),
    "对话": ("聊天",),
    "联网搜索": ("网页搜索",),
    "暂缓": ("暂扣",),
    "已认证创建者": ("已验证创建者",),
}


def test_one_thing_has_one_word_in_chinese() -> None:
    texts = [text for _source, text in list_chinese()]
    others = [word for words in ONE_WORD.values() for word in words]
    assert [text for text in texts if any(word in text for word in others)] == []
    assert all(any(word in text for text in texts) for word in ONE_WORD)


def test_to_duplicate_and_to_copy_are_two_words_in_chinese() -> None:
    with CHINESE.open("rb") as stream:
        catalogue = read_po(stream, locale="zh_Hans")

    assert (catalogue["Duplicate"].string, catalogue["Copy"].string) == ("创建副本", "复制")


def test_templates_format_numbers_and_dates_by_the_filters_of_the_project() -> None:
    assert find(RAW_FORMAT) == [], "Use number, money, percent, day, month, exact_time or utc_time."


def test_templates_join_lists_as_the_language_does() -> None:
    assert find(RAW_LIST) == [], 'Use join:_(", ").'


@pytest.mark.parametrize(
    ("line", "is_found"),
    [
        ('{{ share.created_at|date:"DATE_FORMAT" }}', True),
        ("{{ average|floatformat:1 }}", True),
        ("<input value=\"{{ file.review_on|date:'Y-m-d' }}\">", False),
        ("{{ file.review_on|day }}", False),
        ("{{ row.date }}", False),
    ],
)
def test_the_rule_finds_what_it_forbids(line: str, is_found: bool) -> None:
    assert bool(RAW_FORMAT.search(VALUE.sub("", line))) == is_found

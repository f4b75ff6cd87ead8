"""What is read of text in markup: Markdown, HTML, JSON, mails, subtitles, notebooks, LaTeX and others."""

from __future__ import annotations

import json

import pytest

from gpts.knowledge.extraction import Remark, RemarkCode, UnreadableError
from tests.support.extraction import read_here


@pytest.mark.parametrize(
    ("text", "found"),
    [
        # Front matter: the title stands above all headings, the rest is no text.
        ("---\ntitle: >-\n  Harbour\nauthor: x\n...\nOpen.\n", [("Harbour", "Open.")]),
        ('+++\ntitle = "Harbour"\n+++\n# Hours\n\nSeven.\n', [("Harbour › Hours", "Seven.")]),
        ("---\ntitle: Hours\n---\n# Hours\n\nSeven.\n", [("Hours", "Seven.")]),
        ("---\ntitle: Only a title\n---\n", [("", "Only a title")]),
        (
            "---\nJust a line between rules.\n---\n\nText.\n",
            [("", "--- Just a line between rules.\n---"), ("", "Text.")],
        ),
        ("---\n\nNever: closed\n", [("", "---"), ("", "Never: closed")]),
        # Headings.
        ("A title\nover two lines\n===\n\nText.\n", [("A title over two lines", "Text.")]),
        ("- item\n---\n\nText.\n", [("", "- item\n---"), ("", "Text.")]),
        ("| a | b |\n| --- | --- |\n| 1 | 2 |\n", [("", "| a | b |\n| --- | --- |\n| 1 | 2 |")]),
        ("  ## Indented {#anchor}\n\nText.\n", [("Indented", "Text.")]),
        ("# A\n## B\n### C\n# D\n", [("A › B", "C"), ("", "D")]),
        # Comments.
        ("Price <!-- secret --> 9.\n", [("", "Price  9.")]),
        ("<!-- one\n\ntwo -->\nText.\n", [("", "Text.")]),
        ("Write `<!-- x -->` so.\n", [("", "Write `<!-- x -->` so.")]),
        ("```\n<!-- kept -->\n```\n", [("", "```\n<!-- kept -->\n```")]),
        ("Text.\n\n<!-- never closed\n\nand more\n", [("", "Text."), ("", "never closed"), ("", "and more")]),
        ("~~~~\n~~~\n# no heading\n~~~~\n", [("", "~~~~\n~~~\n# no heading\n~~~~")]),
    ],
)
def test_markdown(text: str, found: list[tuple[str, str]]) -> None:
    assert read_here("a.md", text.encode())[0] == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("<nav>Menu</nav><p>Text.</p>", ["Text."]),
        ("<p>One <svg><text>x</text></svg> two.</p>", ["One two."]),
        ("<div><aside><nav><ul><li>Home</ul></div><p>Text.</p>", ["Home", "Text."]),
        ("<p>First.</p><template><h2>T</h2><p>Second.</p>", ["First.", "Second."]),
        ("<h1>Title<p>Text.</p>", ["Text."]),
        ("<h1>Alone</h1><h1>Two</h1><p>Text.</p>", ["Alone", "Text."]),
        ("<pre>a\n  b<br>c\n</pre><p>d\ne</p>", ["a\n  b\nc", "d e"]),
        ("<p><ruby>倉庫<rp>(</rp><rt>そうこ</rt><rp>)</rp></ruby>は</p>", ["倉庫は"]),
        ("<p><ruby>倉庫<rt>そうこ</ruby>は</p>", ["倉庫は"]),
    ],
)
def test_html(text: str, found: list[str]) -> None:
    assert [part for _heading, part in read_here("a.html", text.encode())[0]] == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('{"a": 1, // note\n "b": "x", /* more */ }', [("a", "1"), ("b", "x")]),
        ("{'a': 'it\\'s', b: True, c: None,}", [("a", "it's"), ("b", "True")]),
        ('{"a": NaN, "b": -Infinity, "c": 1.5}', [("c", "1.5")]),
        ('\ufeff{"a": "x"}', [("a", "x")]),
        ('{"a": 1}\n{"a": 2}\n', [("a", "1"), ("a", "2")]),
        ('[{"k": "x"}, {"k": "y",}, {"k": "z"}]', [("", "k: x"), ("", "k: y"), ("", "k: z")]),
        ('{"a": "\\ud83d"}', [("a", "?")]),
        ('{"a": "line\nend"}', [("a", "line\nend")]),
        ("# settings\n{a: 0x1F}", [("a", "0x1F")]),
    ],
)
def test_json_as_people_write_it(text: str, found: list[tuple[str, str]]) -> None:
    assert read_here("a.json", text.encode()) == (found, [])


def test_json_that_is_cut_off_is_read_as_far_as_it_goes() -> None:
    found, remarks = read_here("a.json", b'{"a": "first", "b": ["second", "thi')

    assert found == [("a", "first"), ("b", "second")]
    assert remarks == [Remark(RemarkCode.FILE_REPAIRED)]


def test_json_in_another_charset() -> None:
    assert read_here("a.json", '{"a": "Größe"}'.encode("utf-16"))[0] == [("a", "Größe")]


@pytest.mark.parametrize("text", ["{not json", "[1}", '{"a" "b"}', "hello world", '{"a": [}'])
def test_what_is_no_json_is_refused(text: str) -> None:
    with pytest.raises(UnreadableError) as problem:
        read_here("a.json", text.encode())

    assert problem.value.code == "malformed"


@pytest.mark.parametrize(
    ("text", "texts", "numbers"),
    [
        ('{"a": 1},\n{"a": 2}\n', ["a: 1", "a: 2"], ()),
        ('bad\n{"a": 1}\nbad\nworse\n', ["a: 1"], ((1, 1), (3, 4))),
        ('{\n"a": 1,\n"b": 2\n}\n', ["1", "2"], ()),
        ('{"a": NaN, "b": 1}\n', ["a: nan\nb: 1"], ()),
    ],
)
def test_json_lines(text: str, texts: list[str], numbers: tuple[tuple[int, int], ...]) -> None:
    found, remarks = read_here("a.jsonl", text.encode())

    assert [part for _heading, part in found] == texts
    assert [remark.ranges for remark in remarks] == ([numbers] if numbers else [])


def test_an_mdx_page_without_its_code() -> None:
    text = 'import X from "x"\nexport const y = 1\n\n# Hours\n\n<Note kind="a">\n\nSeven.\n\n</Note>\n'

    assert read_here("a.mdx", text.encode())[0] == [("Hours", "Seven.")]


def test_restructuredtext() -> None:
    text = (
        "=====\nDepot\n=====\n\n.. note:: Mind the gap.\n\n.. a comment\n   that goes on\n\nHours\n-----\n\n"
        "See :ref:`the gate <gate>` at seven.\n\n.. toctree::\n   a\n\nParking\n-------\n"
    )

    assert read_here("a.rst", text.encode())[0] == [
        ("Depot", "Mind the gap."),
        ("Depot › Hours", "See the gate at seven."),
        ("Depot", "Parking"),
    ]


def test_asciidoc() -> None:
    text = (
        "= Depot\n:toc:\n\n// comment\n////\nsecret\n////\n== Hours\n\n[NOTE]\nSeven.\n\n----\n=="
        " code\n----\n\n"
        ".Table\n|===\n|Part |Bin\n|Bolt |K4\n|===\n"
    )

    assert read_here("a.adoc", text.encode())[0] == [
        ("Depot › Hours", "Seven."),
        ("Depot › Hours", "== code"),
        ("Depot › Hours", "Table"),
        ("Depot › Hours", "|Part |Bin\n|Bolt |K4"),
    ]


def test_org() -> None:
    text = (
        "#+TITLE: Depot\n# comment\n* TODO Hours :tag:\n:PROPERTIES:\n:ID: 1\n:END:\nSeven.\n** Gate\n"
        "#+BEGIN_COMMENT\nsecret\n#+END_COMMENT\nCode 4417.\n"
    )

    assert read_here("a.org", text.encode())[0] == [
        ("Depot › Hours", "Seven."),
        ("Depot › Hours › Gate", "Code 4417."),
    ]


def test_latex() -> None:
    text = (
        "\\documentclass{article}\n\\usepackage[utf8]{inputenc}\n\\title{Depot"
        " rules}\n\\begin{document}\n\\maketitle\n"
        '\\section{Hours}\nOpen at \\textbf{seven} % secret\nfor 50\\% of staff in K\\"oln.\n\n'
        "\\subsection{Gate}\n"
        "Code $x^2$, see \\href{http://x}{here}.\n\\begin{itemize}\n\\item"
        " One\n\\end{itemize}\n\\end{document}\nlost\n"
    )

    assert read_here("a.tex", text.encode())[0] == [
        ("Depot rules › Hours", "Open at seven\nfor 50% of staff in Köln."),
        ("Depot rules › Hours › Gate", "Code $x^2$, see here.\nOne"),
    ]


def test_subtitles() -> None:
    srt = (
        "1\n00:00:01,000 --> 00:00:02,000\nThe depot\nopens\n\n2\n00:00:03,000 -->"
        " 00:00:04,000\n<i>at seven.</i>\n\n"
        "3\n01:00:05,000 --> 01:00:06,000\nLater.\n"
    )
    vtt = (
        "WEBVTT\n\nNOTE internal\nsecret\n\nSTYLE\n::cue {}\n\nintro\n00:01.000 --> 00:02.000 align:start\n"
        "<v Ann>Hello <c.red>all</c>.\n"
    )

    assert read_here("a.srt", srt.encode())[0] == [
        ("", "[0:00:01] The depot opens at seven."),
        ("", "[1:00:05] Later."),
    ]
    assert read_here("a.vtt", vtt.encode())[0] == [("", "[0:00:01] Ann: Hello all.")]


def test_a_notebook() -> None:
    cells = [
        {"cell_type": "markdown", "source": ["# Depot\n", "Text."]},
        {
            "cell_type": "code",
            "source": "print(1)",
            "outputs": [
                {"output_type": "stream", "text": ["1\n"]},
                {"output_type": "execute_result", "data": {"text/plain": "2", "image/png": "xxx"}},
                {"output_type": "error", "ename": "ValueError", "evalue": "bad", "traceback": ["long"]},
            ],
        },
    ]
    new = {"cells": cells, "nbformat": 4}
    old = {
        "worksheets": [{"cells": [{"cell_type": "heading", "level": 2, "source": "Hours"}, cells[1]]}],
        "nbformat": 3,
    }

    code = ["print(1)", "1", "2", "ValueError: bad"]
    assert read_here("a.ipynb", json.dumps(new).encode())[0] == [("Depot", text) for text in ["Text.", *code]]
    assert read_here("a.ipynb", json.dumps(old).encode())[0] == [("Hours", text) for text in code]


MAIL = (
    "Subject: =?iso-8859-1?q?Gr=F6=DFe?= of the\n depot\nFrom: Ann <ann@example.com>\nTo: Bob\n"
    "Date: Mon, 05 Jan 2026 10:30:00 +0100\nMIME-Version: 1.0\n"
)


@pytest.mark.parametrize(
    ("body", "texts", "names"),
    [
        ("Content-Type: text/plain; charset=utf-8\n\nHello.\n\nSecond.\n", ["Hello.", "Second."], ()),
        (
            "Content-Type: text/plain; charset=euc-kr\nContent-Transfer-Encoding: base64\n\nx9Gxub7u\n",
            ["한국어"],
            (),
        ),
        ("Content-Type: text/html; charset=utf-8\n\n<p>One</p><p>Two</p>\n", ["One", "Two"], ()),
        (
            "Content-Type: multipart/alternative; boundary=b\n\n--b\nContent-Type:"
            " text/plain\n\nPlain.\n--b\n"
            "Content-Type: text/html\n\n<p>Rich.</p>\n--b--\n",
            ["Plain."],
            (),
        ),
        (
            "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain\n\nSee the"
            " file.\n--b\n"
            'Content-Type: application/pdf\nContent-Disposition: attachment; filename="a.pdf"\n\nxx\n--b--\n',
            ["See the file."],
            ("a.pdf",),
        ),
        ("Content-Type: text/plain; format=flowed\n\nOne line \ngoes on.\n", ["One line goes on."], ()),
    ],
)
def test_a_mail(body: str, texts: list[str], names: tuple[str, ...]) -> None:
    found, remarks = read_here("a.eml", (MAIL + body).encode())

    head = "Subject: Größe of the depot\nFrom: Ann <ann@example.com>\nTo: Bob\nDate: 2026-01-05 10:30"
    assert found[0] == ("Größe of the depot", head)
    assert [text for _heading, text in found[1:]] == texts
    assert [remark.names for remark in remarks if remark.code == RemarkCode.EMBEDDED_FILES] == (
        [names] if names else []
    )


def test_rich_text() -> None:
    text = (
        r"{\rtf1\ansi\ansicpg1252\deff0{\fonttbl{\f0 Arial;}{\f1\fcharset134 SimSun;}{\f2"
        r"\fcharset204 Arial Cyr;}}"
        r"{\stylesheet{\s1 heading 1;}{\s2 Normal;}}{\info{\title Secret}}{\*\generator Word;}"
        r"\pard\s1 Hours\par\pard\s2 Gr\'f6\'dfe \u20179?\u24211?; {\f1\'b2\'d6\'bf\'e2}, {\f2"
        r"\'f1\'ea}{\v hidden}."
        r"\par{\field{\*\fldinst HYPERLINK x}{\fldrslt link}}\line end\par\trowd a\cell b\cell"
        r"\row\outlinelevel1 Sub\par\pard x}"
    )

    assert read_here("a.rtf", text.encode())[0] == [
        ("Hours", "Größe 仓库; 仓库, ск."),
        ("Hours", "link\nend"),
        ("Hours", "a · b"),
        ("Hours › Sub", "x"),
    ]

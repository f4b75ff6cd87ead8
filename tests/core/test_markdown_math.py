"""Formulas in markdown: told apart from money, and never a way to inject markup."""

from __future__ import annotations

import re
import time

import pytest

from core.markdown import plain, render

PI = "<mi>π</mi>"


@pytest.mark.parametrize(
    "text",
    [
        "$\\pi$",
        "\\(\\pi\\)",
        "so $\\pi$.",
        "设$\\pi$，则",
        "($\\pi$)",
        "- $\\pi$",
        "> \\(\\pi\\)",
        "| a |\n|-|\n| $\\pi$ |",
    ],
)
def test_inline_formulas(text: str) -> None:
    html = render(text)
    assert '<math display="inline">' in html
    assert PI in html


@pytest.mark.parametrize(
    "text",
    [
        "$$\\pi$$",
        "$$\n\\pi\n$$",
        "\\[\\pi\\]",
        "\\[\n\\pi\n\\]",
        "Then\n$$\n\\pi\n$$\nends.",
        "so $$\\pi$$ here",
    ],
)
def test_block_formulas(text: str) -> None:
    html = render(text)
    assert '<math display="block">' in html
    assert PI in html
    assert "$" not in html


@pytest.mark.parametrize(
    "text",
    [
        "$5 and $10",
        "between $5 or 10$ each",
        "US$5/US$6",
        "A$5 vs B$6",
        "it costs $ 5 and $ 6",
        "\\$x\\$",
        "one $",
        "$5.00–$10.00",
        "$",
        "$$",
        "$$$$",
        "a $x\n\ny$ b",
    ],
)
def test_money_and_single_dollar_signs_stay_text(text: str) -> None:
    html = render(text)
    assert "<math" not in html
    assert html.count("$") == text.count("$")


def test_code_is_not_a_formula() -> None:
    html = render("`$x$` and\n\n```\n$$y$$\n\\(z\\)\n```\n\n    $w$")
    assert "<math" not in html


def test_environments_that_language_models_use() -> None:
    html = render("\\[\n\\begin{aligned}\na &= b \\\\\nc &< d\n\\end{aligned}\n\\]")
    assert html.count("<mtr>") == 2
    assert "<mo>&lt;</mo>" in html


@pytest.mark.parametrize(
    "source",
    [
        "\\text{<img src=x onerror=alert(1)>}",
        "\\text{</mtext></math><script>alert(1)</script>}",
        "\\href{javascript:alert(1)}{x}",
        "\\class{button}{x}",
        "\\style{background:url(//evil.example)}{x}",
        "\\includegraphics{//evil.example/x.png}",
        "\\color{red;background:url(//evil.example)}{x}",
        "<mglyph src=//evil.example/x.png>",
        "<annotation-xml encoding=text/html><svg onload=alert(1)>",
        "\\text{&lt;script&gt;}",
        "\\unicode{x3c}script",
        "]]><script>",
        "\ue000script\ue001",
    ],
)
def test_a_formula_cannot_inject_markup(source: str) -> None:
    for text in (f"${source}$", f"$$\n{source}\n$$", f"\\({source}\\)"):
        html = render(text)
        tags = set(re.findall(r"<(/?[a-zA-Z][\w-]*)", html))
        assert not tags & {"script", "img", "svg", "mglyph", "annotation-xml", "a", "style"}, html
        assert not re.search(
            r"<[^>]*\s(?:href|src|style|class|on\w+)=", html.replace('<div class="math"', "<div")
        ), html


@pytest.mark.parametrize(
    "source", ["\\frac", "x^", "{" * 900, "\\begin{matrix}", "a" * 3_000, "\\left(", "x^2^3"]
)
def test_an_invalid_formula_is_shown_as_its_source(source: str) -> None:
    html = render(f"$${source}$$")
    assert "<math" not in html
    assert source.strip()[:40] in html


@pytest.mark.parametrize(
    "text",
    [
        "$a " * 60_000,
        "$" * 200_000,
        "\\(" * 100_000,
        "\\$" * 100_000,
        "$$\n" * 60_000,
        "$\\$" * 60_000,
        "\\[ x\n" * 40_000,
        "$x$ " * 50_000,
        "$" + "\\frac{1}{" * 200 + "}" * 200 + "$",
    ],
    ids=range(9),
)
def test_hostile_text_takes_linear_time(text: str) -> None:
    begun = time.process_time()
    render(text)
    assert time.process_time() - begun < 8


def test_plain_text_keeps_the_source_of_formulas() -> None:
    assert plain("Area $\\pi r^2$ of it") == "Area \\pi r^2 of it"

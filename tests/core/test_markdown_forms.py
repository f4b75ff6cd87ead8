"""What models write beyond CommonMark: emphasis beside Chinese, line ends, tags, formulas, prices."""

from __future__ import annotations

import re

import pytest

from core.markdown_renderer import render_html

LABELS = {
    "copy": "Copy",
    "copied": "Copied",
    "image": "Image",
    "table": "Table",
    "columns": "Table: %(columns)s",
    "comma": ", ",
}


def render(text: str) -> str:
    return render_html(text, LABELS).replace("\n", "")


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("**注意：**请先登记。", "<p><strong>注意：</strong>请先登记。</p>"),
        ("请**“登记”**后来。", "<p>请<strong>“登记”</strong>后来。</p>"),
        ("これは**強調（注）**です。", "<p>これは<strong>強調（注）</strong>です。</p>"),
        ("这是*重要！*的", "<p>这是<em>重要！</em>的</p>"),
        ("~~删除，~~保留", "<p><s>删除，</s>保留</p>"),
        ('a**"x"**b', '<p>a**"x"**b</p>'),
        ("2 * 3 * 4", "<p>2 * 3 * 4</p>"),
        ("snake_case_name", "<p>snake_case_name</p>"),
        ("Line one\nLine two", "<p>Line one<br>Line two</p>"),
        ("one<br>two<br/>three", "<p>one<br>two<br>three</p>"),
        ("H<sub>2</sub>O, m<sup>2</sup>", "<p>H<sub>2</sub>O, m<sup>2</sup></p>"),
        ("<kbd>Ctrl</kbd> <b>b</b> <I>i</I>", "<p><kbd>Ctrl</kbd> <strong>b</strong> <em>i</em></p>"),
        ("`<br>` stays", "<p><code>&lt;br&gt;</code> stays</p>"),
        ("x <sub>never closed", "<p>x &lt;sub&gt;never closed</p>"),
        ("</sup> alone", "<p>&lt;/sup&gt; alone</p>"),
        ("<sub onclick=alert(1)>x</sub>", "<p>&lt;sub onclick=alert(1)&gt;x&lt;/sub&gt;</p>"),
        ("<details><summary>T</summary>text</details>",
         "<details><summary>T</summary><p>text</p></details>"),
        ("<details>\n<summary>T **b**</summary>\n\n- a\n\n</details>\n\nend",
         "<details><summary>T <strong>b</strong></summary><ul><li>a</li></ul></details><p>end</p>"),
        ("<details>\nopen", "<p>&lt;details&gt;</p><p>open</p>"),
        ("<details ontoggle=alert(1)>\nx\n</details>",
         "<p>&lt;details ontoggle=alert(1)&gt;<br>x</p><p>&lt;/details&gt;</p>"),
        ("Rates: $5/day or 140$/month.", "<p>Rates: $5/day or 140$/month.</p>"),
        ("每天$5/天或140$/月。", "<p>每天$5/天或140$/月。</p>"),
        ("$20/user, then 15$ each", "<p>$20/user, then 15$ each</p>"),
    ],
)  # fmt: skip
def test_forms_of_text(text: str, html: str) -> None:
    assert render(text) == html


@pytest.mark.parametrize(
    ("text", "inside"),
    [
        ("$\\boxed{42}$ is the answer.", '<mrow class="boxed"><mrow><mn>42</mn></mrow></mrow>'),
        ("So\n\\begin{equation}\nF = ma\n\\end{equation}\n", "<mi>F</mi><mo>=</mo>"),
        ("\\begin{align}\na &= b\\\\\nc &= d\n\\end{align}", "<mtable"),
        ("\\begin{align*}a &= b\\end{align*}", "<mtable"),
        ("so \\begin{cases}a\\\\b\\end{cases} here", "<mtable"),
        ("\\begin{pmatrix}a & b\\end{pmatrix}", "<mtable"),
        ("$2x + 3 = 7$", "<mn>3</mn>"),
        ("$3 \\sin x$", "<mi>sin</mi>"),
        ("| a | b |\n|---|---|\n| $|x|$ | \\(\\frac{1}{2}\\) |", "<mfrac>"),
        ("| a |\n|---|\n| $P(A|B)$ |", "<mi>P</mi>"),
    ],
)
def test_formulas(text: str, inside: str) -> None:
    html = render(text)

    assert inside in html
    assert "\\begin" not in html
    assert "$" not in html


def test_a_formula_with_bars_does_not_tear_its_cell() -> None:
    html = render("| a | b |\n|---|---|\n| $|x|$ | \\(\\frac{1}{2}\\) |\n| $5 | $6 |")

    cells = [re.sub(r"<[^>]*>", "", cell) for cell in re.findall(r"<td>(.*?)</td>", html)]
    assert cells == ["|x|", "12", "$5", "$6"]


def test_text_behind_an_environment_that_never_ends_stays() -> None:
    assert "never ends" in render("\\begin{equation}\nnever ends\n\nmore")


@pytest.mark.parametrize(
    "text",
    [
        "<b><script>alert(1)</script></b>",
        "<sub><img src=x onerror=alert(1)></sub>",
        "<details><summary><svg onload=alert(1)></summary></details>",
        "<summary><iframe src=//evil.example></summary>",
        "<kbd style=position:fixed>x</kbd>",
        "<details open onclick=x>\n</details>",
        "\\begin{equation}</math><script>alert(1)</script>\\end{equation}",
        "$\\boxed{<script>alert(1)</script>}$",
        "| $|<img src=x onerror=alert(1)>|$ |\n|---|\n",
        "<u\nonclick=alert(1)>x</u>",
    ],
)
def test_nothing_runs(text: str) -> None:
    html = render(text)

    tags = set(re.findall(r"<([a-zA-Z]+)", html))
    assert not tags & {"script", "img", "svg", "iframe", "style", "object", "embed", "form"}
    # The value of an attribute may say it: the name of a table does.
    assert not re.findall(r"<[a-zA-Z][^>]*\son\w+\s*=", re.sub(r'"[^"]*"', '""', html))
    assert not re.findall(r"<[a-zA-Z][^>]*\sstyle\s*=", html)

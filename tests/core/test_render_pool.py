"""Markdown is rendered in other processes within a time: nobody's hostile text delays another's."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest
from django.core.cache import cache

from core import markdown
from core.markdown import render, render_all
from core.markdown_renderer import HIGHLIGHT_SECONDS, RENDER_SECONDS
from core.render_pool import RenderPool, get_pool
from tests.support.children import get_renderer_seconds

LABELS = {
    "copy": "Copy",
    "copied": "Copied",
    "image": "Image",
    "table": "Table",
    "columns": "Table: %(columns)s",
    "comma": ", ",
}
# Pygments' lexer of make takes nine seconds for these letters.
MAKE = "```make\n" + "a" * 15_000 + "\n```\n"
SLOW_CODE = {
    "make": MAKE,
    "make of colons": "```make\n" + "a:" * 7_500 + "\n```\n",
    "many languages": "".join(
        f"```{name}\n{'(' * 5_000}\n```\n" for name in ("make", "perl", "ruby", "bash", "js")
    ),
}


@pytest.fixture(scope="module")
def kept_pool() -> Iterator[RenderPool]:
    """For tests that only render: starting processes takes longer than most texts."""
    pool = RenderPool(2)
    yield pool
    pool.stop()


@pytest.fixture
def pool() -> Iterator[RenderPool]:
    pool = RenderPool(2)
    yield pool
    pool.stop()


@pytest.mark.parametrize("text", SLOW_CODE.values(), ids=SLOW_CODE)
def test_hostile_code_is_shown_without_colours_within_its_time(kept_pool: RenderPool, text: str) -> None:
    rendered = kept_pool.render(text + "\n**after**", LABELS, lane=1)

    assert rendered is not None
    assert rendered.seconds < HIGHLIGHT_SECONDS + 0.5
    assert "<strong>after</strong>" in rendered.html
    assert 'class="code__text"' in rendered.html


def test_code_after_hostile_code_is_shown_too(kept_pool: RenderPool) -> None:
    rendered = kept_pool.render(f"{MAKE}\n```python\nx = 1\n```", LABELS, lane=1)

    assert rendered is not None
    assert "x = 1" in rendered.html


@pytest.mark.parametrize(
    "formula",
    ["\\frac{" * 300, "{" * 1_900, "\\sqrt" * 380, "a_" * 900, "\\left(" * 300, "&" * 1_900, "x^{" * 600],
)
def test_hostile_formulas_take_their_time_at_most(kept_pool: RenderPool, formula: str) -> None:
    rendered = kept_pool.render("".join(f"${formula}{number}$\n\n" for number in range(95)), LABELS, lane=1)

    assert rendered is not None
    assert rendered.seconds < RENDER_SECONDS + 0.5


@pytest.mark.parametrize(
    "piece",
    [
        "![a](b)", "[a](", "[[](", "![", "*a _b ", "**", "`a``", "a@", "&amp;", "[a]: /u\n", "> - ",
        "|a|b\n|-|-\n",
        "https://a.example/)))", "<a", "\\[", "$", "a\\\n", "1. a\n", "[a]", "~~a", "[a][b]", "](",
    ],
)  # fmt: skip
def test_any_text_of_the_greatest_length_ends_in_its_time(kept_pool: RenderPool, piece: str) -> None:
    rendered = kept_pool.render((piece * 200_000)[:200_000], LABELS, lane=1)

    assert rendered is not None
    # The sanitiser, which is linear, runs within the time or not at all.
    assert rendered.seconds < RENDER_SECONDS + 1.0


def test_many_images_in_a_paragraph_are_all_links(kept_pool: RenderPool) -> None:
    text = "[![in](https://a.example/i.png)](https://a.example) " + "![out](https://b.example/i.png) " * 500

    rendered = kept_pool.render(text, LABELS, lane=1)

    assert rendered is not None
    assert rendered.html.count('class="image-link"') == 500
    assert rendered.html.count("<a ") == 501


def test_a_hostile_person_does_not_delay_another(pool: RenderPool) -> None:
    pool.render("warm", LABELS, lane=1)
    hostile = [
        threading.Thread(target=pool.render, args=(MAKE * 3 + str(number), LABELS), kwargs={"lane": 1})
        for number in range(4)
    ]
    for thread in hostile:
        thread.start()
    began = time.monotonic()
    rendered = pool.render("*mine*", LABELS, lane=2)
    waited = time.monotonic() - began
    is_running = any(thread.is_alive() for thread in hostile)
    for thread in hostile:
        thread.join()

    assert rendered is not None
    assert rendered.html == "<p><em>mine</em></p>\n"
    assert is_running, "the others were done before"
    assert waited < 10


def test_a_person_has_one_text_rendered_at_a_time(pool: RenderPool) -> None:
    threads = [
        threading.Thread(target=pool.render, args=(f"{MAKE}{number}", LABELS), kwargs={"lane": 1})
        for number in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(pool._free) == 1


def test_after_the_death_of_a_process_the_next_text_has_a_new_one(pool: RenderPool) -> None:
    assert pool.render("one", LABELS, lane=1) is not None
    pool._free[0]._process.kill()
    pool._free[0]._process.wait()

    assert pool.render("two", LABELS, lane=1) is None
    third = pool.render("three", LABELS, lane=1)

    assert third is not None
    assert third.html == "<p>three</p>\n"


def test_a_process_does_not_outlive_its_parents_end_of_the_pipe(pool: RenderPool) -> None:
    pool.render("one", LABELS, lane=1)
    process = pool._free[0]._process

    assert process.stdin is not None
    process.stdin.close()

    assert process.wait(60) == 0


@pytest.mark.usefixtures("db")
def test_what_took_long_is_rendered_once_and_only_for_its_person() -> None:
    first = render(MAKE, person_id=1)
    seconds = get_renderer_seconds()

    assert render(MAKE, person_id=1) == first
    assert get_renderer_seconds() == seconds
    assert cache.get(markdown._build_key(MAKE, 1)) is not None
    assert cache.get(markdown._build_key(MAKE, 2)) is None


@pytest.mark.usefixtures("db")
def test_what_is_rendered_fast_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(markdown, "KEPT_FROM", 60)  # whatever the machine, this is fast
    render("*short* " * 50, person_id=1)

    assert cache.get(markdown._build_key("*short* " * 50, 1)) is None


def test_the_cache_key_has_language_renderer_and_person() -> None:
    key = markdown._build_key("a", 7)

    assert key.startswith(f"markdown:{markdown.get_renderer_version()}:7:en:")


def test_without_a_process_the_text_is_shown_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(get_pool(), "_started", get_pool().size)
    monkeypatch.setattr(get_pool(), "_free", [])
    monkeypatch.setattr("core.render_pool.WAIT_SECONDS", 0.01)

    assert render("<b>*x*</b>", person_id=1) == "<pre><code>&lt;b&gt;*x*&lt;/b&gt;</code></pre>"


def test_several_texts_come_in_their_order() -> None:
    assert render_all(["*a*", "", "b", "*a*"], person_id=1) == [
        "<p><em>a</em></p>\n", "", "<p>b</p>\n", "<p><em>a</em></p>\n",
    ]  # fmt: skip

"""Text becomes markup only in the places listed here, each with the reason why that is safe."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.raw_markup import find_in_python, find_in_script, find_in_template

ROOT = Path(__file__).parents[2]
APPS = ("config", "core", "workspaces", "gpts", "marketplace", "reviews", "payouts", "demo")

OWN_MARKUP = "markup that a template of our own server made, with its values escaped"
# The document is only read; what is taken from it is markup of our own server's pages.
OWN_PAGE = "a page or part of our own server, made by a template"

# File -> construct -> (how often, why it is safe).
ALLOWED: dict[str, dict[str, tuple[int, str]]] = {
    "static/js/accent_picker.js": {"innerHTML": (1, OWN_MARKUP)},
    "static/js/builder/create.js": {
        "insertAdjacentHTML": (1, OWN_MARKUP),
        "innerHTML": (1, "an answer that core.markdown rendered and sanitised"),
        "parseFromString": (1, OWN_PAGE),
    },
    "static/js/builder/draft.js": {"innerHTML": (2, OWN_MARKUP)},
    "static/js/builder/frame.js": {"parseFromString": (1, OWN_PAGE)},
    "static/js/builder/presence.js": {"innerHTML": (1, OWN_MARKUP)},
    "static/js/builder/test_editor.js": {
        "innerHTML": (1, "a template element of the page, with a number in it")
    },
    "static/js/chat/feedback.js": {"parseFromString": (1, OWN_PAGE)},
    "static/js/chat/page.js": {"parseFromString": (1, OWN_PAGE)},
    "static/js/chat/passage.js": {"innerHTML": (1, OWN_MARKUP)},
    "static/js/chat/view.js": {
        "insertAdjacentHTML": (1, "a part of an answer that core.markdown rendered and sanitised"),
        "innerHTML": (1, "an answer that core.markdown rendered and sanitised"),
    },
    "static/js/suggestions.js": {"innerHTML": (1, OWN_MARKUP)},
    "static/js/toast.js": {"parseFromString": (1, OWN_PAGE)},
    "core/look/icons.py": {"mark_safe": (1, "constant drawings of this file")},
    "core/look/illustrations.py": {"mark_safe": (3, "constant drawings of this file and of gpt_icons")},
    "core/markdown.py": {"mark_safe": (1, "sanitised by nh3 in the line before")},
    "gpts/chat/citations.py": {"mark_safe": (1, "numbers and escaped titles, put into safe markup")},
    "gpts/chat/json_answers.py": {"mark_safe": (1, "a template rendered and escaped it")},
    "gpts/chat/search.py": {"mark_safe": (1, "every part is escaped just before")},
    "marketplace/templatetags/store.py": {"mark_safe": (1, "escaped values, put into a rendered template")},
    "workspaces/templatetags/frame.py": {"mark_safe": (1, "escaped values, put into a rendered template")},
}


def list_uses(
    folder: Path, pattern: str, find: Callable[[str], Iterator[str]]
) -> Iterator[tuple[str, str, int]]:
    for path in sorted(folder.rglob(pattern)):
        for name, count in Counter(find(path.read_text(encoding="utf-8"))).items():
            yield path.relative_to(ROOT).as_posix(), name, count


def test_text_becomes_markup_only_where_that_is_safe() -> None:
    found = [
        *list_uses(ROOT / "static/js", "*.js", find_in_script),
        *list_uses(ROOT / "templates", "*.html", find_in_template),
        *(use for app in APPS for use in list_uses(ROOT / app, "*.py", find_in_python)),
    ]

    allowed = [(file, name, count) for file, uses in ALLOWED.items() for name, (count, _why) in uses.items()]
    assert sorted(found) == sorted(allowed)
    assert all(why for uses in ALLOWED.values() for _count, why in uses.values())


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("place.innerHTML = text;", "innerHTML"),
        ("place.innerHTML += text;", "innerHTML"),
        ('place["innerHTML"] = text;', "innerHTML"),
        ("a.b.outerHTML = text;", "outerHTML"),
        ("frame.srcdoc = text;", "srcdoc"),
        ('place.insertAdjacentHTML("beforeend", text);', "insertAdjacentHTML"),
        ("document.write(text);", "write"),
        ("window.document.writeln(text);", "writeln"),
        ("range.createContextualFragment(text);", "createContextualFragment"),
        ("place.setHTMLUnsafe(text);", "setHTMLUnsafe"),
        ('new DOMParser().parseFromString(text, "text/html");', "parseFromString"),
        ("eval(text);", "eval"),
        ("window.eval(text);", "eval"),
        ("new Function(text)();", "new Function"),
        ("Function(text)();", "Function"),
        ('setTimeout("go()", 1);', "setTimeout with text"),
        ("setInterval(`go(${x})`, 1);", "setInterval with text"),
    ],
)
def test_each_way_in_a_script_is_caught(text: str, name: str) -> None:
    assert list(find_in_script(f"function run(text) {{ {text} }}")) == [name]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("{{ text|safe }}", "|safe"),
        ("{{ text | safe|upper }}", "|safe"),
        ("{{ texts|safeseq|join:',' }}", "|safe"),
        ("{% autoescape off %}{{ text }}{% endautoescape %}", "autoescape off"),
        ('<a hx-on:click="go()">', "hx-on"),
        ("<a hx-on::after-request='go()'>", "hx-on"),
        ('<img src="x" onerror="go()">', "inline handler"),
        ("<b onclick={{ text }}>", "inline handler"),
        ('<a href="javascript:go()">', "javascript:"),
        ('<iframe srcdoc="{{ text }}">', "srcdoc"),
    ],
)
def test_each_way_in_a_template_is_caught(text: str, name: str) -> None:
    assert list(find_in_template(text)) == [name]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("mark_safe(text)", "mark_safe"),
        ("safestring.mark_safe(f'<b>{text}</b>')", "mark_safe"),
        ("SafeString(text)", "SafeString"),
        ("format_html(text)", "format_html without a constant"),
        ("format_html(f'<b>{text}</b>')", "format_html without a constant"),
        ("format_html_join('', text, rows)", "format_html_join without a constant"),
        ("register.filter(is_safe=True)", "is_safe"),
        ("class A:\n  def __html__(self): return text", "__html__"),
        ("eval(text)", "eval"),
        ("exec(text)", "exec"),
    ],
)
def test_each_way_in_python_is_caught(text: str, name: str) -> None:
    assert list(find_in_python(text)) == [name]


def test_what_escapes_is_left_alone() -> None:
    script = "place.textContent = text; setTimeout(go, 1); stream.write(text); const old = place.outerHTML;"
    assert list(find_in_script(script)) == []
    assert list(find_in_template("{{ text }} {{ a|safely }} <p data-on='x'> money is on = 1")) == []
    assert list(find_in_python("format_html('<b>{}</b>', text); SafeString(''); render(text)")) == []

"""The style sheets: one bundle of them, raw colours in the tokens alone, classes that exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pytest_django.fixtures import Settings

from core.look import stylesheets

ROOT = stylesheets.static_root()
TEMPLATES = ROOT.parent / "templates"
SOURCES = stylesheets.sources(ROOT)


def test_sources_are_linked_in_order_on_request(settings: Settings) -> None:
    settings.STATIC_SOURCES = True

    names = stylesheets.links(ROOT)

    assert names[:2] == ["css/tokens.css", "css/base.css"]
    folders = [name.split("/")[1] for name in names[2:]]
    assert folders == sorted(folders, key=["layouts", "components", "pages"].index)
    assert len(names) == len(set(names)) == len(list(ROOT.glob("css/**/*.css")))


@pytest.mark.parametrize("debug", [True, False])
def test_the_bundle_is_the_only_link_otherwise(settings: Settings, debug: bool) -> None:
    settings.DEBUG = debug

    assert stylesheets.links(ROOT) == ["css/loggia.css"]


@pytest.mark.parametrize(
    "path", [path for path in SOURCES if path.name != "tokens.css"], ids=lambda path: path.stem
)
def test_colours_are_named_in_the_tokens_alone(path: Path) -> None:
    rules = re.sub(r"/\*.*?\*/", "", path.read_text(), flags=re.DOTALL)

    assert re.findall(r"#[0-9a-fA-F]{3,8}\b(?=[;\s,)])|\b(?:rgba?|hsla?|oklch)\(", rules) == []


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_every_rule_lives_in_a_layer_and_no_other_host_is_named(path: Path) -> None:
    text = re.sub(r"/\*.*?\*/", "", path.read_text(), flags=re.DOTALL)

    assert text.lstrip().startswith("@layer ")
    assert text.count("{") == text.count("}")
    assert "://" not in text
    assert "@import" not in text


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_every_token_that_is_used_exists(path: Path) -> None:
    defined = set(re.findall(r"(--[\w-]+):", "".join(source.read_text() for source in SOURCES)))

    assert set(re.findall(r"var\((--[\w-]+)\)", path.read_text())) <= defined


def test_components_use_only_classes_that_exist() -> None:
    known = set(re.findall(r"\.(-?[a-zA-Z_][\w-]*)", "".join(path.read_text() for path in SOURCES)))
    # Parts that need no rule of their own but may get one; every other class must exist.
    parts = re.compile(
        r"__(?:label|bar|body|mark|intro|actions|text|svg|send)$|^auth-body$|^side-list$|^message--assistant$|^gallery-fill$"
    )
    used: dict[str, str] = {}
    for folder in ("components", "layouts", "gallery"):
        for path in (TEMPLATES / folder).glob("*.html"):
            for value in re.findall(r'class="([^"]*)"', path.read_text()):
                for name in re.sub(r"\{%.*?%\}|\{\{.*?\}\}", " ", value).split():
                    if not name.endswith(("-", "_")):
                        used[name] = path.name

    assert {name: where for name, where in used.items() if name not in known and not parts.search(name)} == {}


MAIL = TEMPLATES / "workspaces" / "emails" / "mail.html"


@pytest.mark.parametrize(
    "path", sorted(TEMPLATES.rglob("*.html")), ids=lambda path: path.relative_to(TEMPLATES).as_posix()
)
def test_templates_have_no_inline_style_script_or_unescaped_text(path: Path) -> None:
    text = path.read_text()

    # Mail programs read styles in elements only, and no page shows the template of mails.
    assert path == MAIL or not re.search(r"\sstyle=", text)
    assert not re.search(r"<script(?![^>]*\bsrc=)(?![^>]*nonce=)(?![^>]*application/json)", text)
    assert not re.search(r"\son[a-z]+=\"", text)
    assert "|safe" not in text

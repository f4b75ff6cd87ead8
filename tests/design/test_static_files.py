"""Static files: bundles that follow their sources, names by content, compressed copies."""

from __future__ import annotations

import gzip
import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.contrib.staticfiles import finders
from django.core.management import call_command
from django.template import Context, Template
from pytest_django.fixtures import Settings

from core.look import scripts, static_files, stylesheets

ROOT = stylesheets.static_root()
CHAT = "bundles/chat.js"


def collect(settings: Settings, folder: Path) -> dict[str, str]:
    """Run collectstatic as in production; returns the names by content."""
    settings.STATIC_ROOT = folder
    settings.STORAGES = settings.STORAGES | {
        "staticfiles": {"BACKEND": "core.look.static_files.StaticStorage"}
    }
    call_command("collectstatic", interactive=False, verbosity=0)
    paths: dict[str, str] = json.loads((folder / "staticfiles.json").read_text())["paths"]
    return paths


def test_collected_scripts_import_each_other_by_content(tmp_path: Path, settings: Settings) -> None:
    settings.DATA_DIR = tmp_path / "data"
    names = collect(settings, tmp_path / "static")

    assert (tmp_path / "static/css/loggia.css").read_text() == stylesheets.build(ROOT)
    for path in static_files.BUNDLES:
        collected = tmp_path / "static" / names[path]
        packed = collected.with_name(f"{collected.name}.gz")
        assert gzip.decompress(packed.read_bytes()) == collected.read_bytes()
    hashed = {Path(name).name for name in names.values()}
    for path, name in names.items():
        if path.startswith(("js/", "bundles/")):
            text = (tmp_path / "static" / name).read_text()
            imported = re.findall(r'^import (?:.* from )?"([^"]+)";', text, re.M)
            assert {Path(source).name for source in imported} <= hashed, path
    assert (
        f'from "./{Path(names["bundles/loggia.js"]).name}"' in (tmp_path / "static" / names[CHAT]).read_text()
    )


@pytest.fixture
def own_finders() -> Iterator[None]:
    """Finders keep the folders of the settings that they were made with: let the test make new ones."""
    cached: Any = finders.get_finder
    cached.cache_clear()
    yield
    cached.cache_clear()


@pytest.mark.usefixtures("own_finders")
def test_a_changed_module_changes_the_name_of_all_that_import_it(tmp_path: Path, settings: Settings) -> None:
    settings.DATA_DIR = tmp_path / "data"
    settings.BASE_DIR = tmp_path
    shutil.copytree(ROOT, tmp_path / "static")
    settings.STATICFILES_DIRS = [tmp_path / "static"]
    before = collect(settings, tmp_path / "before")
    ready = tmp_path / "static/js/ready.js"
    ready.write_text(ready.read_text().replace("querySelectorAll(selector)", "querySelectorAll( selector )"))

    after = collect(settings, tmp_path / "after")

    changed = {path for path in before if before[path] != after[path]}
    assert {"js/ready.js", "js/tabs.js", "js/chat.js", "js/loggia.js", "bundles/loggia.js", CHAT} <= changed
    assert not {"css/loggia.css", "js/chat/tail.js", "bundles/chat-feedback.js", "img/logo.svg"} & changed


@pytest.mark.parametrize("path", ["css/loggia.css", "bundles/loggia.js", CHAT, static_files.HTMX])
def test_a_server_without_collected_files_builds_what_is_asked_for(
    path: str, tmp_path: Path, settings: Settings
) -> None:
    settings.DATA_DIR = tmp_path

    found = finders.find(path)

    assert found == str(tmp_path / "built-static" / path)
    packed = Path(f"{found}.gz").read_bytes()
    assert gzip.decompress(packed) == Path(found).read_bytes()
    assert len(packed) < 20_000 + 10_000 * path.endswith(".css")
    assert sorted(file.name for file in Path(found).parent.iterdir()) == [
        Path(path).name,
        f"{Path(path).name}.gz",
    ]


def test_a_changed_source_is_served_at_once(tmp_path: Path, settings: Settings) -> None:
    settings.DATA_DIR = tmp_path / "data"
    settings.BASE_DIR = tmp_path
    shutil.copytree(ROOT, tmp_path / "static")
    first = Path(str(finders.find(CHAT))).read_text()
    view = tmp_path / "static/js/chat/view.js"
    view.write_text(view.read_text().rstrip("\n") + "\n// changed\n")

    second = Path(str(finders.find(CHAT))).read_text()

    assert "// changed" not in first
    assert second == first.replace("\nreturn { questionView", "\n// changed\nreturn { questionView")
    packed = (tmp_path / "data/built-static/bundles/chat.js.gz").read_bytes()
    assert gzip.decompress(packed).decode() == second


def test_a_stale_bundle_is_replaced(tmp_path: Path, settings: Settings) -> None:
    settings.DATA_DIR = tmp_path
    stale = tmp_path / "built-static/css/loggia.css"
    stale.parent.mkdir(parents=True)
    stale.write_text("/* old */")

    finders.find("css/loggia.css")

    assert stale.read_text() == stylesheets.build(ROOT)


def test_other_files_are_found_where_they_are() -> None:
    assert finders.find("css/tokens.css") == str(ROOT / "css/tokens.css")
    assert finders.find("js/chat.js") == str(ROOT / "js/chat.js")
    assert finders.find("css/nothing.css") is None
    assert finders.find("bundles/nothing.js") is None


@pytest.mark.parametrize(
    ("sources", "entry", "address"),
    [
        (False, "chat/passage.js", "/static/bundles/chat-passage.js"),
        (False, "loggia.js", "/static/bundles/loggia.js"),
        (True, "chat/passage.js", "/static/js/chat/passage.js"),
        (True, "loggia.js", "/static/js/loggia.js"),
    ],
)
def test_a_page_loads_bundles_or_on_request_the_modules(
    sources: bool, entry: str, address: str, settings: Settings
) -> None:
    settings.STATIC_SOURCES = sources
    template = Template('{% load loggia %}{% module_script "' + entry + '" %}')

    assert template.render(Context()) == f'<script type="module" src="{address}"></script>'


def test_a_module_that_is_no_entry_cannot_be_loaded_by_a_page() -> None:
    with pytest.raises(ValueError, match=r"^chat/view\.js is no entry: add it to ENTRIES"):
        scripts.link("chat/view.js")

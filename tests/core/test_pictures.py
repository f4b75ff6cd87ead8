"""Pictures are decoded in child processes with limits, a few at a time, and nowhere else."""

from __future__ import annotations

import ast
import resource
import threading
import time
from io import BytesIO
from pathlib import Path
from typing import Any

import psutil
import pytest
from PIL import Image

from core import pictures
from core.picture_process import MEMORY_BYTES
from core.pictures import AT_ONCE, MAX_WAITING, BadPictureError, encode_icon, reencode_picture
from embedded.paths import ROOT
from tests.support.children import find_children

PRODUCT = ("config", "core", "demo", "embedded", "gpts", "marketplace", "payouts", "reviews", "workspaces")


def make_png(size: tuple[int, int], mode: str = "RGB") -> bytes:
    out = BytesIO()
    Image.new(mode, size).save(out, format="PNG", compress_level=1)
    return out.getvalue()


def open_icon(data: bytes) -> Image.Image:
    return Image.open(BytesIO(data))


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "P", "L", "1", "I;16", "LA"])
def test_pictures_of_each_mode_become_icons(mode: str) -> None:
    icon = open_icon(encode_icon(make_png((600, 400), mode), side=256))

    assert (icon.format, icon.size) == ("WEBP", (256, 256))


@pytest.mark.parametrize("size", [(1, 1), (1, 5_000), (5_000, 1), (3, 900)])
def test_pictures_of_any_shape_become_icons(size: tuple[int, int]) -> None:
    assert open_icon(encode_icon(make_png(size), side=256)).size == (256, 256)


def test_a_picture_of_the_greatest_size_fits_into_the_memory_of_the_child() -> None:
    largest = make_png((8_000, 5_000), "RGBA")

    assert open_icon(encode_icon(largest, side=256)).size == (256, 256)
    assert reencode_picture(largest).media_type == "image/png"


def test_too_many_pixels_are_refused_before_they_are_decoded() -> None:
    began = time.process_time(), resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    with pytest.raises(BadPictureError) as problem:
        encode_icon(make_png((40_001, 1_000), "1"), side=256)

    assert problem.value.code == "too_many_pixels"
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - began[1] < 3


def test_ten_large_pictures_at_once_take_no_memory_here_and_run_a_few_at_a_time() -> None:
    """A one-coloured PNG of 40 megapixels has 39 kB, and took 430 MB to decode in the web process."""
    large = make_png((8_000, 5_000))
    outcomes: list[str] = []
    most_children = 0
    process = psutil.Process()

    def encode() -> None:
        try:
            encode_icon(large, side=256)
            outcomes.append("done")
        except BadPictureError as problem:
            outcomes.append(problem.code)

    before = process.memory_info().rss
    threads = [threading.Thread(target=encode) for _number in range(10)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        most_children = max(most_children, len(find_children("core.picture_process")))
        time.sleep(0.02)

    # Those beyond MAX_WAITING are refused at once, and on a slow machine some that wait too long.
    assert set(outcomes) == {"busy", "done"}
    assert outcomes.count("busy") >= 10 - MAX_WAITING
    assert 1 <= most_children <= AT_ONCE
    assert process.memory_info().rss - before < 50_000_000
    assert MEMORY_BYTES * AT_ONCE < 1_500_000_000


def test_slots_are_shared_by_all_processes_of_the_installation(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "WAIT_SECONDS", 0.05)
    with pictures._hold_slot(), pictures._hold_slot(), pytest.raises(BadPictureError) as problem:
        encode_icon(make_png((10, 10)), side=256)
    assert problem.value.code == "busy"

    # And they are free again.
    encode_icon(make_png((10, 10)), side=256)


def test_a_folder_that_somebody_else_made_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    settings.DATA_DIR = tmp_path / "data"
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    encode_icon(make_png((10, 10)), side=256)
    (folder,) = tmp_path.glob("loggia-pictures-*")
    for slot in folder.iterdir():
        slot.unlink()
    folder.rmdir()
    kept = tmp_path / "elsewhere"
    kept.mkdir()
    (kept / "0").write_text("precious")
    folder.symlink_to(kept)

    with pytest.raises(PermissionError):
        encode_icon(make_png((10, 10)), side=256)

    assert (kept / "0").read_text() == "precious"


@pytest.mark.parametrize(
    "data",
    [b"\x89PNG\r\n\x1a\n" + b"x" * 40, make_png((500, 500))[:-200], b"GIF89a" + b"\xff" * 30, b"<svg/>", b""],
    ids=["broken", "cut", "gif", "svg", "nothing"],
)
def test_what_cannot_be_read_is_refused(data: bytes) -> None:
    with pytest.raises(BadPictureError) as problem:
        reencode_picture(data)
    assert problem.value.code == "unreadable"


def test_only_the_child_opens_pictures() -> None:
    """Pillow decodes in core.picture_process; drawn_icons makes pictures of its own."""
    users = {
        str(file.relative_to(ROOT))
        for app in PRODUCT
        for file in (ROOT / app).rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if (isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "PIL")
        or (isinstance(node, ast.Import) and any(name.name.split(".")[0] == "PIL" for name in node.names))
    }
    assert users == {"core/picture_process.py", "gpts/assistants/drawn_icons.py"}
    assert "Image.open" not in (ROOT / "gpts" / "assistants" / "drawn_icons.py").read_text()

"""Pictures that people upload: by content, within limits, without what they carried."""

from __future__ import annotations

import hashlib
import struct
import zlib
from io import BytesIO
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image
from PIL.ExifTags import Base

from core.errors import DomainError, InvalidInput, NotFound, TooLarge
from gpts.services.icons import read_icon, set_icon
from tests.gpts.build.stage import LATER, a_gpt, a_picture

pytestmark = pytest.mark.django_db


def stored(media: Path) -> list[str]:
    return sorted(str(path.relative_to(media)) for path in media.rglob("*") if path.is_file())


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF"])
def test_each_kind_becomes_one_small_webp_under_its_hash(kind: str, own_media: Path) -> None:
    gpt = set_icon(gpt=(draft := a_gpt()), upload=a_picture(kind), by=draft.owner, at=LATER)

    data = (own_media / gpt.icon).read_bytes()
    assert gpt.icon == f"icons/{hashlib.sha256(data).hexdigest()}.webp"
    assert gpt.draft_revision == 2
    with Image.open(BytesIO(data)) as icon:
        assert (icon.format, icon.size) == ("WEBP", (256, 256))
    assert read_icon(hashlib.sha256(data).hexdigest()) == data


def test_place_and_camera_do_not_survive() -> None:
    exif = Image.Exif()
    exif[Base.Make] = "Canary camera"
    exif[Base.GPSInfo] = {1: "N", 2: (48.0, 51.0, 29.0)}
    gpt = a_gpt()

    gpt = set_icon(gpt=gpt, upload=a_picture("JPEG", exif=exif.tobytes()), by=gpt.owner, at=LATER)

    data = read_icon(gpt.icon.removeprefix("icons/").removesuffix(".webp"))
    with Image.open(BytesIO(data)) as icon:
        assert dict(icon.getexif()) == {}
    assert b"Canary" not in data
    assert b"EXIF" not in data


def test_an_upright_picture_stays_upright() -> None:
    exif = Image.Exif()
    exif[Base.Orientation] = 3
    picture = Image.new("RGB", (256, 256), (255, 255, 255))
    picture.paste((0, 0, 0), (0, 0, 256, 128))
    out = BytesIO()
    picture.save(out, "JPEG", exif=exif.tobytes())
    gpt = a_gpt()

    gpt = set_icon(gpt=gpt, upload=SimpleUploadedFile("a.jpg", out.getvalue()), by=gpt.owner, at=LATER)

    with Image.open(BytesIO(read_icon(gpt.icon[6:-5]))) as icon:
        rows = icon.convert("L").tobytes()
    top, bottom = rows[10 * 256 + 128], rows[250 * 256 + 128]
    assert top > 200 > 50 > bottom


def png_of(width: int, height: int) -> bytes:
    """A PNG whose header promises a size that its data does not have."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b""))
        + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize(
    ("name", "data", "error"),
    [
        (
            "icon.svg",
            b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
            InvalidInput,
        ),
        ("icon.png", b"<svg xmlns='http://www.w3.org/2000/svg'/>", InvalidInput),
        ("icon.png", b"<html><script>alert(1)</script>", InvalidInput),
        ("icon.png", b"", InvalidInput),
        ("icon.png", b"\x89PNG\r\n\x1a\n" + b"garbage" * 20, InvalidInput),
        ("icon.png", png_of(10, 10), InvalidInput),
        ("icon.gif", b"GIF89a", InvalidInput),
        ("icon.webp", b"RIFF\x00\x00\x00\x00WEBPVP8 ", InvalidInput),
        ("icon.tiff", b"II*\x00\x08\x00\x00\x00", InvalidInput),
        ("bomb.png", png_of(50_000, 50_000), TooLarge),
        ("bomb.png", png_of(40_001, 1_000), TooLarge),
        ("long.png", b"\x89PNG\r\n\x1a\n" + b"0" * (5 * 1024 * 1024), TooLarge),
    ],
)
def test_what_is_no_fit_picture_is_refused_and_nothing_kept(
    name: str, data: bytes, error: type[DomainError], own_media: Path
) -> None:
    gpt = a_gpt()

    with pytest.raises(error) as refusal:
        set_icon(gpt=gpt, upload=SimpleUploadedFile(name, data), by=gpt.owner, at=LATER)

    assert refusal.value.field == "icon"
    gpt.refresh_from_db()
    assert (gpt.icon, gpt.draft_revision) == ("", 1)
    assert stored(own_media) == []


def test_a_picture_that_is_also_a_page_keeps_only_its_pixels() -> None:
    upload = a_picture("GIF")
    polyglot = SimpleUploadedFile("a.gif", upload.read() + b"<script>alert('canary')</script>")
    gpt = a_gpt()

    gpt = set_icon(gpt=gpt, upload=polyglot, by=gpt.owner, at=LATER)

    assert b"canary" not in read_icon(gpt.icon[6:-5])


def test_the_same_picture_twice_is_stored_once_and_changes_nothing(own_media: Path) -> None:
    gpt = a_gpt()
    set_icon(gpt=gpt, upload=a_picture(), by=gpt.owner, at=LATER)

    again = set_icon(gpt=gpt, upload=a_picture(), by=gpt.owner, at=LATER)

    assert again.draft_revision == 2
    assert len(stored(own_media)) == 1


@pytest.mark.parametrize("digest", ["", "..", "a" * 63, "A" * 64, "0" * 64, "../" + "a" * 61])
def test_unknown_and_hostile_hashes_are_not_found(digest: str) -> None:
    with pytest.raises(NotFound):
        read_icon(digest)

"""Uploaded and generated icons: detection by content, limits, no metadata."""

from __future__ import annotations

import hashlib
import struct
import zlib
from io import BytesIO
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from PIL import Image
from PIL.ExifTags import Base

from core.errors import DomainError, InvalidInput, NotFound, TooLarge
from core.look.icon_files import render_icon_file
from gpts.assistants.drawn_icons import draw_icon_webp, draw_small_icon
from gpts.assistants.services.icons import read_icon, set_drawn_icon, set_icon
from tests.support.api_client import ApiClient
from tests.support.factories.gpts import GPTFactory
from tests.support.factories.workspaces import UserFactory
from tests.support.pages import sign_in
from tests.support.times import LATER
from tests.support.uploads import make_picture

pytestmark = pytest.mark.django_db


def stored(media: Path) -> list[str]:
    return sorted(str(path.relative_to(media)) for path in media.rglob("*") if path.is_file())


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF"])
def test_each_format_is_stored_as_a_small_webp_under_its_hash(kind: str, own_media: Path) -> None:
    gpt = set_icon(gpt=(draft := GPTFactory.create()), upload=make_picture(kind), by=draft.owner, at=LATER)

    data = (own_media / gpt.icon).read_bytes()
    assert gpt.icon == f"icons/{hashlib.sha256(data).hexdigest()}.webp"
    assert gpt.draft_revision == 2
    with Image.open(BytesIO(data)) as icon:
        assert (icon.format, icon.size) == ("WEBP", (256, 256))
    assert read_icon(hashlib.sha256(data).hexdigest()) == data


def test_exif_data_is_removed() -> None:
    exif = Image.Exif()
    exif[Base.Make] = "Canary camera"
    exif[Base.GPSInfo] = {1: "N", 2: (48.0, 51.0, 29.0)}
    gpt = GPTFactory.create()

    gpt = set_icon(gpt=gpt, upload=make_picture("JPEG", exif=exif.tobytes()), by=gpt.owner, at=LATER)

    data = read_icon(gpt.icon.removeprefix("icons/").removesuffix(".webp"))
    with Image.open(BytesIO(data)) as icon:
        assert dict(icon.getexif()) == {}
    assert b"Canary" not in data
    assert b"EXIF" not in data


def test_a_picture_is_rotated_as_its_exif_data_says() -> None:
    exif = Image.Exif()
    exif[Base.Orientation] = 3
    picture = Image.new("RGB", (256, 256), (255, 255, 255))
    picture.paste((0, 0, 0), (0, 0, 256, 128))
    out = BytesIO()
    picture.save(out, "JPEG", exif=exif.tobytes())
    gpt = GPTFactory.create()

    gpt = set_icon(gpt=gpt, upload=SimpleUploadedFile("a.jpg", out.getvalue()), by=gpt.owner, at=LATER)

    with Image.open(BytesIO(read_icon(gpt.icon[6:-5]))) as icon:
        rows = icon.convert("L").tobytes()
    top, bottom = rows[10 * 256 + 128], rows[250 * 256 + 128]
    assert top > 200 > 50 > bottom


def build_png(width: int, height: int) -> bytes:
    """Return a PNG whose header claims a size that its data does not have."""

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
        ("icon.png", build_png(10, 10), InvalidInput),
        ("icon.gif", b"GIF89a", InvalidInput),
        ("icon.webp", b"RIFF\x00\x00\x00\x00WEBPVP8 ", InvalidInput),
        ("icon.tiff", b"II*\x00\x08\x00\x00\x00", InvalidInput),
        ("bomb.png", build_png(50_000, 50_000), TooLarge),
        ("bomb.png", build_png(40_001, 1_000), TooLarge),
        ("long.png", b"\x89PNG\r\n\x1a\n" + b"0" * (5 * 1024 * 1024), TooLarge),
    ],
)
def test_invalid_or_too_large_pictures_are_refused_and_not_stored(
    name: str, data: bytes, error: type[DomainError], own_media: Path
) -> None:
    gpt = GPTFactory.create()

    with pytest.raises(error) as refusal:
        set_icon(gpt=gpt, upload=SimpleUploadedFile(name, data), by=gpt.owner, at=LATER)

    assert refusal.value.field == "icon"
    gpt.refresh_from_db()
    assert (gpt.icon, gpt.draft_revision) == ("", 1)
    assert stored(own_media) == []


def test_only_the_pixels_of_a_polyglot_file_are_stored() -> None:
    upload = make_picture("GIF")
    polyglot = SimpleUploadedFile("a.gif", upload.read() + b"<script>alert('canary')</script>")
    gpt = GPTFactory.create()

    gpt = set_icon(gpt=gpt, upload=polyglot, by=gpt.owner, at=LATER)

    assert b"canary" not in read_icon(gpt.icon[6:-5])


def test_the_same_picture_twice_is_stored_once_and_changes_nothing(own_media: Path) -> None:
    gpt = GPTFactory.create()
    set_icon(gpt=gpt, upload=make_picture(), by=gpt.owner, at=LATER)

    again = set_icon(gpt=gpt, upload=make_picture(), by=gpt.owner, at=LATER)

    assert again.draft_revision == 2
    assert len(stored(own_media)) == 1


@pytest.mark.parametrize("digest", ["", "..", "a" * 63, "A" * 64, "0" * 64, "../" + "a" * 61])
def test_unknown_and_malformed_hashes_are_not_found(digest: str) -> None:
    with pytest.raises(NotFound):
        read_icon(digest)


@pytest.mark.parametrize("variant", range(1, 9))
def test_generated_icons_differ_by_name_and_variant_and_are_deterministic(variant: int) -> None:
    first, again, other = (
        draw_icon_webp("Tide guide", variant),
        draw_icon_webp(" tide GUIDE ", variant),
        draw_icon_webp("Prose", variant),
    )

    with Image.open(BytesIO(first)) as picture:
        assert (picture.format, picture.size) == ("WEBP", (256, 256))
    assert first == again
    assert first != other
    assert len({draw_icon_webp("Tide guide", number) for number in range(1, 9)}) == 8


@pytest.mark.parametrize(("name", "variant"), [("字", 1), ("", 4), ("<b>", 8), ("x" * 50, 6)])
def test_any_name_can_be_drawn(name: str, variant: int) -> None:
    with Image.open(BytesIO(draw_icon_webp(name, variant))) as picture:
        assert picture.size == (256, 256)
    small = draw_small_icon(name, variant)
    with Image.open(BytesIO(small)) as picture:
        assert (picture.format, picture.size, len(small) < 3_000) == ("WEBP", (96, 96), True)


def test_a_generated_icon_is_set_and_removed(own_media: Path) -> None:
    gpt = GPTFactory.create()

    drawn = set_drawn_icon(gpt=gpt, variant=3, by=gpt.owner, at=LATER)
    again = set_drawn_icon(gpt=gpt, variant=3, by=gpt.owner, at=LATER)
    letter = set_drawn_icon(gpt=gpt, variant=0, by=gpt.owner, at=LATER)

    assert drawn.icon == stored(own_media)[0]
    assert (drawn.draft_revision, again.draft_revision) == (2, 2)
    assert (letter.icon, letter.draft_revision) == ("", 3)
    for variant in (-1, 9):
        with pytest.raises(InvalidInput):
            set_drawn_icon(gpt=gpt, variant=variant, by=gpt.owner, at=LATER)


def test_generated_icons_are_chosen_on_the_page_and_by_the_api() -> None:
    gpt = GPTFactory.create()
    client = sign_in(gpt.owner)
    body = client.get(reverse("gpts:build-configure", args=[gpt.slug])).content.decode()
    first = reverse("gpts:build-icon-drawn", args=[gpt.slug, 1])

    picture = client.get(first)
    client.post(reverse("gpts:build-icon", args=[gpt.slug]), {"variant": "1"})
    gpt.refresh_from_db()
    chosen = gpt.icon
    by_api = ApiClient(gpt.owner)("POST", f"gpts/{gpt.slug}/icon", {"variant": 2})
    refused = ApiClient(gpt.owner)("POST", f"gpts/{gpt.slug}/icon", {"variant": 9})

    assert f'src="{first}"' in body
    assert (picture.headers["Content-Type"], picture.content) == ("image/webp", draw_small_icon(gpt.name, 1))
    assert picture.headers["X-Content-Type-Options"] == "nosniff"
    assert chosen.startswith("icons/")
    assert (by_api.status_code, refused.status_code) == (200, 400)
    gpt.refresh_from_db()
    assert gpt.icon not in ("", chosen)
    revision = gpt.draft_revision
    for variant in ("9", "-1", "x", "1" * 30, "１"):
        told = client.post(
            reverse("gpts:build-icon", args=[gpt.slug]), {"variant": variant}, follow=True
        ).content.decode()
        assert "Choose one of the drawn icons." in told
    for number in (0, 9, 10**12):
        assert client.get(reverse("gpts:build-icon-drawn", args=[gpt.slug, number])).status_code == 404
    assert sign_in(UserFactory.create()).get(first).status_code == 404
    gpt.refresh_from_db()
    assert gpt.draft_revision == revision


def test_a_drawn_icon_is_served_to_everybody_without_a_query(client: Client) -> None:
    with CaptureQueriesContext(connection) as captured:
        answer = client.get("/icons/drawn/writing/7.svg")

    assert captured.captured_queries == []
    assert answer.status_code == 200
    assert answer.content == render_icon_file("writing", 7)
    assert answer.headers["Content-Type"] == "image/svg+xml"
    assert answer.headers["Cache-Control"] == "public, max-age=604800"
    assert answer.headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    "path", ["writing/576.svg", "writing/99999999999999999999.svg", "no-such/7.svg", "Writing/7.svg"]
)
def test_there_is_no_drawn_icon_elsewhere(client: Client, path: str) -> None:
    assert client.get(f"/icons/drawn/{path}").status_code == 404

"""Uploaded files and pictures, as a form sends them."""

from __future__ import annotations

from io import BytesIO
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image


def make_picture(kind: str = "PNG", size: tuple[int, int] = (300, 200), **options: Any) -> SimpleUploadedFile:
    out = BytesIO()
    Image.new("RGB", size, (168, 72, 31)).save(out, format=kind, **options)
    return SimpleUploadedFile(f"icon.{kind.lower()}", out.getvalue())


def make_upload(name: str, text: str | bytes) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, text if isinstance(text, bytes) else text.encode())

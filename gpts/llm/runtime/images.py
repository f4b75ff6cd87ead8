"""Detects the format of an image by its first bytes."""

from __future__ import annotations

SIGNATURES = ((b"\x89PNG\r\n\x1a\n", "image/png"), (b"\xff\xd8\xff", "image/jpeg"), (b"GIF8", "image/gif"))


def detect_media_type(data: bytes) -> str:
    """Return the media type of a PNG, JPEG, GIF or WebP image, empty for anything else."""
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    return next((name for signature, name in SIGNATURES if data.startswith(signature)), "")

"""Encrypted secrets: bound to one row, rotated without downtime, refused when changed."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from io import StringIO
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.core.management import CommandError, call_command

from core import secrets
from core.secrets import SealedField, SecretBroken, register_sealed_field, rotate, seal, unseal

PLACE: dict[str, Any] = {"purpose": "action credential", "tenant": 7, "row": 12}


def test_a_secret_can_only_be_decrypted_for_its_own_row() -> None:
    sealed = seal("s3cret ö 密", **PLACE)
    assert "s3cret" not in sealed
    assert unseal(sealed, **PLACE) == "s3cret ö 密"
    for moved in ({"tenant": 8}, {"row": 13}, {"purpose": "webhook"}):
        with pytest.raises(SecretBroken) as refusal:
            unseal(sealed, **(PLACE | moved))
        assert refusal.value.code == "secret_broken"


def test_purpose_tenant_and_row_cannot_be_confused() -> None:
    sealed = seal("x", purpose="a", tenant="1", row="23")
    with pytest.raises(SecretBroken):
        unseal(sealed, purpose="a", tenant="12", row="3")


def test_every_flipped_byte_is_detected() -> None:
    raw = bytearray(base64.urlsafe_b64decode(seal("x", **PLACE)))
    for position in range(len(raw)):
        changed = bytearray(raw)
        changed[position] ^= 1
        with pytest.raises(SecretBroken):
            unseal(base64.urlsafe_b64encode(bytes(changed)).decode(), **PLACE)


@pytest.mark.parametrize("nonsense", ["", "x", "ü", "gAAAAA==", "\x00"])
def test_invalid_ciphertext_is_refused(nonsense: str) -> None:
    with pytest.raises(SecretBroken):
        unseal(nonsense, **PLACE)


def test_after_rotation_the_old_key_can_be_removed(settings: Any) -> None:
    old, new = Fernet.generate_key().decode(), Fernet.generate_key().decode()
    settings.ENCRYPTION_KEYS = [old]
    sealed = seal("x", **PLACE)
    settings.ENCRYPTION_KEYS = [new, old]
    assert unseal(sealed, **PLACE) == "x"
    rotated = rotate(sealed)
    settings.ENCRYPTION_KEYS = [new]
    assert unseal(rotated, **PLACE) == "x"
    with pytest.raises(SecretBroken):
        unseal(sealed, **PLACE)


@pytest.fixture
def one_field(monkeypatch: pytest.MonkeyPatch) -> dict[object, str]:
    rows: dict[object, str] = {}
    monkeypatch.setattr(secrets, "_registry", {})

    def read() -> Iterator[tuple[object, str]]:
        yield from list(rows.items())

    def replace(identifier: object, before: str, after: str) -> None:
        assert rows[identifier] == before
        rows[identifier] = after

    register_sealed_field(SealedField("tests.field", read, replace))
    return rows


@pytest.mark.django_db
def test_the_command_reencrypts_all_rows(one_field: dict[object, str], settings: Any) -> None:
    old, new = Fernet.generate_key().decode(), Fernet.generate_key().decode()
    settings.ENCRYPTION_KEYS = [old]
    one_field[12] = seal("x", **PLACE)
    settings.ENCRYPTION_KEYS = [new, old]
    out = StringIO()
    call_command("rotate_keys", stdout=out)
    settings.ENCRYPTION_KEYS = [new]
    assert unseal(one_field[12], **PLACE) == "x"
    assert out.getvalue() == "tests.field: 1 sealed with the newest key\n"


@pytest.mark.django_db
def test_the_command_lists_secrets_that_it_cannot_decrypt(one_field: dict[object, str]) -> None:
    one_field[1], one_field[2] = "broken", seal("x", **PLACE)
    err = StringIO()
    with pytest.raises(CommandError, match="1 secrets"):
        call_command("rotate_keys", stdout=StringIO(), stderr=err)
    assert one_field[1] == "broken" and "tests.field 1" in err.getvalue()
    assert unseal(one_field[2], **PLACE) == "x"

"""Payout accounts: saving, verification, holds, IBANs and key rotation."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.conf import LazySettings
from django.core.management import call_command
from django.db import IntegrityError, transaction

from core.errors import Conflict, DomainError, Forbidden, InvalidInput, NotFound
from core.models import AuditEvent
from core.scope import system_scope
from payouts.models import PayoutAccount
from payouts.services import hold_payouts, release_hold, save_payout_account, verify_payout_account
from payouts.services.iban import clean_iban
from payouts.services.payout_accounts import unseal_iban
from tests.support.factories.workspaces import FinanceUserFactory, UserFactory
from tests.support.payouts import CLOSING, create_verified_account
from tests.support.times import MARCH
from workspaces.models import Notification, User

IBAN = "DE89 3704 0044 0532 0130 00"
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def system(transactional_db: None) -> Iterator[None]:
    with system_scope("tests"):
        yield


@pytest.fixture
def payee() -> User:
    return UserFactory.create(display_name="Creator")


@pytest.fixture
def maker() -> User:
    return FinanceUserFactory.create(display_name="Maker")


def save(payee: User, **changes: Any) -> PayoutAccount:
    values: dict[str, Any] = {
        "legal_name": "Creator Legal", "country": "DE", "method": "iban", "iban": IBAN, "minimum_minor": 0,
    }  # fmt: skip
    return save_payout_account(payee=payee, by=payee, at=CLOSING, **values | changes)


def count_audit_events(action: str) -> int:
    return AuditEvent.objects.filter(action=f"payouts.{action}").count()


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"country": "Germany"}, "country_invalid", "country"),
        ({"method": "cash"}, "method_unknown", "method"),
        ({"minimum_minor": -1}, "minimum_invalid", "minimum_minor"),
        ({"iban": " "}, "required", "iban"),
        ({"iban": "DE00"}, "iban_invalid", "iban"),
    ],
)
def test_invalid_account_is_refused_and_writes_nothing(
    changes: dict[str, Any], code: str, field: str, payee: User
) -> None:
    with pytest.raises(InvalidInput) as refusal:
        save(payee, **changes)

    assert (refusal.value.code, refusal.value.field) == (code, field)
    assert not PayoutAccount.objects.exists()
    assert (Notification.objects.count(), count_audit_events("payout_account_saved")) == (0, 0)


def test_changed_account_needs_a_new_verification_and_is_encrypted(payee: User, maker: User) -> None:
    create_verified_account(payee, by=maker, iban=IBAN)

    account = save(payee, iban="GB82 WEST 1234 5698 7654 32")

    assert (account.verified_at, account.changed_at, account.iban_ending) == (None, CLOSING, "5432")
    assert "WEST" not in account.sealed_iban


def test_changed_minimum_keeps_the_verification(payee: User, maker: User) -> None:
    before = create_verified_account(payee, by=maker, iban=IBAN)

    account = save(payee, minimum_minor=5000)

    assert (account.minimum_minor, account.verified_at, account.sealed_iban) == (
        5000, MARCH, before.sealed_iban,
    )  # fmt: skip
    assert Notification.objects.filter(user=payee).count() == 1


def test_account_without_iban_keeps_no_iban(payee: User, maker: User) -> None:
    create_verified_account(payee, by=maker, iban=IBAN)

    account = save(payee, method="manual", iban="")

    assert (account.sealed_iban, account.iban_ending, account.verified_at) == ("", "", None)


def test_own_account_cannot_be_verified(maker: User) -> None:
    account = save(maker)

    with pytest.raises(Forbidden) as refusal:
        verify_payout_account(account_id=account.pk, by=maker, at=MARCH)
    with pytest.raises(IntegrityError, match="verified"), transaction.atomic():
        PayoutAccount.objects.update(verified_at=MARCH, verified_by=maker)

    assert (refusal.value.code, PayoutAccount.objects.get().verified_at) == ("four_eyes", None)


def test_verification_is_idempotent(payee: User, maker: User) -> None:
    account = create_verified_account(payee, by=maker)

    again = verify_payout_account(account_id=account.pk, by=FinanceUserFactory.create(), at=CLOSING)

    assert (again.verified_at, again.verified_by, count_audit_events("payout_account_verified")) == (
        MARCH, maker, 1,
    )  # fmt: skip


def test_payouts_are_held_and_released_with_a_reason(payee: User, maker: User) -> None:
    account = create_verified_account(payee, by=maker)

    held = hold_payouts(account_id=account.pk, by=maker, at=CLOSING, reason="Investigation")
    with pytest.raises(Conflict) as held_twice:
        hold_payouts(account_id=account.pk, by=maker, at=CLOSING, reason="Again")
    released = release_hold(account_id=account.pk, by=maker, at=CLOSING, reason="Cleared")
    with pytest.raises(Conflict) as released_twice:
        release_hold(account_id=account.pk, by=maker, at=CLOSING, reason="Again")

    assert (held.held_at, held.hold_reason) == (CLOSING, "Investigation")
    assert (released.held_at, released.hold_reason) == (None, "")
    assert (held_twice.value.code, released_twice.value.code) == ("hold_exists", "hold_missing")
    assert Notification.objects.get(user=payee, kind="payouts.held").body == "Investigation"
    assert (count_audit_events("payouts_held"), count_audit_events("hold_released")) == (1, 1)


def test_hold_and_release_need_a_reason(payee: User, maker: User) -> None:
    account = create_verified_account(payee, by=maker)
    with pytest.raises(DomainError):
        hold_payouts(account_id=account.pk, by=maker, at=CLOSING, reason=" ")
    assert PayoutAccount.objects.get().held_at is None
    hold_payouts(account_id=account.pk, by=maker, at=CLOSING, reason="Investigation")

    with pytest.raises(DomainError):
        release_hold(account_id=account.pk, by=maker, at=CLOSING, reason=" ")

    assert PayoutAccount.objects.get().held_at == CLOSING


def test_missing_account_is_not_found(maker: User) -> None:
    with pytest.raises(NotFound):
        verify_payout_account(account_id=999_999, by=maker, at=MARCH)


def test_key_rotation_encrypts_ibans_with_the_new_key(
    payee: User, maker: User, settings: LazySettings
) -> None:
    before = create_verified_account(payee, by=maker, iban=IBAN)
    create_verified_account(UserFactory.create(), by=maker)
    old, new = settings.ENCRYPTION_KEYS, Fernet.generate_key().decode()

    settings.ENCRYPTION_KEYS = [new, *old]
    call_command("rotate_keys")

    settings.ENCRYPTION_KEYS = [new]
    account = PayoutAccount.objects.get(payee=payee)
    assert account.sealed_iban != before.sealed_iban
    assert unseal_iban(account) == IBAN.replace(" ", "")


@pytest.mark.parametrize(
    "iban", ["DE89370400440532013001", "DE8937040044053201300", "", "XX", "DE00 0000", "=1+1"]
)
def test_wrong_iban_is_refused(iban: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        clean_iban(iban)

    assert (refusal.value.code, refusal.value.field) == ("iban_invalid", "iban")

"""Permissions of this app. Views name them and never compare roles."""

from __future__ import annotations

from typing import Any

from rules import add_perm, predicate

from workspaces.rules import is_finance


@predicate
def is_payee(user: Any, statement: Any) -> bool:
    return statement is not None and statement.payee_id == user.pk


add_perm("payouts.work_finance", is_finance)
add_perm("payouts.read_statement", is_payee | is_finance)

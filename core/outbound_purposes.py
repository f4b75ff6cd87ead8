"""Why this server calls another host. The purpose decides whose list of private hosts applies."""

from __future__ import annotations

from enum import StrEnum


class Purpose(StrEnum):
    KNOWLEDGE_PAGE = "knowledge_page"
    WORKSPACE_PROVIDER = "workspace_provider"
    INSTANCE_PROVIDER = "instance_provider"
    SIGN_IN = "sign_in"


# Addresses that the operator of the instance typed. All others are typed by tenants, whom nobody vetted.
OPERATOR_PURPOSES = frozenset({Purpose.INSTANCE_PROVIDER})

"""How often suggestions may be asked for: typing quickly is well below."""

from __future__ import annotations

from core.rate_limits import Limit

PERSON_LIMIT = Limit("suggestions-person", 300, 60)
# Many visitors may share an address.
NETWORK_LIMIT = Limit("suggestions-network", 900, 60)

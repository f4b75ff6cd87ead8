"""Refusals of the directory interface, in the shape of RFC 7644, section 3.12."""

from __future__ import annotations

ERROR_SCHEMA = "urn:ietf:params:scim:api:messages:2.0:Error"


class ScimError(Exception):
    """A refused request. ``kind`` is the RFC's ``scimType``, empty where it defines none."""

    def __init__(self, detail: str, *, status: int = 400, kind: str = "") -> None:
        super().__init__(detail)
        self.detail = detail
        self.status = status
        self.kind = kind

    def as_body(self) -> dict[str, object]:
        body: dict[str, object] = {
            "schemas": [ERROR_SCHEMA],
            "status": str(self.status),
            "detail": self.detail,
        }
        return body | ({"scimType": self.kind} if self.kind else {})


def build_missing() -> ScimError:
    return ScimError("There is no such resource.", status=404)

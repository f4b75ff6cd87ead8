"""Public names: what they must not resemble. Asked wherever a name is set that others see."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from core.errors import InvalidInput
from core.names import compare_names, has_mixed_scripts
from core.text import skeleton
from workspaces.models import ProtectedName
from workspaces.states import NameProtection


@dataclass(frozen=True)
class Resemblance:
    """``why`` is a result of compare_names, "prohibited", or "mixed_scripts" (``known`` is empty then)."""

    why: str
    known: str = ""


def find_resemblances(name: str, *, holder_id: int | None) -> list[Resemblance]:
    """Return what a public name of ``holder_id`` (None: nobody's) resembles; empty for an ordinary one.

    Marks and prohibited names also count inside a name, those of verified builders only as the whole.
    """
    whole = skeleton(name)
    known = ProtectedName.objects.filter(
        ~Q(kind=NameProtection.VERIFIED) | Q(kind=NameProtection.VERIFIED, skeleton=whole)
    )
    found = []
    for row in known.order_by("pk"):
        if holder_id is not None and row.holder_id == holder_id:
            continue
        why = compare_names(name, row.name)
        if why and row.kind == NameProtection.PROHIBITED:
            why = "prohibited" if skeleton(row.name) == whole else ""
        if why:
            found.append(Resemblance(why, row.name))
    if has_mixed_scripts(name):
        found.append(Resemblance("mixed_scripts"))
    return found


def check_public_name(name: str, *, holder_id: int | None, field: str, is_person: bool = False) -> None:
    """Raise InvalidInput (``name_protected``) for a name that resembles a protected one.

    ``is_person``: the name of a person, who may well be called like somebody who is verified.
    """
    for found in find_resemblances(name, holder_id=holder_id):
        if is_person and found.why == "same_mark" and _is_verified(found.known):
            continue
        if found.why == "mixed_scripts":
            raise InvalidInput(
                _("A word of this name mixes alphabets that look alike. Write it in one of them."),
                code="name_protected",
                field=field,
            )
        raise InvalidInput(
            _(
                "“%(known)s” is a protected name. Choose another one, or ask the operator of this store"
                " if it is yours."
            )
            % {"known": found.known},
            code="name_protected",
            field=field,
            data={"why": found.why},
        )


def _is_verified(known: str) -> bool:
    rows = ProtectedName.objects.filter(name=known)
    return not rows.exclude(kind=NameProtection.VERIFIED).exists()

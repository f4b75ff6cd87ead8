"""Remembering which versions were merely replaced, so that conversations may go on with them."""

from __future__ import annotations

from datetime import datetime

from gpts.models import GPT, PastVersion, Version


def note_replaced(*, gpt: GPT, audience: str, old: Version | None, new: Version, at: datetime) -> None:
    """Call it when ``new`` goes live for ``audience`` in place of ``old``, in that transaction.

    A newer version leaves the old one to its conversations. An older one that comes back means that what
    was made after it is taken back, for those conversations too.
    """
    past = PastVersion.objects.filter(gpt=gpt, audience=audience)
    past.filter(version__number__gte=new.number).delete()
    if old is not None and old.number < new.number:
        PastVersion.objects.get_or_create(
            version=old, audience=audience, defaults={"gpt": gpt, "replaced_at": at}
        )


def forget_past(*, gpt: GPT, audience: str) -> None:
    """Call it when ``audience`` is served no longer: what served it before does not either."""
    PastVersion.objects.filter(gpt=gpt, audience=audience).delete()

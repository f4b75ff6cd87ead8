"""GPTs that only their company has: what they were asked and said stays with its members and its GPTs."""

from __future__ import annotations

from collections.abc import Iterable

from gpts.assistants.models import GPT, LiveVersion
from gpts.assistants.states import Audience
from workspaces.states import COMPANY_KINDS

OPEN_AUDIENCES = (Audience.PUBLIC, Audience.LINK)


def open_to_all(gpts: Iterable[int]) -> set[int]:
    """Return those of the ids whose GPT anybody may talk to, found in the store or by its link."""
    rows = LiveVersion.objects.filter(gpt_id__in=set(gpts), audience__in=OPEN_AUDIENCES)
    return set(rows.values_list("gpt_id", flat=True))


def confined(gpts: Iterable[GPT]) -> list[GPT]:
    """Return those that belong to a company and are open to its members alone; ``workspace`` is at hand."""
    inside = [gpt for gpt in gpts if gpt.workspace.kind in COMPANY_KINDS]
    known = open_to_all(gpt.pk for gpt in inside) if inside else set()
    return [gpt for gpt in inside if gpt.pk not in known]


def withheld_from(gpt: GPT, others: Iterable[int]) -> set[int]:
    """Return those of the ids whose turns ``gpt`` must not read: other companies' own GPTs."""
    found = GPT.objects.select_related("workspace").filter(pk__in=set(others) - {gpt.pk})
    return {other.pk for other in confined(found) if other.workspace_id != gpt.workspace_id}

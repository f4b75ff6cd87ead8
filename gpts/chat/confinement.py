"""Company-only GPTs: their questions and answers stay with the company's members and its GPTs."""

from __future__ import annotations

from collections.abc import Iterable

from gpts.assistants.models import GPT
from gpts.assistants.queries.served import list_served_versions
from gpts.assistants.states import OPEN_AUDIENCES
from workspaces.states import COMPANY_KINDS


def find_open_gpts(gpts: Iterable[int]) -> set[int]:
    """Return the ids among ``gpts`` that anybody may chat with, through the store or a link."""
    rows = list_served_versions().filter(gpt_id__in=set(gpts), audience__in=OPEN_AUDIENCES)
    return set(rows.values_list("gpt_id", flat=True))


def select_company_only(gpts: Iterable[GPT]) -> list[GPT]:
    """Return the company-only GPTs among ``gpts``, which come with ``workspace`` loaded."""
    of_companies = [gpt for gpt in gpts if gpt.workspace.kind in COMPANY_KINDS]
    open_gpts = find_open_gpts(gpt.pk for gpt in of_companies) if of_companies else set()
    return [gpt for gpt in of_companies if gpt.pk not in open_gpts]


def find_withheld_gpts(gpt: GPT, others: Iterable[int]) -> set[int]:
    """Return the ids among ``others`` whose turns ``gpt`` must not read: other companies' own GPTs."""
    found = GPT.objects.select_related("workspace").filter(pk__in=set(others) - {gpt.pk})
    return {other.pk for other in select_company_only(found) if other.workspace_id != gpt.workspace_id}

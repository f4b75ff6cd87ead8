"""GPTs and their versions, created by the services."""
# mypy: disable-error-code="no-untyped-call"
# (the declarations of factory_boy have no annotations)

from __future__ import annotations

from typing import Any

from factory.base import Factory
from factory.declarations import LazyAttribute, SubFactory

from gpts.assistants.models import GPT, Version
from gpts.assistants.services.gpts import create_gpt
from gpts.assistants.services.versions import freeze_version
from tests.support.factories.workspaces import UserFactory
from tests.support.times import NOW


class GPTFactory(Factory[GPT]):
    """A GPT in its owner's personal workspace; other fields are those of the draft."""

    class Meta:
        model = GPT

    owner = SubFactory(UserFactory)
    workspace = LazyAttribute(lambda gpt: gpt.owner.personal_workspace)
    by = LazyAttribute(lambda gpt: gpt.owner)
    at = NOW
    name = "Essay coach"
    description = "Reads your draft and asks what you mean."
    instructions = "Ask before you correct."
    starters = ("Read my first paragraph",)
    category = "writing"

    @classmethod
    def _create(cls, model_class: type[GPT], *args: Any, **fields: Any) -> GPT:
        return create_gpt(**fields | {"starters": list(fields["starters"])})


class VersionFactory(Factory[Version]):
    """The frozen draft of ``gpt``."""

    class Meta:
        model = Version

    gpt = SubFactory(GPTFactory)
    by = LazyAttribute(lambda version: version.gpt.owner)
    release_notes = ""
    at = NOW

    @classmethod
    def _create(cls, model_class: type[Version], *args: Any, **fields: Any) -> Version:
        return freeze_version(**fields)

"""Each failure that is kept for a model's page has a sentence of its own that says what to do."""

from __future__ import annotations

import pytest

from gpts.llm.runtime.types import FailureCode
from gpts.llm.services.learning import NO_CALL_FAILED
from gpts.llm.states import ProviderKind
from gpts.llm.wording import describe_failure

OTHERWISE = "It failed in another way."


@pytest.mark.parametrize("kind", [ProviderKind.RESPONSES, ProviderKind.CHAT_COMPLETIONS])
def test_each_failure_of_a_provider_has_its_own_advice(kind: str) -> None:
    advice = {code: describe_failure(code, kind) for code in FailureCode if code not in NO_CALL_FAILED}

    assert [code for code, text in advice.items() if text == OTHERWISE] == []
    assert len(set(advice.values())) == len(advice)
    assert describe_failure("of_another_version", kind) == OTHERWISE

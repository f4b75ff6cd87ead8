"""Sentences about embeddings models that failed, for the people who administer or use them."""

from __future__ import annotations

from django.utils.translation import gettext as _

from gpts.llm.embeddings import DIMENSIONS_DIFFER
from gpts.llm.models import LanguageModel
from gpts.llm.runtime.types import FailureCode


def describe_embedding_failure(model: LanguageModel) -> str:
    """Return why the last batch of passages got no vectors, empty when it did."""
    code = model.embedding_failure
    if not code:
        return ""
    messages = {
        "refused": _("The embeddings server refuses the passages, also one at a time."),
        DIMENSIONS_DIFFER: _(
            "The vectors of the embeddings server do not have the dimensions that are entered for the model."
        ),
        FailureCode.PROVIDER_DOWN: _("The embeddings server does not answer."),
        FailureCode.PROVIDER_SLOW: _("The embeddings server takes too long to answer."),
        FailureCode.RATE_LIMITED: _("The embeddings server is busy."),
        FailureCode.BAD_KEY: _("The embeddings server refuses the key."),
        FailureCode.MALFORMED_STREAM: _("The embeddings server answers with something other than vectors."),
    }
    return {str(known): text for known, text in messages.items()}.get(
        code, _("The embeddings server failed.")
    )

"""The provider and the models that come with the product: their names, and how pages show them."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from gpts.llm.runtime import builtin_embeddings

OFFLINE_PROVIDER = "Built in"
OFFLINE_MODEL = "offline"
OFFLINE_LABEL = "Offline (quotes knowledge, no language model)"
EMBEDDINGS_LABEL = f"Built in ({builtin_embeddings.NAME})"

SHOWN_LABELS = {
    OFFLINE_PROVIDER: _("Built in"),
    OFFLINE_LABEL: _("Offline (quotes knowledge, no language model)"),
    EMBEDDINGS_LABEL: _("Built in (multilingual-e5-small)"),
}


def get_shown_label(label: str) -> str:
    """Return a provider's name or a model's label for people: ours in their language, others as entered."""
    return str(SHOWN_LABELS.get(label, label))

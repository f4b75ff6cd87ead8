"""What differs between two versions of a GPT, as far as another company may know it."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from gpts.assistants.differences import LABELS
from gpts.assistants.models import Version
from gpts.chat.version_changes import PublicChange, list_public_changes
from gpts.llm.built_in import get_shown_label


def list_outside_changes(before: Version, after: Version) -> list[PublicChange]:
    """Return what differs as far as strangers may know: never what instructions and files say."""
    changes = list_public_changes(before, after)
    models = [get_shown_label(one.model_name) or str(_("The instance's default")) for one in (before, after)]
    if models[0] != models[1]:
        changes.append(PublicChange("model", LABELS["model"], *models))
    files = [
        ngettext("%(count)d file", "%(count)d files", len(one.knowledge_hashes))
        % {"count": len(one.knowledge_hashes)}
        for one in (before, after)
    ]
    if set(before.knowledge_hashes) != set(after.knowledge_hashes):
        changes.append(PublicChange("knowledge", LABELS["knowledge"], *files))
    if before.instructions != after.instructions:
        changes.append(PublicChange("instructions", LABELS["instructions"], "", str(_("Changed"))))
    return changes

"""What each code of evidence (``why``) means, in words for moderators."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

REASONS: dict[str, Any] = {
    "prohibited": _("This name was prohibited by a decision"),
    "look_alike": _("Looks like a protected name, written with other characters"),
    "same_mark": _("The same as a protected name"),
    "contains_mark": _("Contains a protected name"),
    "mixed_scripts": _("One word mixes alphabets that look alike"),
    "taken": _("A verified builder has a GPT of this name"),
    "copy": _("The instructions overlap with another builder's GPT"),
    "asks_for_secrets": _("Asks people for passwords, keys or card numbers"),
    "key": _("Looks like an access key"),
    "private_key": _("A private key"),
    "password": _("Looks like a password or token"),
    "credentials_in_url": _("An address with a password in it"),
    "invisible": _("Invisible characters"),
    "tag_characters": _("Hidden tag characters"),
    "encoded": _("An encoded passage; decoded it says this"),
    "undecodable": _("An encoded passage that cannot be read"),
    "aimed_at_reviewers": _("Behaves differently towards reviewers, or hides from people"),
    "override": _("An order to ignore other instructions"),
    "exfiltration": _("An image address that carries data away"),
    "comment": _("A comment that readers do not see"),
    "no_description": _("No description"),
    "short_description": _("The description says very little"),
    "no_starters": _("No conversation starters"),
    "repeated_starters": _("The same starter twice"),
    "short_instructions": _("Hardly any instructions"),
    "shouting": _("The name is in capitals"),
    "placeholder": _("A placeholder was left in"),
}

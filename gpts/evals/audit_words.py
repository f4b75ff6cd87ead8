"""How events of golden prompts and their runs read in the audit log."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from core.audit_words import ActionWords, Area, AuditWords, FieldWords, ObjectWords, describe_choice
from gpts.assistants.audit_words import GPT_KIND
from gpts.evals.states import ExpectedOutcome, GoldenKind

WORDS = AuditWords(
    actions={
        "gpts.golden_prompt_added": ActionWords(
            Area.TESTS,
            _("Golden prompt added"),
            _("%(who)s added tests to %(what)s."),
            details=("count",),
        ),
        "gpts.golden_prompt_changed": ActionWords(
            Area.TESTS, _("Golden prompt changed"), _("%(who)s changed a test of %(what)s.")
        ),
        "gpts.golden_prompt_removed": ActionWords(
            Area.TESTS, _("Golden prompt removed"), _("%(who)s removed a test of %(what)s.")
        ),
        "gpts.golden_prompts_imported": ActionWords(
            Area.TESTS,
            _("Golden prompts imported"),
            _("%(who)s imported tests into %(what)s."),
            details=("count", "replaced"),
        ),
        "gpts.golden_prompts_ordered": ActionWords(
            Area.TESTS,
            _("Golden prompts reordered"),
            _("%(who)s reordered the tests of %(what)s."),
        ),
        "gpts.golden_run_cancelled": ActionWords(
            Area.TESTS, _("Test run cancelled"), _("%(who)s cancelled a test run of %(gpt_id)s.")
        ),
        "gpts.golden_run_started": ActionWords(
            Area.TESTS,
            _("Test run started"),
            _("%(who)s started a test run of %(gpt_id)s."),
            details=("kind", "version"),
        ),
    },
    objects={"gpts.goldenrun": ObjectWords(lambda _ids, _reader: {}, _("a test run"))},
    fields={
        "gpt_id": FieldWords("GPT", object=GPT_KIND),
        "count": FieldWords(_("Tests")),
        "replaced": FieldWords(_("In place of the earlier ones")),
        "kind": FieldWords(_("Kind"), describe_choice(GoldenKind)),
        "version": FieldWords(_("Version")),
        "name": FieldWords(_("Name")),
        "prompt": FieldWords(_("Question")),
        "history": FieldWords(_("Earlier messages")),
        "tags": FieldWords(_("Tags")),
        "expected": FieldWords(_("Expected"), describe_choice(ExpectedOutcome)),
        "assertions": FieldWords(_("Checks")),
        "seed": FieldWords(_("Seed")),
        "is_enabled": FieldWords(_("Switched on")),
    },
)

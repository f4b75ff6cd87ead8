"""How background jobs and their failures read, for operators."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

# Jobs by their registered names; one that a former version sent is shown by its name.
LABELS: dict[str, Any] = {
    "gpts.add_usage_partitions": gettext_lazy("Add months to the table of usage"),
    "gpts.add_usage_to_days": gettext_lazy("Add usage to the sums of each day"),
    "gpts.announce_content_access": gettext_lazy("Announce that chats were opened with a reason"),
    "gpts.apply_retention": gettext_lazy("Delete conversations by the rules of companies"),
    "gpts.ask_golden_prompt": gettext_lazy("Ask a golden prompt"),
    "gpts.count_gpt_use": gettext_lazy("Count the use of GPTs"),
    "gpts.count_recent_members": gettext_lazy("Count members who use GPTs"),
    "gpts.count_retention": gettext_lazy("Count what a rule would delete"),
    "gpts.embed_attachments": gettext_lazy("Make vectors of files in chats"),
    "gpts.embed_waiting": gettext_lazy("Make vectors of knowledge"),
    "gpts.fill_insights": gettext_lazy("Fill insights"),
    "gpts.fill_insights_of_gpt": gettext_lazy("Fill the insights of a GPT"),
    "gpts.index_missed_words": gettext_lazy("Index chats that were missed"),
    "gpts.index_turn_words": gettext_lazy("Index new chats for search"),
    "gpts.index_waiting": gettext_lazy("Index knowledge"),
    "gpts.mark_used_gpts": gettext_lazy("Mark GPTs that enough people use"),
    "gpts.note_model_answer": gettext_lazy("Note what a model has shown"),
    "gpts.note_stale_files": gettext_lazy("Remind owners of files that are due for review"),
    "gpts.read_files": gettext_lazy("Read files"),
    "gpts.reap_lost_turns": gettext_lazy("End answers whose process died"),
    "gpts.release_stale_budgets": gettext_lazy("Release reservations of budgets"),
    "gpts.remind_of_retirements": gettext_lazy("Remind owners of models that end"),
    "gpts.remove_old_failures": gettext_lazy("Remove old failures of models"),
    "gpts.remove_temporary_conversations": gettext_lazy("Remove temporary and deleted chats"),
    "gpts.resume_transfers": gettext_lazy("Resume transfers of GPTs"),
    "gpts.send_edit_notices": gettext_lazy("Mail notices of edits"),
    "gpts.sweep_attachments": gettext_lazy("Remove files that were never sent"),
    "gpts.sweep_document_leftovers": gettext_lazy("Delete unused files"),
    "gpts.sweep_files": gettext_lazy("Resume files that wait"),
    "gpts.sweep_golden_runs": gettext_lazy("Resume runs of golden prompts"),
    "gpts.tend_adoptions": gettext_lazy("End approvals of GPTs from outside"),
    "gpts.transfer_gpts": gettext_lazy("Transfer GPTs to another owner"),
    "marketplace.compute_scores": gettext_lazy("Compute the ranking of the store"),
    "marketplace.embed_listings": gettext_lazy("Make vectors of the store"),
    "marketplace.follow_deletions": gettext_lazy("Take deleted GPTs out of the store"),
    "marketplace.follow_publishing_rules": gettext_lazy("Follow publishing rules in the store"),
    "payouts.calculate_close": gettext_lazy("Calculate a month"),
    "payouts.release_due": gettext_lazy("Release earnings that were held back"),
    "payouts.resume_closes": gettext_lazy("Resume the calculation of months"),
    "payouts.roll_up": gettext_lazy("Add up usage"),
    "reviews.check_submission": gettext_lazy("Check a submission"),
    "reviews.check_waiting": gettext_lazy("Check submissions that wait"),
    "reviews.deliver_notice": gettext_lazy("Mail a notice of moderation"),
    "reviews.deliver_waiting": gettext_lazy("Mail notices that wait"),
    "reviews.fill_daily_stats": gettext_lazy("Count moderation of the day"),
    "reviews.recheck_names": gettext_lazy("Check public names again"),
    "reviews.tend_queue": gettext_lazy("Keep the queue of moderation in order"),
    "workspaces.apply_group_rules": gettext_lazy("Apply the rules of groups"),
    "workspaces.apply_rules_to_person": gettext_lazy("Apply the rules of groups to a person"),
    "workspaces.check_domains": gettext_lazy("Look for the DNS records of e-mail domains"),
    "workspaces.check_storage": gettext_lazy("Check the storage of files"),
    "workspaces.delete_due_workspaces": gettext_lazy("Delete workspaces whose time is over"),
    "workspaces.discard_mail": gettext_lazy("Discard an e-mail"),
    "workspaces.expire_guests": gettext_lazy("End the places of guests"),
    "workspaces.forget_used_tokens": gettext_lazy("Forget used codes and links"),
    "workspaces.join_by_domains": gettext_lazy("Let somebody join by their e-mail domain"),
    "workspaces.notify_of_guesses": gettext_lazy("Warn somebody whose password is guessed at"),
    "workspaces.record_activity": gettext_lazy("Note when a member was last active"),
    "workspaces.remind_of_deletions": gettext_lazy("Remind of planned deletions of workspaces"),
    "workspaces.remove_expired_sessions": gettext_lazy("Remove expired sessions"),
    "workspaces.remove_old_failed_jobs": gettext_lazy("Remove old failed jobs"),
    "workspaces.resume_erasures": gettext_lazy("Resume erasures"),
    "workspaces.run_erasure": gettext_lazy("Erase an account or a workspace"),
    "workspaces.run_export": gettext_lazy("Export a workspace"),
    "workspaces.run_outbound_jobs": gettext_lazy("Call other hosts"),
    "workspaces.send_imported_invitations": gettext_lazy("Write mails of imported invitations"),
    "workspaces.send_queued_mail": gettext_lazy("Send an e-mail"),
    "workspaces.send_reset_mails": gettext_lazy("Mail links to reset a password"),
    "workspaces.send_second_factor_notices": gettext_lazy("Mail who needs two-factor sign-in"),
    "workspaces.settle_outbound_job": gettext_lazy("Try or discard a call to another host"),
    "workspaces.sweep_mails": gettext_lazy("Resume e-mails"),
    "workspaces.sweep_outbound_jobs": gettext_lazy("Resume calls to other hosts"),
    "workspaces.tend_exports": gettext_lazy("Resume exports and remove old ones"),
}
# Kinds of calls to other hosts, by OutboundJob.kind.
CALLS: dict[str, Any] = {
    "gpts.knowledge_page": gettext_lazy("Fetch a web page as knowledge"),
    "gpts.provider_test": gettext_lazy("Test the connection of a provider"),
    "workspaces.domain_check": gettext_lazy("Look for the DNS record of an e-mail domain"),
    "workspaces.mail_test": gettext_lazy("Test the mail server"),
}


def get_job_label(name: str) -> str:
    return str(LABELS.get(name, name))


def get_call_label(kind: str) -> str:
    return str(CALLS.get(kind, kind))


def describe_error(error_class: str, place: str) -> str:
    """Say what an exception means for the operator: ``error_class`` is its full name, without its message."""
    name = error_class.rpartition(".")[2]
    if name in ("OperationalError", "InterfaceError", "PoolTimeout", "DatabaseBusy"):
        return _("The database did not answer.")
    if error_class.startswith(("redis.", "kombu.")):
        return _("Redis did not answer.")
    if name == "SMTPAuthenticationError":
        return _("The mail server refused the user name or the password of EMAIL_URL.")
    if name == "SMTPRecipientsRefused":
        return _("The mail server refused the address of the recipient.")
    if name == "SMTPSenderRefused":
        return _("The mail server refused the sender. Look at DEFAULT_FROM_EMAIL.")
    if error_class.startswith("smtplib."):
        return _("The mail server refused the mail (%(name)s).") % {"name": name}
    if name in ("gaierror", "ConnectionRefusedError", "TimeoutError", "ConnectionResetError"):
        return _("The other server did not answer (%(name)s).") % {"name": name}
    if name in ("SoftTimeLimitExceeded", "TimeLimitExceeded"):
        return _("It took longer than a job may, and was stopped.")
    if name == "WorkerLostError":
        return _("Its worker was killed, most often for want of memory.")
    if name == "SecretBroken":
        return _("A stored secret cannot be read. Check whether ENCRYPTION_KEYS still has its key.")
    if place:
        return _("A fault of the program (%(name)s in %(place)s). The log of the worker has more.") % {
            "name": name,
            "place": place,
        }
    return _("A fault of the program (%(name)s). The log of the worker has more.") % {"name": name}

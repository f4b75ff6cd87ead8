"""Jobs that send e-mails and call other hosts."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from uuid import UUID

from celery import shared_task
from django.contrib.sessions.backends.cached_db import SessionStore
from django.utils import timezone

from core.failed_jobs import remove_old_failed_jobs
from core.jobs import log_refused_task
from core.scope import system_scope
from core.storage_check import check_storage
from workspaces.job_threads import JobThreads
from workspaces.models import User
from workspaces.queries import find_user
from workspaces.services import mail_test, outbound_jobs
from workspaces.services.activity import record_activity
from workspaces.services.deletion_reminders import remind_of_deletions
from workspaces.services.domain_claims import check_due_domains
from workspaces.services.domain_joining import join_at_sign_up
from workspaces.services.erasures import resume_erasures, run_erasure
from workspaces.services.failed_jobs import discard_mail, settle_outbound_job
from workspaces.services.groups import apply_all_group_rules, apply_rules_to_person
from workspaces.services.guests import expire_guests
from workspaces.services.invitation_import import mail_imported_invitations
from workspaces.services.life_cycle import delete_due_workspaces
from workspaces.services.mails import send_waiting_mail, sweep_mails
from workspaces.services.password_resets import send_reset_mails
from workspaces.services.second_factor_notices import send_second_factor_notices
from workspaces.services.security_notices import SecurityEvent, notify_security
from workspaces.services.single_use import forget_used_tokens
from workspaces.services.workspace_exports import run_export, sweep_export_files, tend_exports

# Their jobs run there, found by their kinds.
HANDLERS = (mail_test,)
_threads = JobThreads(partial(outbound_jobs.run_next_job, clock=timezone.now))


@shared_task(name=outbound_jobs.RUN)
def run_outbound_jobs() -> None:
    """Run waiting calls to other hosts in threads of this worker. Running twice finds them claimed."""
    _threads.wake()


@shared_task(name="workspaces.sweep_outbound_jobs")
def sweep_outbound_jobs() -> int:
    """Resume calls whose worker died and remove old ones. Running twice finds nothing the second time."""
    with system_scope("workspaces.sweep_outbound_jobs"):
        return outbound_jobs.sweep_jobs(at=timezone.now())


@shared_task(name="workspaces.send_queued_mail")
def send_queued_mail(*, mail_id: str) -> None:
    """Send one e-mail that a request wrote. Running twice finds it claimed or gone."""
    if not send_waiting_mail(mail_id=UUID(mail_id), at=timezone.now()):
        log_refused_task("workspaces.send_queued_mail", "mail_claimed_or_sent")


@shared_task(name="workspaces.sweep_mails")
def sweep_mails_of_requests() -> int:
    """Enqueue e-mails again whose job was lost or failed. Running twice sends each once."""
    with system_scope("workspaces.sweep_mails"):
        return sweep_mails(at=timezone.now())


@shared_task(name="workspaces.notify_of_guesses")
def notify_of_guesses(*, email: str) -> None:
    """Tell the owner of the account, if there is one, that somebody guesses at its password."""
    with system_scope("workspaces.notify_of_guesses"):
        user = find_user(email)
        if user is None or not user.is_active:
            log_refused_task("workspaces.notify_of_guesses", "no_account")
            return
        notify_security(user=user, event=SecurityEvent.PASSWORD_GUESSED, at=timezone.now())


@shared_task(name="workspaces.send_reset_mails")
def mail_reset_links(*, email: str, language: str) -> None:
    """Mail a link to choose a new password to the accounts with the address, or a note that there is none."""
    with system_scope("workspaces.send_reset_mails"):
        send_reset_mails(email=email, language=language, by=None, at=timezone.now())


@shared_task(name="workspaces.forget_used_tokens")
def sweep_used_tokens() -> None:
    """Delete the marks of codes and links that expired. Idempotent."""
    with system_scope("workspaces.forget_used_tokens"):
        forget_used_tokens(at=timezone.now())


@shared_task(name="workspaces.remove_expired_sessions")
def sweep_sessions() -> None:
    """Delete sessions that expired, with the questions that visitors asked in them. Idempotent."""
    with system_scope("workspaces.remove_expired_sessions"):
        SessionStore.clear_expired()


@shared_task(name="workspaces.run_erasure")
def erase(*, erasure_id: str) -> None:
    """Go on with an erasure. Idempotent: a run takes a lease, and finished steps are not repeated."""
    run_erasure(erasure_id=UUID(erasure_id), clock=timezone.now)


@shared_task(name="workspaces.resume_erasures")
def resume_lost_erasures() -> None:
    """Start erasures again whose worker died or that waited for something."""
    with system_scope("workspaces.resume_erasures"):
        resume_erasures(at=timezone.now())


@shared_task(name="workspaces.apply_group_rules")
def apply_rules() -> int:
    """Apply the e-mail rules of all groups, for what events missed. Running twice changes nothing more."""
    with system_scope("workspaces.apply_group_rules"):
        return apply_all_group_rules(at=timezone.now())


@shared_task(name="workspaces.apply_rules_to_person")
def apply_rules_to_one(*, user_id: int) -> None:
    """Follow the changed addresses of a person in the groups with an e-mail rule. Idempotent."""
    with system_scope("workspaces.apply_rules_to_person"):
        if not User.objects.filter(pk=user_id, is_active=True).exists():
            log_refused_task("workspaces.apply_rules_to_person", "no_account", user_id=user_id)
            return
        apply_rules_to_person(user_id=user_id, by=None, at=timezone.now())


@shared_task(name="workspaces.settle_outbound_job")
def settle_failed_call(*, job_id: str, act: str) -> None:
    """Try or discard a failed call to another host. Running twice finds it queued or gone."""
    with system_scope("workspaces.settle_outbound_job"):
        if not settle_outbound_job(job_id=UUID(job_id), act=act, at=timezone.now()):
            log_refused_task("workspaces.settle_outbound_job", "not_failed", job=job_id)


@shared_task(name="workspaces.discard_mail")
def discard_unsent_mail(*, mail_id: str) -> None:
    """Delete an e-mail that could not be sent. Running twice finds it gone."""
    with system_scope("workspaces.discard_mail"):
        if not discard_mail(mail_id=UUID(mail_id)):
            log_refused_task("workspaces.discard_mail", "mail_gone")


@shared_task(name="workspaces.remove_old_failed_jobs")
def sweep_failed_jobs() -> int:
    """Remove failures of jobs that are long past. Running twice finds none."""
    with system_scope("workspaces.remove_old_failed_jobs"):
        return remove_old_failed_jobs(at=timezone.now())


@shared_task(name="workspaces.expire_guests")
def end_expired_guests() -> int:
    """End the places of guests whose time is over. Running twice finds none."""
    with system_scope("workspaces.expire_guests"):
        return expire_guests(at=timezone.now())


@shared_task(name="workspaces.record_activity")
def note_last_activity(*, user_id: int, workspace_id: int, at: str) -> None:
    """Write when a member last used a workspace. Running twice writes the same time."""
    with system_scope("workspaces.record_activity"):
        if not record_activity(user_id=user_id, workspace_id=workspace_id, at=datetime.fromisoformat(at)):
            log_refused_task("workspaces.record_activity", "no_member_or_later", user_id=user_id)


@shared_task(name="workspaces.send_imported_invitations")
def send_imported_invitations() -> int:
    """Write mails of imported invitations that wait, some at a time. Running twice writes each once."""
    with system_scope("workspaces.send_imported_invitations"):
        return mail_imported_invitations(at=timezone.now())


@shared_task(name="workspaces.check_storage")
def check_storage_of_files() -> None:
    """Write, read and delete a small object, and note the result. Running twice leaves the later result."""
    check_storage(clock=timezone.now)


@shared_task(name="workspaces.check_domains")
def check_domains() -> int:
    """Look for the DNS records of claimed and proved domains. Running twice looks twice, with one result."""
    return check_due_domains(clock=timezone.now)


@shared_task(name="workspaces.join_by_domains")
def join_by_confirmed_address(*, user_id: int) -> None:
    """Make somebody who confirmed an address a member where their domain does that. Idempotent."""
    with system_scope("workspaces.join_by_domains"):
        user = User.objects.filter(pk=user_id, is_active=True).first()
        if user is None:
            log_refused_task("workspaces.join_by_domains", "no_account", user_id=user_id)
            return
        join_at_sign_up(user=user, at=timezone.now())


@shared_task(name="workspaces.delete_due_workspaces")
def delete_workspaces() -> int:
    """Close and erase workspaces whose deletion is due. Running twice finds none."""
    with system_scope("workspaces.delete_due_workspaces"):
        return delete_due_workspaces(at=timezone.now())


@shared_task(name="workspaces.run_export")
def export_workspace(*, export_id: str) -> None:
    """Make the file of an export. Running twice finds it claimed or made."""
    run_export(export_id=UUID(export_id), clock=timezone.now)


@shared_task(name="workspaces.tend_exports")
def tend_all_exports() -> int:
    """Start lost exports again, remove old ones and files without one. Running twice finds none."""
    return tend_exports(at=timezone.now()) + sweep_export_files()


@shared_task(name="workspaces.remind_of_deletions")
def remind_of_planned_deletions() -> int:
    """Remind owners and admins of planned deletions. Running twice reminds nobody twice."""
    with system_scope("workspaces.remind_of_deletions"):
        return remind_of_deletions(at=timezone.now())


@shared_task(name="workspaces.send_second_factor_notices")
def tell_of_second_factor() -> int:
    """Mail members who need a second factor soon. Running twice tells each once."""
    with system_scope("workspaces.send_second_factor_notices"):
        return send_second_factor_notices(at=timezone.now())

"""seed_demo: creates people, companies, GPTs, conversations, a queue, usage and a closed month."""

from __future__ import annotations

import time
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from core.scope import system_scope
from demo.people import PASSWORD, PEOPLE
from demo.seeding import seed
from gpts.chat.services.recent_members import count_recent_members
from gpts.metering.services.gpt_use import count_gpt_use
from gpts.metering.services.usage_days import add_usage_to_days


class Command(BaseCommand):
    help = (
        "Create the demo people, their GPTs, a moderation queue, three months of usage and one closed month."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        started_at = time.monotonic()
        summary = seed(at=timezone.now())
        if summary is None:
            self.stdout.write("The demo is there already; nothing was changed.")
            return
        # After the commit: the sums leave out what an open transaction has written.
        with system_scope("seed_demo"):
            add_usage_to_days()
        with system_scope("seed_demo"):
            count_gpt_use(at=timezone.now())
            count_recent_members(at=timezone.now())
        self.stdout.write(f"{summary} ({time.monotonic() - started_at:.1f} s)")
        self.stdout.write(f"Sign in with the password {PASSWORD}:")
        for person in PEOPLE[:12]:
            self.stdout.write(f"  {person.email}  {', '.join(person.staff) or person.display_name}")

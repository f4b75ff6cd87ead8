"""seed_demo: creates people, companies, GPTs, conversations, a queue, usage and a closed month."""

from __future__ import annotations

import time
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from demo.people import PASSWORD, PEOPLE
from demo.seeding import seed


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
        self.stdout.write(f"{summary} ({time.monotonic() - started_at:.1f} s)")
        self.stdout.write(f"Sign in with the password {PASSWORD}:")
        for person in PEOPLE[:12]:
            self.stdout.write(f"  {person.email}  {', '.join(person.staff) or person.display_name}")

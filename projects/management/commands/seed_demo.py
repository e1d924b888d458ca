"""Make the demonstration's data by running the main job for real; workers must be running."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from projects.demonstration.player import DemonstrationError
from projects.demonstration.run import play
from studies.models import Study


class Command(BaseCommand):
    """``manage.py seed_demo --logins FILE``."""

    help = "Plays the demonstration study through the services; needs running workers."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the file for the logins."""
        parser.add_argument("--logins", type=Path, required=True)

    def handle(self, *args: Any, logins: Path, **options: Any) -> None:
        """Play, and write the logins."""
        if not settings.CLOCK_SHIFT_ALLOWED:
            raise CommandError("The demonstration needs a shifted clock: set ICRO_ENV=demo.")
        if Study.objects.exists():
            raise CommandError("There is a study already; the demonstration wants an empty one.")
        try:
            found = play(self.stdout.write)
        except DemonstrationError as error:
            raise CommandError(str(error)) from None
        logins.write_text(json.dumps(found, indent=2) + "\n")

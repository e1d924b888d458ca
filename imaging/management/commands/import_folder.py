"""Take in what a courier brought on a disk."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.models import User, normal_email
from audit.actors import service
from audit.errors import Refused
from imaging.doors.folder import disk_name, import_folder, read_map
from imaging.pipeline.reasons import sentence
from imaging.services import doors
from studies.actors import actor_for
from studies.models import Study, StudySite
from studies.scoping import scope


class Command(BaseCommand):
    """Import a folder for one site of one study."""

    help = (
        "Take every file of a folder in for a site. What the list assigns becomes drafts at the "
        "site's visits, to be completed and signed there; the rest waits under unassigned arrivals."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Name the folder, the site, the list and the people."""
        parser.add_argument("folder", type=Path)
        parser.add_argument("--study", required=True, help="code of the study")
        parser.add_argument("--site", required=True, help="number of the site in the study")
        parser.add_argument(
            "--map", type=Path, help="CSV: PatientID,subject_id[,site_id,time_point_id]"
        )
        parser.add_argument(
            "--responsible", default="", help="e-mail of the site user who will complete and sign"
        )
        parser.add_argument(
            "--by", required=True, help="e-mail of the person who imports (image operations)"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Import."""
        folder: Path = options["folder"]
        if not folder.is_dir():
            raise CommandError("There is no such folder.")
        study = Study.objects.filter(code=options["study"]).first()
        if study is None:
            raise CommandError("There is no such study.")
        with scope(study):
            try:
                self._import(study, folder, options)
            except Refused as refused:
                raise CommandError(refused.message) from refused

    def _import(self, study: Study, folder: Path, options: dict[str, Any]) -> None:
        site = StudySite.objects.filter(number=options["site"]).first()
        if site is None:
            raise CommandError("The study has no such site.")
        person = User.objects.filter(email=normal_email(options["by"])).first()
        actor = actor_for(person, study) if person else None
        if actor is None or not actor.may("door.assign"):
            raise CommandError("--by names nobody who may assign arrivals in this study.")
        people = doors.senders_of(site)
        wanted = normal_email(options["responsible"])
        responsible = next((u for u in people if not wanted or u.email == wanted), None)
        if responsible is None:
            raise CommandError("--responsible names nobody who sends images for this site.")
        directions = read_map(options["map"], site) if options["map"] else {}
        done = import_folder(
            folder,
            site,
            responsible=responsible,
            directions=directions,
            actor=service(f"Folder import by {actor.name}", study_id=study.pk),
            source=disk_name(folder),
            tick=self._tick,
        )
        for name, code in done.left_out:
            self.stdout.write(f"left out: {name}: {sentence(code)}")
        self.stdout.write(
            f"{done.stored:,} files stored, {done.duplicates:,} twice on the disk, "
            f"{len(done.left_out):,} left out. Arrivals: "
            f"{', '.join(map(str, done.arrivals)) or 'none'}."
        )

    def _tick(self, done: int, of: int) -> None:
        if sys.stderr.isatty() and (done % 50 == 0 or done == of):
            self.stderr.write(f"\r{done:,} of {of:,} files", ending="" if done < of else "\n")

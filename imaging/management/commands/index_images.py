"""``manage.py index_images``: make the archive's index again, for what changed or for all."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from audit.actors import acting, service
from imaging.dicomweb.indexing import index_series
from imaging.models import Series, SeriesIndex
from studies.models import Study
from studies.scoping import scope


class Command(BaseCommand):
    """Index every clean series that is not indexed as it is stored."""

    help = "Indexes clean series for DICOMweb. Safe to repeat; --again indexes all of them anew."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument("--study", default="", help="code of one study")
        parser.add_argument("--again", action="store_true", help="index what is indexed already")

    def handle(self, *args: Any, **options: Any) -> None:
        """Index the series."""
        changed = seen = 0
        studies = Study.objects.order_by("code")
        for study in studies.filter(code=options["study"]) if options["study"] else studies:
            with scope(study), acting(service("Archive index", study_id=study.pk)):
                for row in Series.objects.select_related("imaging_study").order_by("created_at"):
                    if options["again"]:
                        SeriesIndex.objects.filter(series=row).update(members="")
                    changed += index_series(row)
                    seen += 1
        self.stdout.write(f"{changed} of {seen} series were indexed.")

"""``manage.py write_docs``: write the pages of ``docs`` that come from the code's own tables."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand

from studies.documentation import PAGES

DOCS = Path(__file__).resolve().parents[3] / "docs"


class Command(BaseCommand):
    """Write the generated pages, or tell which are not current."""

    help = "Writes docs/workflows.md and docs/permissions.md from the tables of the code."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument(
            "--check", action="store_true", help="write nothing; exit 1 if a page is not current"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Write or compare."""
        stale = []
        for name, page in PAGES.items():
            path = DOCS / name
            text = page()
            if path.exists() and path.read_text(encoding="utf-8") == text:
                continue
            stale.append(name)
            if not options["check"]:
                path.write_text(text, encoding="utf-8")
        self.stdout.write(f"{'stale' if options['check'] else 'written'}: {stale or 'nothing'}")
        if stale and options["check"]:
            sys.exit(1)

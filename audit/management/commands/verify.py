"""``manage.py verify``: prove the records; exit 1 on any finding."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from audit import chain
from audit.verification import chain_holds, checks


class Command(BaseCommand):
    """Run every registered check and print what does not hold."""

    help = (
        "Proves the audit chain, the histories, the signatures and whatever the applications add. "
        "Prints each finding on a line; exits 1 if there is one."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument(
            "--head", default="", help="a chain head that left the house; it must be in the chain"
        )
        parser.add_argument(
            "--no-seal",
            action="store_true",
            help="do not seal what was proved",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Run the checks."""
        found = 0
        everything = {
            "the chain of every append-only table holds": lambda: chain_holds(options["head"]),
            **checks(),
        }
        for name, check in everything.items():
            faults = list(check())
            found += len(faults)
            self.stdout.write(f"{'FAILED' if faults else 'ok    '} {name}")
            for fault in faults:
                self.stdout.write(f"       {fault}")
        if not options["no_seal"] and not found:
            # Only what was proved is carried on.
            while chain.seal():
                pass
        self.stdout.write(f"{found} findings. Head of the chain: {chain.head()}")
        if found:
            sys.exit(1)

"""``manage.py second_factors``: the keys of second factors, and the way back when one is lost."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts import secondfactor
from accounts.models import User, normal_email
from audit.actors import acting, service
from audit.errors import Refused
from ui.figures import counted


class Command(BaseCommand):
    """Check, rotate, or reset one person's second factor."""

    help = (
        "check: name the people whose second factor cannot be read (exit code 1 if there are any). "
        "rotate: make a new key and encrypt every secret with it. "
        "reset: take one person's second factor away, for when no administrator can log in."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the three ways of use."""
        ways = parser.add_subparsers(dest="way", required=True)
        ways.add_parser("check")
        ways.add_parser("rotate")
        reset = ways.add_parser("reset")
        reset.add_argument("email")
        reset.add_argument("--by", required=True, help="who operates, by name")
        reset.add_argument("--reason", required=True)

    def handle(self, *args: Any, **options: Any) -> None:
        """Do what was asked."""
        getattr(self, f"_{options['way']}")(options)

    def _check(self, options: dict[str, Any]) -> None:
        people = sorted({row.user.email for row in secondfactor.unreadable()})
        for email in people:
            self.stdout.write(f"{email}: the second factor cannot be read; reset it.")
        self.stdout.write(f"{len(people)} second factors cannot be read.")
        if people:
            sys.exit(1)

    def _rotate(self, options: dict[str, Any]) -> None:
        try:
            with acting(service("Operation of the platform")):
                number = secondfactor.rotate()
        except Refused as refused:
            raise CommandError(
                "A secret cannot be read, so nothing was changed. "
                "`second_factors check` names the people to reset first."
            ) from refused
        self.stdout.write(f"{counted(number, 'secret')} encrypted with the new key.")

    def _reset(self, options: dict[str, Any]) -> None:
        user = User.objects.filter(email=normal_email(options["email"])).first()
        if user is None:
            raise CommandError("There is no account with this address.")
        operator = service(f"{options['by']} (operation of the platform)")
        try:
            secondfactor.reset(user, actor=operator, reason=options["reason"])
        except Refused as refused:
            raise CommandError(refused.message) from refused
        self.stdout.write(f"The second factor of {user} is reset; their sessions ended.")

#!/usr/bin/env python
"""Django's command line for this project."""

from __future__ import annotations

import os
import sys


def with_owner(argv: list[str]) -> list[str]:
    """Let ``migrate`` run as the owning database role unless a database was named.

    The application's role owns no table and can therefore not migrate.
    """
    named = any(arg.split("=")[0] == "--database" for arg in argv)
    if argv[1:2] == ["migrate"] and not named:
        return [*argv, "--database=owner"]
    return argv


def main() -> None:
    """Run the command named on the command line."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "icro.settings")
    from django.core.management import execute_from_command_line

    execute_from_command_line(with_owner(sys.argv))


if __name__ == "__main__":
    main()

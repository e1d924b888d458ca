"""A study with many reads, loaded without the services, as a night's maintenance leaves it."""

from __future__ import annotations

from typing import Any

from django.db import connection

from benchmarks.read_rows import analyse, seed


def load(world: Any, **wanted: Any) -> None:
    """Load reads (see ``seed``) and tell the planner about them.

    Else it plans by what the automatic maintenance saw last in these tables: with luck nothing,
    without luck the leavings of rows that were rolled back, for which it expects one row where
    there are hundreds and looks at all of them for each of them. Which of the two it is depends
    on the second in which the maintenance passed.
    """
    seed(world, **wanted)
    with connection.cursor() as cursor:
        cursor.execute("SET ROLE icro_owner")
        analyse(cursor)
        cursor.execute("RESET ROLE")

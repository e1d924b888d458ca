"""The EDC beside what is held: one extract that is settled, and one that is being worked on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from typing import Any

from django.db.models import QuerySet

from accounts.permissions import Role
from audit import clock
from clinical.models import Discrepancy, Reconciliation
from clinical.services import reconciling, secondsource
from projects.demonstration.dossiers import CEA
from projects.demonstration.player import Player

SOURCE = "EDC"
#: what the extracts say otherwise than the dossiers, by subject
FIRST: Mapping[int, str] = {4: "3.90", 9: "16"}
SECOND: Mapping[int, str] = {2: "71", 6: "9.9", 9: "16", 14: "23.2"}
FIRST_DAY, SECOND_DAY = -14, -3
NEVER_SENT = "-099"


def compare_with_edc(player: Player) -> None:
    """Read two extracts of the EDC in, compare them, and work on their differences."""
    manager = player.cast.actor(Role.DATA_MANAGER)
    first = _compared(player, FIRST_DAY, FIRST, range(1, 10))
    with clock.shifted_to(player.at_site(0, FIRST_DAY + 1, 14)):
        reconciling.settle(
            list(first.discrepancies.exclude(state="settled")),
            disposition="ours",
            reason="The report of the laboratory says what the dossier says.",
            actor=manager,
        )
        reconciling.close(first, actor=manager)
    second = _compared(player, SECOND_DAY, SECOND, CEA, unknown=True)
    waiting = second.discrepancies.filter(state="open", item="cea")
    with clock.shifted_to(player.at_site(0, SECOND_DAY, 15)):
        _of(player, waiting, 6, lambda row: reconciling.settle(
            [row],
            disposition="accepted",
            reason="Two samples of the same day; both values stand in the source.",
            actor=manager,
        ))  # fmt: skip
        _of(player, waiting, 2, lambda row: reconciling.ask(
            row,
            text="The dossier says 7.1 ng/mL and the EDC 71 ng/mL. Please look at the report of "
            "the laboratory and tell which of them holds.",
            addressee="partner",
            actor=manager,
        ))  # fmt: skip
    player.say("Extracts of the EDC compared: 2")


def _of(
    player: Player, rows: QuerySet[Discrepancy], subject: int, act: Callable[[Discrepancy], Any]
) -> None:
    for row in rows.filter(subject=player.subjects[subject]):
        act(row)


def _compared(
    player: Player,
    day: int,
    differing: Mapping[int, str],
    subjects: Iterable[int],
    *,
    unknown: bool = False,
) -> Reconciliation:
    """Read an extract in and compare it."""
    manager = player.cast.actor(Role.DATA_MANAGER)
    lines = ["Subject,Visit,CEA"]
    lines += [
        f"{player.subjects[number].code},Baseline,{differing.get(number, CEA[number])}"
        for number in subjects
    ]
    if unknown:
        lines.append(f"{player.cast.sites[0].number}{NEVER_SENT},Baseline,5.0")
    with clock.shifted_to(player.at_site(0, day, 9)):
        row = secondsource.read_in(
            player.cast.study,
            "\n".join(lines).encode(),
            name=f"edc_{player.today + timedelta(days=day):%Y%m%d}.csv",
            source=SOURCE,
            extracted_on=player.today + timedelta(days=day - 1),
            actor=manager,
        )
        return reconciling.compare(row, actor=manager)

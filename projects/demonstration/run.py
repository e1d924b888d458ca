"""Plays the whole demonstration from set-up to data cuts and returns its logins."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from accounts.permissions import Role
from projects.demonstration.cast import PASSWORD, assemble
from projects.demonstration.corrections import correct_reads
from projects.demonstration.dossiers import continue_dossiers, deliver_dossiers
from projects.demonstration.player import Player, Sent
from projects.demonstration.scanners import CHECKS, decide, send
from projects.demonstration.secondsource import compare_with_edc
from projects.demonstration.story import CODES, LIVES
from reads.models import ReaderStream
from studies.scoping import scope

MONTHS_AGO = timedelta(days=170)


def play(say: Callable[[str], None]) -> dict[str, dict[str, str]]:
    """Play the story; returns role -> e-mail and password."""
    now = datetime.now(UTC)
    say("Setting up study ONC-2041: sites, people, signed configuration")
    cast = assemble(now - MONTHS_AGO)
    player = Player(cast, now.date(), say)
    with scope(cast.study):
        _subjects_and_scans(player)
        _quality_control(player)
        deliver_dossiers(player)
        _reads(player)
        continue_dossiers(player)
        compare_with_edc(player)
        _deliveries(player)
        correct_reads(player)
    return {
        str(role): {"email": user.email, "password": PASSWORD}
        for role, user in cast.users.items()
        if role in set(Role)
    }


def _subjects_and_scans(player: Player) -> None:
    player.each("Subjects registered", LIVES, player.register)
    visits = [(life, visit) for life in LIVES for visit in life.visits]
    scans = player.each("Phantoms sent", CHECKS, lambda check: (check, send(player, check)))
    player.each("Visits uploaded", visits, lambda pair: player.upload(*pair))
    player.wait("first checks")
    player.each("Transmittal forms signed", player.sent.values(), player.send)
    player.say("Workers de-identify, verify and check the scans")
    player.wait("de-identification")
    judged = [pair for pair in scans if pair[0].decided]
    player.each("Scanners qualified", judged, lambda pair: decide(player, *pair))


def _quality_control(player: Player) -> None:
    # Earlier visits first: a subject's reads follow the order of its time points.
    listed = sorted(player.sent.values(), key=lambda s: CODES.index(s.visit.code))
    asked = [s for s in listed if s.visit.until in {"queried", "corrected"}]
    released = [s for s in listed if s.visit.until == "released"]
    player.each("Visits released by signature", released, player.release)
    player.wait("read planning")
    for sent in asked:
        query = player.ask(sent)
        if sent.visit.until == "corrected":
            again = player.correct(sent, query)
            player.release(again, later=6)
    player.say(f"Queries asked at the sites: {len(asked)}")
    player.wait("corrections")


def _reads(player: Player) -> None:
    for code in CODES:
        of_visit = [s for s in player.sent.values() if s.visit.code == code and s.visit.signed]
        for number, role in ((1, ReaderStream.Role.READER_1), (2, ReaderStream.Role.READER_2)):
            listed = [s for s in of_visit if number in s.visit.signed]
            if listed:
                player.each(f"{code}, reader {number} signed", listed, _reader(player, role))
        player.wait("comparison of readers")
    decided = [s for s in player.sent.values() if s.visit.adjudicated]
    player.each("Cases adjudicated", decided, player.adjudicate)
    player.wait("acceptance")
    again = [s for s in player.sent.values() if s.visit.again]
    player.each(
        "Dossiers opened again", again,
        lambda sent: player.look_again(sent, ReaderStream.Role.READER_1),
    )  # fmt: skip


def _reader(player: Player, role: str) -> Callable[[Sent], None]:
    return lambda sent: player.read(sent, role)


def _deliveries(player: Player) -> None:
    player.cut("Interim cut 1", cut_off=-30, until="acknowledged")
    player.cut("Interim cut 2", cut_off=-9, until="released")
    player.cut("Interim cut 3", cut_off=-1, until="cleaning")
    player.say("Data cuts made: 3")

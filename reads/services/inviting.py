"""Inviting many people to read at once: from a list, into the register and onto the board."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.dispatch import Signal

from accounts.models import Invitation, User, normal_email
from accounts.permissions import Role
from audit import clock
from audit.actors import Actor, acting, service
from audit.errors import Refused, RuleBroken
from audit.models import record
from reads.models import Onboarding, Reader, ReaderInvitation
from reads.services import onboarding, register
from studies.models import Membership, Study
from studies.services import people

COLUMNS = ("name", "email", "specialty", "country", "areas", "per_day", "per_week")
NEEDED = ("name", "email", "specialty", "country")
MOST = 200
DESK = "Reader onboarding"
#: sent when somebody without an account was invited (invitation, link, study): who mails, listens
person_invited = Signal()
#: sends the mail of an invitation: (invitation, secret)
Mail = Callable[[Invitation, str], None]


@dataclass(frozen=True, slots=True)
class Line:
    """One person of a list, with what is wrong with the line."""

    number: int
    values: Mapping[str, str]
    problem: str = ""

    @property
    def entry(self) -> dict[str, Any]:
        """What the register will hold."""
        areas = self.values.get("areas", "").replace(";", ",").split(",")
        return {
            "specialty": self.values["specialty"],
            "country": self.values["country"],
            "therapeutic_areas": [one.strip().lower() for one in areas if one.strip()],
            "per_day": int(self.values.get("per_day") or 8),
            "per_week": int(self.values.get("per_week") or 30),
        }


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a list: on the board at once, invited by mail, or left out and why."""

    on_board: Sequence[str]
    invited: Sequence[str]
    left_out: Sequence[str]


def read_lines(text: str) -> list[Line]:
    """Read a list: comma, semicolon or tab between columns; a first line of names is optional.

    Raises:
        RuleBroken: IV-001 the list is empty or longer than 200 lines.
    """
    rows = [line for line in text.splitlines() if line.strip()]
    if not rows or len(rows) > MOST + 1:
        raise RuleBroken(f"Paste between 1 and {MOST} lines.", rule="IV-001")
    first = rows[0]
    mark = next((one for one in ("\t", ";", ",") if one in first), ",")
    cells = csv.reader(io.StringIO("\n".join(rows)), delimiter=mark)
    parsed = [[cell.strip() for cell in row] for row in cells]
    names: Sequence[str] = COLUMNS
    if "email" in [cell.lower() for cell in parsed[0]]:
        names = [cell.lower() for cell in parsed.pop(0)]
    lines = [
        _line(number, dict(zip(names, row, strict=False)))
        for number, row in enumerate(parsed, start=1)
    ]
    seen: set[str] = set()
    return [_once(line, seen) for line in lines]


def _line(number: int, values: Mapping[str, str]) -> Line:
    missing = [name for name in NEEDED if not values.get(name)]
    if missing:
        return Line(number, values, f"Line {number}: {', '.join(missing)} is missing.")
    if "@" not in values["email"]:
        return Line(number, values, f"Line {number}: “{values['email']}” is no e-mail address.")
    for name in ("per_day", "per_week"):
        if values.get(name) and not values[name].isdecimal():
            return Line(number, values, f"Line {number}: {name.replace('_', ' ')} is no number.")
    return Line(number, values)


def _once(line: Line, seen: set[str]) -> Line:
    email = normal_email(line.values.get("email", ""))
    if not line.problem and email in seen:
        return Line(line.number, line.values, f"Line {line.number}: {email} stands twice.")
    seen.add(email)
    return line


def invite_many(study: Study, text: str, *, actor: Actor, mail: Mail) -> Outcome:
    """Bring every person of a list on the way: those with an account at once, others by mail.

    A line that is wrong is left out with its reason; the others go on. Repeating the list invites
    nobody twice.

    Raises:
        NotPermitted: the actor does not manage readers.
        RuleBroken: IV-001 the list is empty or too long.
    """
    actor.require("reader.manage")
    on_board, invited, left_out = [], [], []
    for line in read_lines(text):
        if line.problem:
            left_out.append(line.problem)
            continue
        user = User.objects.filter(email=normal_email(line.values["email"])).first()
        try:
            if user is not None:
                _bring(study, user, line.entry, actor)
                on_board.append(user.printed_name)
            elif _invite(study, line, actor, mail):
                invited.append(line.values["name"])
            else:
                left_out.append(f"{line.values['name']} is invited already.")
        except Refused as refused:
            left_out.append(f"Line {line.number}: {refused.message}")
    return Outcome(on_board, invited, left_out)


def _bring(study: Study, user: User, entry: Mapping[str, Any], actor: Actor) -> Onboarding | None:
    """Give the role, enter in the register and put on the board, each where it is lacking."""
    with transaction.atomic():
        held = Membership.objects.filter(
            user=user, study=study, role=Role.CENTRAL_READER, period__contains=clock.now()
        )
        if not held.exists():
            people.grant_role(user, Role.CENTRAL_READER, study=study, actor=actor)
        reader = Reader.objects.filter(user=user).first()
        if reader is None:
            reader = register.enter(user, entry, actor=actor)
        made = onboarding.invite(study, [reader], actor=actor)
    return made[0] if made else None


def _invite(study: Study, line: Line, actor: Actor, mail: Mail) -> bool:
    email = normal_email(line.values["email"])
    present = ReaderInvitation.objects.in_study(study).filter(email=email, onboarding=None)
    if any(_is_open(one) for one in present):
        return False
    register.check_entry(line.entry)
    with transaction.atomic(), acting(actor.acting_as("reader.manage")):
        invitation, secret = people.invite(
            email=email,
            printed_name=line.values["name"],
            organisation=line.values.get("organisation", ""),
            role=Role.CENTRAL_READER,
            study=study,
            actor=actor,
        )
        made = ReaderInvitation(
            study=study,
            invitation_id=invitation.pk,
            name=invitation.printed_name,
            email=email,
            entry=line.entry,
        )
        made.save()
        record("reader.invite_person", made)
        transaction.on_commit(lambda: mail(invitation, secret))
    return True


def _is_open(row: ReaderInvitation) -> bool:
    found = Invitation.objects.filter(pk=row.invitation_id).first()
    return found is not None and found.is_open


def welcome(row: ReaderInvitation) -> Onboarding | None:
    """Enter a person who accepted in the register and put them on the board; safe to repeat."""
    invitation = Invitation.objects.select_related("user").get(pk=row.invitation_id)
    if invitation.user is None or row.onboarding_id is not None:
        return row.onboarding
    desk = service(DESK, study_id=row.study_id)
    with transaction.atomic(), acting(desk):
        study = Study.objects.get(pk=row.study_id)
        _bring(study, invitation.user, row.entry, desk)
        held = Onboarding.objects.in_study(study).exclude(state="stopped")
        row.onboarding = held.get(reader__user=invitation.user)
        row.save()
    return row.onboarding

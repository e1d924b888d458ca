"""A reader's way into a study. Each stage asks for its evidence; the last one qualifies."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db import transaction

from accounts.permissions import Role
from audit import clock
from audit.actors import Actor, acting
from audit.errors import Conflict, Refused, RuleBroken
from audit.models import record
from reads.design import ReadDesign
from reads.models import Onboarding, Reader
from reads.services import attempts, committing, qualifying, register, training
from reads.workflows import ONBOARDING
from studies.models import Membership, Study

CV_YEARS = 2
#: stage -> step that leads on from it
NEXT = {
    "cv": "accept_cv",
    "contract": "contract_signed",
    "access": "access_given",
    "workstation": "workstation_checked",
    "training": "trained",
    "test_cases": "qualify",
}


@dataclass(frozen=True, slots=True)
class Need:
    """What a stage asks for, and whether it is there."""

    is_met: bool
    text: str


def invite(study: Study, readers: Sequence[Reader], *, actor: Actor) -> list[Onboarding]:
    """Begin the onboarding of many readers at once; those on their way stay as they are.

    Raises:
        RuleBroken: OB-001 one of them is not active; nobody is invited then.
    """
    actor.require("reader.manage")
    away = [one for one in readers if one.state != "active"]
    if away:
        names = ", ".join(map(str, away))
        raise RuleBroken(f"Not active in the register: {names}. Nobody was invited.", rule="OB-001")
    made = []
    with transaction.atomic(), acting(actor.acting_as("reader.manage")):
        Study.objects.select_for_update().get(pk=study.pk)
        rows = Onboarding.objects.in_study(study).exclude(state="stopped")
        present = set(rows.values_list("reader_id", flat=True))
        for reader in readers:
            if reader.pk not in present:
                row = Onboarding(study=study, reader=reader)
                row.save()
                record("onboarding.invite", row)
                made.append(row)
    return made


def need(row: Onboarding) -> Need:
    """Return what the present stage of an onboarding waits for."""
    teller = _NEEDS.get(row.state)
    return teller(row) if teller else Need(True, "")


def _cv(row: Onboarding) -> Need:
    dated = row.reader.cv_dated
    if dated is None:
        return Need(False, "The register holds no CV.")
    oldest = clock.today().replace(day=1)
    if (oldest.year - dated.year) * 12 + oldest.month - dated.month > 12 * CV_YEARS:
        return Need(False, f"The CV is older than {CV_YEARS} years.")
    return Need(True, f"CV of {dated:%d %b %Y}")


def _contract(row: Onboarding) -> Need:
    held = register.holding_contract(row.reader)
    if held is None:
        return Need(False, "No signed contract holds today.")
    return Need(True, f"Contract {held.number} until {held.valid_until:%d %b %Y}")


def _access(row: Onboarding) -> Need:
    roles = Membership.objects.filter(
        study=row.study_id,
        user=row.reader.user_id,
        role=Role.CENTRAL_READER,
        period__contains=clock.now(),
    )
    if not row.reader.user.is_active or not roles.exists():
        return Need(False, "The reader has no role as central reader in this study yet.")
    return Need(True, "Central reader in this study")


def _workstation(row: Onboarding) -> Need:
    if not row.workstation.get("passed"):
        return Need(False, "The check of screen and room is not recorded.")
    return Need(True, f"Checked on {row.workstation.get('on', '')}")


def _training(row: Onboarding) -> Need:
    if row.training_on is None:
        return Need(False, "The training on the charter is not recorded.")
    return Need(True, f"Trained on {row.training_on:%d %b %Y}")


def _test_cases(row: Onboarding) -> Need:
    _, design = qualifying.effective_design(row.study_id)
    asked = _points(row, design)
    if not asked.is_met:
        return asked
    held = committing.commitment_of(row)
    if held is None or held.state != "signed":
        return Need(
            False, f"{asked.text} The reader has not signed responsibilities and turnaround."
        )
    return Need(True, f"{asked.text} Responsibilities and turnaround are signed.")


def _points(row: Onboarding, design: ReadDesign) -> Need:
    if not design.training.cases:
        return Need(True, "The charter asks for no test cases.")
    mark = design.training.pass_mark_percent
    found = attempts.result_of(row)
    if found is not None:
        if found.scored < found.asked:
            return Need(False, f"{found.scored} of {found.asked} test cases are scored.")
        right, total, is_passed = found.right, found.total, found.is_passed
    elif row.cases_total:
        right, total = row.cases_right or 0, row.cases_total
        is_passed = 100 * right >= mark * total
    else:
        return Need(False, f"The {design.training.cases} test cases are not scored.")
    share = 100 * right / total if total else 0
    words = f"{right} of {total} points, {share:.0f} %; the mark is {mark} %."
    return Need(is_passed, words)


_NEEDS: Mapping[str, Callable[[Onboarding], Need]] = {
    "cv": _cv,
    "contract": _contract,
    "access": _access,
    "workstation": _workstation,
    "training": _training,
    "test_cases": _test_cases,
}


def keep(row: Onboarding, values: Mapping[str, Any], *, actor: Actor) -> Onboarding:
    """Keep the evidence of a stage: workstation, training, points.

    Raises:
        RuleBroken: OB-002 more points than are possible, or a training in the future; OB-005 points
            by hand where training cases are scored.
        Conflict: OB-003 the onboarding has ended.
    """
    actor.require("reader.manage")
    if "cases_total" in values and training.training_study_of(row.study_id) is not None:
        raise RuleBroken(
            "The training cases give the points; none are entered by hand.", rule="OB-005"
        )
    with transaction.atomic(), acting(actor.acting_as("reader.manage")):
        found: Onboarding = Onboarding.objects.in_study(row.study_id).select_for_update().get(
            pk=row.pk
        )  # fmt: skip
        if found.state in ("qualified", "stopped"):
            raise Conflict("This onboarding has ended; nothing was changed.", rule="OB-003")
        for name in ("workstation", "training_on", "training_note", "cases_right", "cases_total"):
            if name in values:
                setattr(found, name, values[name])
        if found.training_on and found.training_on > clock.today(found.study.time_zone):
            raise RuleBroken("The training lies in the future.", rule="OB-002")
        if (found.cases_right or 0) > (found.cases_total or 0):
            raise RuleBroken("There are more points reached than possible.", rule="OB-002")
        found.save()
        record("onboarding.keep", found, details={"items": sorted(values)})
    return found


def advance(row: Onboarding, *, actor: Actor) -> Onboarding:
    """Take the next stage when the present one has its evidence; the last one qualifies.

    Raises:
        RuleBroken: OB-004 the evidence is missing; says which.
        Conflict: OB-003 there is no next stage.
    """
    step = NEXT.get(row.state)
    if step is None:
        raise Conflict("This onboarding has no next stage.", rule="OB-003")
    asked = need(row)
    if not asked.is_met:
        raise RuleBroken(f"{row.reader} stays in this stage. {asked.text}", rule="OB-004")
    found = attempts.result_of(row) if row.state == "test_cases" else None
    points = {"cases_right": found.right, "cases_total": found.total} if found else {}
    with transaction.atomic():
        moved = ONBOARDING.move(
            row,
            step,
            actor=actor,
            changes={"stage_since": clock.now(), **points},
            details={"evidence": asked.text},
        )
        if moved.state == "test_cases":
            begin_tests(moved)
        if moved.state == "qualified":
            qualifying.qualify(row.reader.user, row.study, actor=actor, until=_until(row.reader))
    return moved


def begin_tests(row: Onboarding) -> None:
    """Give the reader the training cases, and lay responsibilities and turnaround before them."""
    committing.offer(row)
    attempts.give_cases(row)


def advance_all(rows: Sequence[Onboarding], *, actor: Actor) -> tuple[int, list[str]]:
    """Advance many at once; return how many moved, and why others stayed."""
    moved, stayed = 0, []
    for row in rows:
        try:
            advance(row, actor=actor)
            moved += 1
        except Refused as refused:
            stayed.append(refused.message)
    return moved, stayed


def _until(reader: Reader) -> date | None:
    held = register.holding_contract(reader)
    ends = [day for day in (held.valid_until if held else None, reader.licence_until) if day]
    return min(ends) if ends else None


def step_back(row: Onboarding, step: str, *, actor: Actor, reason: str) -> Onboarding:
    """Send a reader to training again, or stop; a qualification held so far ends with it.

    A training that is repeated begins without the evidence of the one before, which stays in the
    history.
    """
    anew = {"training_on": None, "training_note": "", "cases_right": None, "cases_total": None}
    with transaction.atomic():
        was_qualified = row.state == "qualified"
        moved = ONBOARDING.move(
            row,
            step,
            actor=actor,
            reason=reason,
            changes={"stage_since": clock.now(), **(anew if step == "retrain" else {})},
        )
        if was_qualified:
            qualifying.revoke_all(row.reader.user, row.study, actor=actor, reason=reason)
    return moved


def behind(study: Study) -> list[Onboarding]:
    """Return readers who were qualified, but not for the charter version that holds now."""
    configuration, _ = qualifying.effective_design(study)
    rows = Onboarding.objects.in_study(study).filter(state="qualified")
    return [
        row
        for row in rows.select_related("reader__user", "study")
        if row.reader.state == "active"
        and not qualifying.is_qualified(row.reader.user_id, configuration)
    ]


def retrain_all(study: Study, *, actor: Actor, reason: str) -> int:
    """Send every reader who is behind the charter to its training; return how many."""
    rows = behind(study)
    for row in rows:
        step_back(row, "retrain", actor=actor, reason=reason)
    return len(rows)

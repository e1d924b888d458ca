"""The scripted reads of the time points: locked sequence, signatures, agreement, adjudication."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal

from django.db import transaction

from audit.errors import NotPermitted, Refused
from reads.design import versions_of
from reads.design.ecrf.filling import Script
from reads.models import Acceptance, AdjudicationCase
from reads.services import reading, settling
from reads.services.rehearsal.script import ROWS, SAID, SIZES, TEXTS, Outcome
from reads.services.rehearsal.stage import Stage
from studies.models import TimePoint


def sequence(stage: Stage) -> Iterator[Outcome]:
    """Try to open a later time point before the first is signed."""
    reader = stage.readers[0]
    later = stage.task(reader, 2)
    together = stage.design.presentation.startswith("simultaneous")
    opened = True
    with transaction.atomic():
        try:
            reading.open_session(later, actor=stage.actor(reader))
        except NotPermitted:
            opened = False
        transaction.set_rollback(True)
    words = "open at once" if together else "closed until the first is signed"
    yield Outcome("sequence", TEXTS["sequence"], opened is together, f"Time point 2 is {words}.")


def reads(stage: Stage) -> Iterator[Outcome]:
    """Play every time point with every reader, and settle it."""
    for sequence, sizes in enumerate(SIZES, start=1):
        for number, reader in enumerate(stage.readers):
            script = Script(
                size_mm=Decimal(sizes[number]), rows=ROWS if sequence == 1 else {}, said=SAID
            )
            task = stage.task(reader, sequence)
            stage.signed[(str(reader.pk), sequence)] = stage.complete(task, reader, script)
        settling.settle(stage.points[sequence - 1], actor=stage.desk)
        yield _settled(stage, sequence)
    yield Outcome("reads", TEXTS["reads"], True, f"{len(stage.signed)} reads were signed.")
    yield _pinned(stage)
    if stage.design.criteria:
        yield _derived(stage)


def _settled(stage: Stage, sequence: int) -> Outcome:
    point = stage.points[sequence - 1]
    differ = SIZES[sequence - 1][0] != SIZES[sequence - 1][1]
    compared = stage.design.adjudicate_on and stage.design.adjudication.at == "time_point"
    case = AdjudicationCase.objects.filter(time_point=point).first()
    if stage.design.readers > 1 and stage.design.adjudication.at == "subject":
        return Outcome(
            f"settled.{sequence}",
            f"Time point {sequence} waits for the comparison over the subject.",
            case is None,
        )
    if differ and stage.design.readers > 1 and compared and stage.design.criteria:
        return _adjudicated(stage, point, case, sequence)
    accepted = Acceptance.objects.filter(time_point=point).first()
    basis = "single" if stage.design.readers == 1 else "agreement"
    text = f"Time point {sequence}: the read counts ({basis})."
    passed = case is None and accepted is not None and accepted.basis == basis
    return Outcome(f"settled.{sequence}", text, passed)


def _adjudicated(
    stage: Stage, point: TimePoint, case: AdjudicationCase | None, sequence: int
) -> Outcome:
    text = (
        f"Time point {sequence}: readers differ, a case is opened, the adjudicator's choice counts."
    )
    watched = set(stage.design.adjudicate_on)
    if case is None:
        # A rule that looks at nothing in which the scripted readers differ opens no case.
        silent = not watched & {"overall_response", "target_response"}
        accepted = Acceptance.objects.filter(time_point=point, basis="agreement").exists()
        return Outcome(f"settled.{sequence}", text, silent and accepted)
    case = stage.decide(case)
    settling.accept_adjudicated(case, actor=stage.desk)
    accepted = Acceptance.objects.filter(time_point=point, basis="adjudication").exists()
    names = ", ".join(sorted({one["variable"].replace("_", " ") for one in case.variables}))
    return Outcome(f"settled.{sequence}", text, accepted, f"They differ in {names}.")


def _pinned(stage: Stage) -> Outcome:
    wanted = versions_of(stage.design)
    passed = all(
        session.task.design_id == stage.configuration.pk
        and session.task.form_id == stage.form.pk
        and session.form_record.form_id == stage.form.pk
        and session.task.criteria == wanted
        for session in stage.signed.values()
    )
    text = "Every read is pinned to the versions of design, eCRF and engines."
    return Outcome("pinned", text, passed, ", ".join(f"{k} {v}" for k, v in wanted.items()))


def _derived(stage: Stage) -> Outcome:
    lacking = [
        f"{session.task.stream.role} time point {session.task.sequence}: {key}"
        for session in stage.signed.values()
        for key in stage.design.criteria
        if not session.assessments.filter(criterion=key).exists()
    ]
    text = "Every criterion of the design derived its responses and was kept with each read."
    return Outcome("derived", text, not lacking, "; ".join(lacking))


def immutable(stage: Stage) -> Iterator[Outcome]:
    """Try to change a signed read."""
    reader = stage.readers[0]
    session = stage.signed[(str(reader.pk), 1)]
    session.refresh_from_db()
    record = session.form_record
    yield refused(
        "immutable",
        lambda: reading.save(
            session, {"quality": {}}, seen_version=record.version, actor=stage.actor(reader)
        ),
    )


def unqualified(stage: Stage) -> Iterator[Outcome]:
    """Try to read without a qualification."""
    stranger = stage.stranger
    if stranger is None:
        return
    task = stage.task(stage.readers[0], 1)
    yield refused("unqualified", lambda: reading.open_session(task, actor=stage.actor(stranger)))


def refused(key: str, act: Callable[[], object]) -> Outcome:
    """Tell whether a service refused an act, as it must."""
    try:
        with transaction.atomic():
            act()
    except Refused as refused:
        return Outcome(key, TEXTS[key], True, refused.message)
    return Outcome(key, TEXTS[key], False, "The act was not refused.")

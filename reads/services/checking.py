"""Running the check library over signed reads, and deciding on what it finds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from django.db import IntegrityError, transaction

from accounts.models import User
from audit import clock
from audit.actors import Actor, acting, service
from audit.errors import ReasonRequired, RuleBroken
from audit.jobs import enqueue
from audit.models import Job, record
from queries.models import Query
from queries.services import Request, raise_query
from reads.models import CheckFinding, CheckRun, RollBack, TrainingReminder
from reads.oversight import LIBRARY, Fired, library_digest, run
from reads.streamfacts import Watched, watched_streams
from reads.workflows import CHECK_FINDING
from studies.models import Study

Told = Callable[[int, str], None]
JOB = "reads.check"
LONGEST = 500


def ask(study: Study, *, actor: Actor) -> Job:
    """Ask for a run now; asked twice in a minute there is one run.

    Raises:
        NotPermitted: the role runs no checks.
    """
    actor.require("check.run")
    moment = clock.now().strftime("%Y%m%dT%H%M")
    with acting(actor.acting_as("check.run")):
        return enqueue(
            JOB,
            key=f"{JOB}:{study.pk}:{moment}",
            study_id=study.pk,
            row=study,
            asked_by=actor.name,
        )


def ask_for_night() -> list[Job]:
    """Ask for the nightly run of every study whose images are read now; once a day each."""
    asked = []
    system = service("Check library")
    with acting(system):
        for study in Study.objects.filter(state="conduct").order_by("code"):
            day = clock.today().isoformat()
            asked.append(
                enqueue(
                    JOB,
                    key=f"{JOB}:{study.pk}:{day}",
                    study_id=study.pk,
                    row=study,
                    asked_by="Every night",
                )
            )
    return asked


def run_checks(study: Study, *, work: str, asked_by: str, told: Told | None = None) -> CheckRun:
    """Run every check over every stream of a study; the same work twice is one run.

    New findings are kept once; an open one that fires no more is closed by the system. Decided ones
    stay as they were decided.
    """
    done = CheckRun.objects.filter(work=work).first()
    if done is not None:
        return done
    system = service("Check library", study_id=study.pk)
    found: dict[str, tuple[Watched, Fired]] = {}
    streams = sessions = 0
    for watched in watched_streams(study):
        streams += 1
        sessions += len(watched.sessions)
        for fired in run(watched.facts):
            found[_key(watched, fired)] = (watched, fired)
        if told is not None:
            told(streams, str(watched.stream))
    with transaction.atomic(), acting(system):
        Study.objects.select_for_update(no_key=True).get(pk=study.pk)
        done = CheckRun.objects.filter(work=work).first()
        if done is not None:
            return done
        rows = CheckFinding.objects.in_study(study).exclude(state="gone")
        held = {row.key: row for row in rows}
        opened = sum(_open(watched, fired, key) for key, (watched, fired) in found.items()
                     if key not in held)  # fmt: skip
        gone = 0
        for key, row in held.items():
            if row.state == "open" and key not in found:
                CHECK_FINDING.move(row, "pass_by", actor=system, reason="The check fires no more.")
                gone += 1
        return CheckRun.objects.create(
            study=study,
            asked_by=asked_by[:200],
            work=work,
            library=library_digest(),
            checks=len(LIBRARY),
            streams=streams,
            sessions=sessions,
            opened=opened,
            gone=gone,
            standing=CheckFinding.objects.in_study(study).filter(state="open").count(),
        )


def _key(watched: Watched, fired: Fired) -> str:
    session = _session(watched, fired)
    return f"{fired.check.id}:{session.pk}:{fired.place}"[:200]


def _session(watched: Watched, fired: Fired) -> Any:
    """The session concerned: of a whole course, its last signed one."""
    return watched.sessions[(fired.number or len(watched.sessions)) - 1]


def _open(watched: Watched, fired: Fired, key: str) -> int:
    check = fired.check
    row = CheckFinding(
        study_id=watched.stream.study_id,
        stream=watched.stream,
        session=_session(watched, fired),
        check_id=check.id,
        level=check.level,
        kind=check.kind,
        scope=check.scope,
        place=fired.place[:80],
        text=fired.message,
        clause=check.clause,
        key=key,
    )
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError:  # a run beside this one kept it first
        return 0
    record("checkfinding.open", row, details={"check": check.id})
    return 1


def no_action(finding: CheckFinding, *, actor: Actor, reason: str) -> CheckFinding:
    """Leave the read as it is, with the reason.

    Raises:
        ReasonRequired: no reason.
    """
    return _dispose(finding, "no_action", actor=actor, reason=reason)


def ask_site(finding: CheckFinding, *, actor: Actor, text: str) -> CheckFinding:
    """Ask the site by a query about the time point; its words must not tell the reader's answers.

    Raises:
        RuleBroken: CK-001 the finding has no time point, so there is no visit to ask about.
        ReasonRequired: no question.
    """
    if not text.strip():
        raise ReasonRequired("Write the question to the site.", rule="checkfinding.dispose")
    point = finding.session.task.time_point
    if point is None:
        raise RuleBroken("This finding belongs to no visit; a query needs one.", rule="CK-001")
    with transaction.atomic():
        _still_open(finding)
        query = raise_query(
            about=point,
            study_site=point.subject.study_site,
            subject=point.subject,
            time_point=point,
            cause=Query.Cause.QUALITY,
            title="A question about the images of this visit",
            text=text,
            requests=[Request("confirm", text[:300])],
            actor=actor,
            blocking=False,
        )
        return _dispose(finding, "query", actor=actor, reason=text, query=query)


def dispose_with(
    finding: CheckFinding,
    *,
    actor: Actor,
    reason: str,
    reminder: TrainingReminder | None = None,
    roll_back: RollBack | None = None,
) -> CheckFinding:
    """Decide on a finding by the reminder or the roll-back that was made of it."""
    word = "reminder" if reminder is not None else "rollback"
    return _dispose(
        finding, word, actor=actor, reason=reason, reminder=reminder, roll_back=roll_back
    )


def _still_open(finding: CheckFinding) -> None:
    rows = CheckFinding.objects.in_study(finding.study_id).select_for_update()
    if rows.get(pk=finding.pk).state != "open":
        raise RuleBroken("This finding is decided already.", rule="CK-002")


def _dispose(
    finding: CheckFinding, disposition: str, *, actor: Actor, reason: str, **links: Any
) -> CheckFinding:
    return CHECK_FINDING.move(
        finding,
        "dispose",
        actor=actor,
        reason=reason,
        changes={
            "disposition": disposition,
            "reason": reason,
            "disposed_by": User.objects.filter(pk=actor.user_id).first(),
            "disposed_at": clock.now(),
            **{name: value for name, value in links.items() if value is not None},
        },
        details={"disposition": disposition},
    )


def no_action_for_many(findings: Sequence[CheckFinding], *, actor: Actor, reason: str) -> int:
    """Leave several findings with one reason; all or none.

    Raises:
        ReasonRequired: no reason.
    """
    with transaction.atomic():
        for finding in findings:
            no_action(finding, actor=actor, reason=reason)
    return len(findings)


def counts_by(findings: Any, field: str) -> Counter[str]:
    """Count findings by a column."""
    return Counter(findings.order_by().values_list(field, flat=True))

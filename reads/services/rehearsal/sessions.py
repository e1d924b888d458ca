"""The scripted sessions besides time points: eligibility, global review, oncologist's review.

Only what the design has is played. Each session is opened by the service that opens it in a study,
filled in by its own form, signed, and settled; where readers must differ for a case, they do.
"""

from __future__ import annotations

from collections.abc import Iterator

from django.db import transaction

from audit.errors import Refused, RuleBroken
from reads.design.ecrf.filling import Script
from reads.design.session_forms import ELIGIBILITY_FORM, GLOBAL_FORM, YES, measurable_place
from reads.models import AdjudicationCase, ReadSession, ReadTask
from reads.services import accepting, eligibility, following, globalreview, oncology
from reads.services.rehearsal.script import ROWS, SAID, TEXTS, Outcome
from reads.services.rehearsal.stage import Stage
from studies.models import Subject

Level = AdjudicationCase.Level


def _subject(stage: Stage) -> Subject:
    if stage.subject is None:
        raise RuleBroken("The rehearsal has no subject.", rule="REL-010")
    return stage.subject


def _form_words(stage: Stage, key: str) -> str:
    whose = "the form of the study" if key in stage.own_forms else "the platform's form"
    return f"With {whose} “{key}”."


def eligibility_read(stage: Stage) -> Iterator[Outcome]:
    """Read the baseline of a subject in screening; nobody is enrolled before the answer."""
    if not stage.design.sessions.eligibility:
        return
    subject = _subject(stage)
    yield Outcome(
        "eligibility.gate",
        "Nobody is enrolled before the eligibility read has answered.",
        _is_refused(stage),
    )
    task = eligibility.plan(subject, actor=stage.desk)
    if task is None:
        yield Outcome("eligibility", TEXTS["eligibility"], False, "No eligibility read opened.")
        return
    said = {measurable_place(key): YES for key in stage.design.criteria}
    script = Script(rows=ROWS, said={**SAID, **said})
    session = stage.complete(task, task.stream.reader, script)
    answer = eligibility.settle(session, actor=stage.desk)
    stage.enrol()
    subject.refresh_from_db()
    passed = answer.answer == "eligible" and subject.state == "enrolled"
    words = f"{answer.get_answer_display()}. {_form_words(stage, ELIGIBILITY_FORM)}"
    yield Outcome("eligibility", TEXTS["eligibility"], passed, words)
    if not stage.design.sessions.eligibility_reader_may_read:
        apart = task.stream.reader not in stage.readers
        text = "Whoever read the eligibility of a subject does not read it for efficacy."
        yield Outcome("eligibility.apart", text, apart)


def _is_refused(stage: Stage) -> bool:
    try:
        with transaction.atomic():
            stage.enrol()
    except Refused:
        _subject(stage).refresh_from_db()
        return True
    return False


# The global review


def global_review(stage: Stage) -> Iterator[Outcome]:
    """Let every reader review the course; one changes a response with class and reason."""
    if not stage.design.sessions.global_review:
        return
    subject = _subject(stage)
    tasks = {one.stream.reader_id: one for one in globalreview.plan(subject, actor=stage.desk)}
    opened = set(tasks) == {reader.pk for reader in stage.readers}
    yield Outcome(
        "global.opens", "The review opens for every reader once the last time point is signed.",
        opened, f"{len(tasks)} reviews opened.",
    )  # fmt: skip
    if not opened:
        return
    over_subject = stage.design.adjudication.at == "subject"
    reviews: list[ReadSession] = []
    for reader in stage.readers:
        # Compared over the subject the readers stay apart; else the second one comes round.
        agree = bool(reviews) and not over_subject
        reviews.append(_reviewed(stage, tasks[reader.pk], follow=reviews[0] if agree else None))
    accepting.settle_subject(subject, actor=stage.desk)
    yield _review_accepted(stage, subject)
    if len(reviews) > 1 and not over_subject:
        yield _change_kept(reviews)


def _reviewed(stage: Stage, task: ReadTask, *, follow: ReadSession | None) -> ReadSession:
    """Sign a review as the time points were signed, or with the responses of another reader."""
    wanted = _responses(follow) if follow is not None else {}
    answers = globalreview.GlobalReview().first_answers(task)
    rows = {
        f"{section}.{name}": [
            {**row, **_changed(row, wanted.get(section, {}).get(row["point"], row["signed"]))}
            for row in group
        ]
        for section, content in answers.items()
        for name, group in content.items()
    }
    script = Script(rows=rows, said=SAID, replace=True)
    return stage.complete(task, task.stream.reader, script)


def _responses(session: ReadSession) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for section, content in session.form_record.answers.items():
        if section.startswith("course_"):
            found[section] = {row["point"]: row["response"] for row in content["rows"]}
    return found


def _changed(row: dict[str, str], response: str) -> dict[str, str]:
    if response == row["signed"]:
        return {"response": response}
    return {
        "response": response,
        "change_class": "LATER IMAGES",
        "change_reason": "Scripted change of the validation.",
    }


def _change_kept(reviews: list[ReadSession]) -> Outcome:
    """What the review changes stands beside what was signed, with class and reason."""
    changed = [
        one
        for row in reviews[-1].assessments.all()
        for one in row.trace
        if one.get("change_class") and one.get("signed") != one.get("response")
    ]
    differ = any(
        row.entered.get("responses")
        != globalreview.signed_responses(reviews[-1].task).get(row.criterion, {})
        for row in reviews[-1].assessments.all()
    )
    text = "A response that a review changes is kept with its class and reason; reads stay signed."
    words = f"{len(changed)} responses changed."
    return Outcome("global.change", text, bool(changed) is differ, words)


def _review_accepted(stage: Stage, subject: Subject) -> Outcome:
    text = "The reviews are compared; one is accepted, or the adjudicator's choice counts."
    case = AdjudicationCase.objects.filter(subject=subject, level=Level.SUBJECT).first()
    if case is not None:
        accepting.accept_case(stage.decide(case), actor=stage.desk)
    held = accepting.accepted_review(subject, accepting.GLOBAL)
    basis = held.get_basis_display() if held else "nothing was accepted"
    return Outcome("global", text, held is not None, f"{basis}. {_form_words(stage, GLOBAL_FORM)}")


# The oncologist's review


def oncology_review(stage: Stage) -> Iterator[Outcome]:
    """Let the oncologists review what radiology locked; two of them differ where that is a case."""
    rule = stage.design.oncology_review
    if not rule.is_wanted:
        return
    subject = _subject(stage)
    tasks = oncology.plan(subject, actor=stage.desk)
    text = "The oncology review opens on the accepted radiology read, for nobody who read it."
    readers = {reader.pk for reader in stage.readers}
    apart = all(task.stream.reader_id not in readers for task in tasks)
    yield Outcome("oncology.opens", text, bool(tasks) and apart, f"{len(tasks)} reviews opened.")
    places = {}
    for task in tasks:
        second = task.stream.role == oncology.ROLES[1]
        said = SAID if not (second and rule.adjudicate_on) else {**SAID, **_OTHER}
        session = stage.complete(task, task.stream.reader, Script(said=said))
        places[task.time_point_id] = session
    for session in places.values():
        following.settle_review(session, actor=stage.desk)
        yield _oncology_settled(stage, subject, session)


#: what the second oncologist says otherwise
_OTHER = {
    "oncology.agrees": False,
    "oncology.overall_response": "PD",
    "oncology.clinical_progression": True,
    "oncology.reason": "Scripted difference of the validation.",
}


def _oncology_settled(stage: Stage, subject: Subject, session: ReadSession) -> Outcome:
    point = session.task.time_point
    case = AdjudicationCase.objects.filter(
        subject=subject, level=Level.ONCOLOGY, time_point=point
    ).first()
    if case is not None:
        accepting.accept_case(stage.decide(case), actor=stage.desk)
    held = accepting.accepted_review(subject, accepting.ONCOLOGY, point)
    kept = session.assessments.first()
    shown = bool(kept and kept.derived) or not stage.design.criteria
    where = f"time point {session.task.sequence}" if point else "the course"
    words = f"{held.get_basis_display() if held else 'nothing was accepted'}, for {where}."
    form = _form_words(stage, stage.design.oncology_review.form)
    return Outcome(
        f"oncology.{session.task.sequence}", TEXTS["oncology"],
        held is not None and shown, f"{words} {form}",
    )  # fmt: skip

"""Two oncologists who differ: their answers side by side, with the radiology result they saw."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render

from accounts.sentences import role_words
from accounts.signatures import signatures_of
from audit import clock
from reads.criteria import registry
from reads.models import AdjudicationCase
from reads.services import oncology, reading, settling
from studies.forms.presentation import present
from ui.records import SignRequest
from ui.shell import Band


@dataclass(frozen=True, slots=True)
class AnswerRow:
    """One question with both answers."""

    label: str
    one: str
    two: str
    differs: bool


def page(
    request: Any,
    case: AdjudicationCase,
    band: Band,
    sign: SignRequest | None,
    *,
    status: int = 200,
) -> HttpResponse:
    """Show a case of two oncologists' reviews."""
    context: dict[str, Any] = {
        "case": case,
        "band": band,
        "now": clock.now(),
        "zone": request.user.time_zone,
        "state": {"pending": "assigned", "claimed": "in_progress"}.get(case.state, case.state),
        "criteria": "the rule of the oncology review",
        "sequence": case.session_1.task.sequence,
        "is_over_subject": case.time_point_id is None,
    }
    if case.state == "pending":
        return render(request, "reads/case_start.html", context, status=status)
    task = settling.session_shown_as(case, "A").task
    shown = oncology.radiology_of(task)
    context |= {
        "rows": _rows(case),
        "letters": "AB",
        "task": task,
        "criteria_shown": [
            (
                registry.get(key).title,
                [(row.point, row.responses.get(key, "")) for row in shown.rows],
                shown.best.get(key, ""),
                shown.progression.get(key, ""),
            )
            for key in task.criteria
        ],
        "is_ready": bool(case.choice and case.reason.strip()),
        "sign": sign,
        "signatures": [
            {"row": s.signature, "valid": s.valid, "role": role_words(s.signature.role)}
            for s in signatures_of(case)
        ],
    }
    failed = sign is not None and sign.errors
    return render(request, "reads/case_oncology.html", context, status=422 if failed else status)


def _rows(case: AdjudicationCase) -> list[AnswerRow]:
    asked = {entry["variable"] for entry in case.variables}
    sides = [_answers(case, letter) for letter in "AB"]
    return [
        AnswerRow(label, words, sides[1].get(place, (label, ""))[1], place.split(".")[-1] in asked)
        for place, (label, words) in sides[0].items()
    ]


def _answers(case: AdjudicationCase, letter: str) -> dict[str, tuple[str, str]]:
    session = settling.session_shown_as(case, letter)
    seen = reading.look(session)
    form = present(seen.evaluation, session.form_record.answers, read_only=True)
    return {
        field.place: (field.label, field.text)
        for section in form.sections
        for field in section.fields
    }

"""A case of adjudication: two reads side by side, one decision."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from accounts.sentences import role_words
from accounts.signatures import signatures_of
from audit import clock
from audit.errors import SignatureRefused
from audit.models import record
from reads import pictures, signing, tables
from reads.criteria import registry
from reads.design.references import words
from reads.ecrf import ReadPoint
from reads.models import AdjudicationCase, ReadSession, ReadTask
from reads.services import reading, settling
from reads.tables import LesionTable, Side, Sums
from reads.views import adjudicating_oncology, thirds
from reads.visibility import cases_of_adjudicator
from studies.access import study_view
from ui.records import SignRequest
from ui.shell import Band

_VARIABLES = ("target_response", "non_target_response", "overall_response")
_ROWS = (
    ("sum_mm", "Sum of targets, mm", ""),
    ("since_first", "Since baseline", ""),
    ("target", "Target response", "target_response"),
    ("non_target", "Non-target", "non_target_response"),
    ("new", "New lesion", ""),
    ("overall", "Overall response", "overall_response"),
)
_OVER_SUBJECT = {
    "best_overall_response": "Best overall response",
    "progression_date": "Time point of progression",
}


@dataclass(frozen=True, slots=True)
class ReadShown:
    """One of the two reads, under a letter."""

    letter: str
    points: tuple[ReadPoint, ...]
    sides: tuple[Side, ...]
    table: LesionTable
    sums: Sums | None
    overall: str
    overall_words: str
    results: tuple[tuple[str, str, str], ...] = ()


def find_case(request: Any, pk: Any) -> AdjudicationCase:
    """Return a case that this adjudicator may take or has taken.

    Raises:
        Http404: there is none for this person; the attempt is kept.
    """
    case: AdjudicationCase | None = cases_of_adjudicator(request.actor).filter(pk=pk).first()
    if case is not None:
        return case
    if AdjudicationCase._base_manager.filter(pk=pk).exists():
        record("access.denied", details={"kind": "reads.adjudicationcase", "id": str(pk)})
    raise Http404


def _shown(case: AdjudicationCase, letter: str) -> ReadShown:
    session = settling.session_shown_as(case, letter)
    seen = reading.look(session)
    points = tuple(seen.points)
    reviewed = _reviewed(session)
    sides = tables.sides(
        points,
        [
            _responses(s) | ({"overall_response": reviewed[name]} if name in reviewed else {})
            for s in _sessions(session)
            for name in (f"TP{s.task.sequence}",)
        ],
    )
    results = _results(session)
    overall = results[0][1] if results else sides[-1].overall
    return ReadShown(
        letter=letter,
        points=points,
        sides=sides,
        table=tables.lesions(points),
        sums=tables.sums(points),
        overall=overall,
        overall_words=tables.RESPONSES.get(overall, ""),
        results=results,
    )


def _results(session: ReadSession) -> tuple[tuple[str, str, str], ...]:
    """Return what a global review comes to: criterion, best overall response, progression."""
    if session.task.kind != ReadTask.Kind.GLOBAL:
        return ()
    return tuple(
        (row.criterion, row.derived["best_overall_response"], row.derived["progression"] or "None")
        for row in session.assessments.order_by("criterion")
    )


def _reviewed(session: ReadSession) -> dict[str, str]:
    """Return the responses as a global review leaves them, by the criterion shown."""
    if session.task.kind != ReadTask.Kind.GLOBAL:
        return {}
    row = session.assessments.order_by("criterion").first()
    return dict(row.entered.get("responses", {})) if row is not None else {}


def _sessions(session: ReadSession) -> list[ReadSession]:
    """Return the signed sessions of the same stream up to this one."""
    rows = ReadSession.objects.in_study(session.study_id).filter(
        task__stream=session.task.stream_id,
        task__sequence__lte=session.task.sequence,
        task__kind=ReadTask.Kind.TIME_POINT,
        state__in=reading.SIGNED,
    )
    return list(rows.order_by("task__sequence"))


def _responses(session: ReadSession) -> dict[str, str]:
    assessment = session.assessments.order_by("criterion").first()
    if assessment is None:
        return {}
    return {name: settling.response_of(assessment, name) for name in _VARIABLES}


@dataclass(frozen=True, slots=True)
class CompareCell:
    """A value of one read at one time point."""

    words: str
    differs: bool
    opens_point: bool


@dataclass(frozen=True, slots=True)
class CompareRow:
    """A variable over the time points, A beside B."""

    label: str
    cells: tuple[CompareCell, ...]


def compare(case: AdjudicationCase, a: ReadShown, b: ReadShown) -> tuple[CompareRow, ...]:
    """Put both reads side by side; what brought the case here is marked."""
    asked = {(one["variable"], one.get("point", "")) for one in case.variables}
    last = min(len(a.sides), len(b.sides)) - 1
    rows = []
    for name, label, variable in _ROWS:
        cells: list[CompareCell] = []
        for index, (one, two) in enumerate(zip(a.sides, b.sides, strict=False)):
            differs = (variable, one.name) in asked or (
                index == last
                and case.level == AdjudicationCase.Level.TIME_POINT
                and (variable, "") in asked
            )
            for position, side in enumerate((one, two)):
                cells.append(CompareCell(getattr(side, name), differs, position == 0))
        rows.append(CompareRow(label, tuple(cells)))
    return tuple(rows)


def _band(case: AdjudicationCase) -> Band:
    return Band(
        kind="blinded",
        title="Blinded adjudication",
        text=f"Case {case.label} · reads A and B in random order. "
        "No names, times or durations are shown.",
    )


@study_view("adjudication.perform", methods=("GET", "POST"))
def adjudication_case(request: Any, pk: Any) -> HttpResponse:
    """Take a case, compare the reads, choose, sign."""
    case = find_case(request, pk)
    if request.method == "POST":
        return _act(request, case)
    return _page(request, case)


def _page(
    request: Any, case: AdjudicationCase, *, errors: tuple[str, ...] = (), status: int = 200
) -> HttpResponse:
    if case.level == AdjudicationCase.Level.ONCOLOGY:
        return adjudicating_oncology.page(
            request, case, _band(case), _sign_request(request, case, 0, errors), status=status
        )
    over = case.level == AdjudicationCase.Level.SUBJECT
    context: dict[str, Any] = {
        "case": case,
        "is_over_subject": over,
        "band": _band(case),
        "sequence": case.session_1.task.sequence - over,
        "criteria": ", ".join(sorted({registry.get(v["criterion"]).title for v in case.variables})),
        "now": clock.now(),
        "zone": request.user.time_zone,
        "state": {"pending": "assigned", "claimed": "in_progress"}.get(case.state, case.state),
    }
    if case.state == "pending":
        return render(request, "reads/case_start.html", context, status=status)
    a, b = _shown(case, "A"), _shown(case, "B")
    context |= {
        "a": a,
        "b": b,
        "reads": (a, b),
        "rows": compare(case, a, b),
        "heads": [(side.name, letter) for side in a.sides for letter in "AB"],
        "differences": _differences(case, a, b),
        "series": pictures.series_of(_sessions(case.session_1)[-1].task.package),
        "viewer_url": reverse("adjudication-stacks", args=[request.study.code, case.pk]),
        "shown_point": request.GET.get("time_point", str(context["sequence"])),
        "points": [(str(n), side.name) for n, side in enumerate(a.sides, start=1)],
        "third": thirds.fields(case) if settling.may_give_third(case) or case.third else (),
        "is_ready": bool(case.choice and case.reason.strip()),
        "sign": _sign_request(request, case, context["sequence"], errors),
        "signatures": [
            {"row": s.signature, "valid": s.valid, "role": role_words(s.signature.role)}
            for s in signatures_of(case)
        ],
    }
    return render(request, "reads/case.html", context, status=422 if errors else status)


def _differences(case: AdjudicationCase, a: ReadShown, b: ReadShown) -> list[tuple[str, str, str]]:
    """Return what brought the case here: variable with its place, in read A, in read B."""
    found = []
    over = {"best_overall_response": 1, "progression_date": 2}
    attributes = {variable: name for name, _, variable in _ROWS if variable}
    for entry in case.variables:
        variable, point = entry["variable"], entry.get("point", "")
        if variable in over:
            one, two = (
                next((r[over[variable]] for r in read.results if r[0] == entry["criterion"]), "")
                for read in (a, b)
            )
            found.append((_OVER_SUBJECT[variable], one, two))
            continue
        name = attributes.get(variable, "new")
        label = next(label for key, label, _ in _ROWS if key == name)
        sides = [
            next((s for s in read.sides if s.name == point), read.sides[-1]) for read in (a, b)
        ]
        place = f"{label}, {sides[0].name}"
        found.append((place, getattr(sides[0], name), getattr(sides[1], name)))
    return found


def _sign_request(
    request: Any, case: AdjudicationCase, sequence: int, errors: tuple[str, ...]
) -> SignRequest | None:
    if case.state != "claimed" or not (case.choice and case.reason.strip()):
        return None
    return signing.request_for(
        request,
        case,
        meaning=signing.CASE_MEANING,
        title=f"Sign the decision on case {case.label}",
        url=reverse("adjudication-sign", args=[request.study.code, case.pk]),
        facts=(
            ("You sign", f"Your decision on {_what(case, sequence)}"),
            ("Result", _decision(case)),
            ("Reason", case.reason),
        ),
        errors=errors,
    )


def _what(case: AdjudicationCase, sequence: int) -> str:
    if case.level == AdjudicationCase.Level.TIME_POINT:
        return f"time point {sequence}"
    return {"subject": "the subject as a whole"}.get(case.level, "the oncology review")


def _decision(case: AdjudicationCase) -> str:
    if not case.third:
        return f"You agree with read {case.choice}"
    values = ", ".join(
        f"{words(name)} {value}" for row in case.third.values() for name, value in row.items()
    )
    return f"Your own result: {values}; measurements of read {case.choice}"


def _act(request: Any, case: AdjudicationCase) -> HttpResponse:
    act, posted = request.POST.get("act", ""), request.POST
    if act == "claim":
        settling.claim(case, actor=request.actor)
    elif act == "give_back":
        settling.give_back(case, actor=request.actor, reason=posted.get("reason", ""))
        messages.success(request, f"Case {case.label} was given back.")
        return redirect("adjudication-inbox")
    else:
        settling.draft_choice(
            case,
            choice=posted.get("choice", ""),
            reason=posted.get("reason", ""),
            third=thirds.from_post(posted),
            actor=request.actor,
        )
        if act == "sign" and posted.get("choice") and posted.get("reason", "").strip():
            return redirect(
                f"{reverse('adjudication-case', args=[request.study.code, case.pk])}?sign=1"
            )
    return redirect("adjudication-case", request.study.code, case.pk)


@study_view("adjudication.perform", methods=("POST",))
def adjudication_sign(request: Any, pk: Any) -> HttpResponse:
    """Sign the decision; a refused password comes back with the same dialog."""
    case = find_case(request, pk)
    try:
        assent = signing.proven(request, case, meaning=signing.CASE_MEANING)
    except SignatureRefused as refused:
        if not (case.choice and case.reason.strip()):  # taken back meanwhile: there is no dialog
            messages.error(request, refused.message)
        return _page(request, case, errors=(refused.message,))
    settling.sign_case(case, actor=request.actor, assent=assent)
    messages.success(request, f"Your decision on case {case.label} is signed.")
    return redirect("adjudication-case", request.study.code, case.pk)


@study_view("adjudication.perform")
def adjudication_stacks(request: Any, pk: Any) -> JsonResponse:
    """Answer the viewer's panes: the time point asked about beside the one chosen."""
    case = find_case(request, pk)
    if case.adjudicator_id != request.actor.user_id:
        raise Http404
    sessions = _sessions(settling.session_shown_as(case, "A"))
    wanted = request.GET.get("time_point", "")
    other = next((s for s in sessions[:-1] if str(s.task.sequence) == wanted), None)
    shown = [other or sessions[0], sessions[-1]] if len(sessions) > 1 else sessions
    panes = []
    for session in shown:
        number = session.task.sequence
        series = pictures.chosen(
            pictures.series_of(session.task.package), request.GET.get("series")
        )
        if series:
            panes.append(
                pictures.pane(
                    series,
                    title=f"TP{number}{' baseline' if number == 1 else ''}",
                    corner=case.label,
                    study_code=request.study.code,
                )
            )
    return JsonResponse({"panes": panes})

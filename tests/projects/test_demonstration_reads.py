"""What the readers of the demonstration write fills the form of its three criteria completely."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from imaging.phantom import LesionTruth
from projects.demonstration import answers
from projects.demonstration.cast import CRITERIA, DESIGN, ECRF
from reads.design import problems
from reads.design.standard_form import standard_form
from reads.ecrf import Derived, ReadPoint, derive_all, named_derivations
from reads.services.reading import Reading
from studies.forms.definition import Form
from studies.forms.evaluate import evaluate

PARAMETERS: dict[str, dict[str, object]] = {key: {} for key in CRITERIA}
FORM = Form.from_document(standard_form(PARAMETERS, key=ECRF, title="Tumour assessment"))
NOWHERE = ((0.0, 0.0), (1.0, 1.0))


def truth(label: str, organ: str, long_mm: float, short_mm: float) -> LesionTruth:
    """A lesion of the phantom that is there."""
    return LesionTruth(
        label=label,
        organ=organ,
        present=True,
        long_mm=long_mm,
        short_mm=short_mm,
        slice_index=10,
        sop_instance_uid="2.25.1",
        centre_mm=(0.0, 0.0, 0.0),
        centre_px=(0.0, 0.0),
        long_axis_px=NOWHERE,
        short_axis_px=NOWHERE,
    )


def read(points: list[ReadPoint], found: list[LesionTruth], known: list[str]) -> dict[str, str]:
    """Read one time point as the demonstration does; return the overall responses."""
    first = not points
    given: dict[str, Any] = {
        "previous": None if first else points[-1].evaluation,
        "context": {"time_point.kind": "baseline" if first else "follow_up"},
        "final": True,
    }
    form = answers.lesions(
        {one.label: one for one in found}, slices=40, baseline=first, scale=1.0,
        first_seen=f"TP{len(points) + 1}", known=known,
    )  # fmt: skip
    day = date(2026, 1, 5) + timedelta(weeks=6 * len(points))
    name = f"TP{len(points) + 1}"

    def looked() -> Any:
        typed = ReadPoint(name, day, first, evaluate(FORM, form, **given), form)
        outcomes = derive_all([*points, typed], PARAMETERS, FORM)
        named = named_derivations(outcomes)
        return evaluate(FORM, form, derivations=named, **given), outcomes

    seen, _ = looked()
    if not first:
        form |= answers.responses(Reading(None, points, seen, {}, {}))  # type: ignore[arg-type]
    seen, _ = looked()
    form["reasons"] = answers.reasons(seen)
    seen, outcomes = looked()
    assert seen.can_sign, (seen.missing, [one.text for one in seen.messages if one.blocks])
    points.append(ReadPoint(name, day, first, seen, form))
    return {
        key: str(one.last.text("overall_response"))
        for key, one in outcomes.items()
        if isinstance(one, Derived)
    }


def test_the_design_of_the_demonstration_is_sound() -> None:
    assert problems(DESIGN) == []
    assert FORM.problems() == ()


def test_a_course_with_a_new_lesion_is_read_by_three_criteria() -> None:
    points: list[ReadPoint] = []
    target, new = truth("T1", "liver", 40.0, 30.0), truth("N1", "liver", 12.0, 9.0)
    read(points, [target], [])
    smaller = truth("T1", "liver", 36.0, 27.0)
    assert read(points, [smaller], []) == {"RECIST11": "SD", "iRECIST": "iSD", "VOLUMETRIC": "SD"}
    found = read(points, [smaller, new], [])
    assert found == {"RECIST11": "PD", "iRECIST": "iUPD", "VOLUMETRIC": "PD"}
    assert read(points, [smaller, new], ["N01"])["RECIST11"] == "PD"

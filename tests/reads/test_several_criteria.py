"""Several criteria from one set of lesions: derived, compared with what was entered, overridden.

Hand calculation, two liver targets of 40 and 20 mm (30.0 and 4.0 ml) at baseline:
- TP2 30 + 15 = 45 mm, minus 25 %: SD. 10.0 + 1.9 = 11.9 ml of 34.0, minus 65 %: PR by volume.
- TP3 30 + 15 = 45 mm with a new lung lesion of 12 mm: PD, iUPD, PD by volume.
- TP4 the new lesion has 18 mm (+ 6 mm): PD, iCPD.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from reads import tables
from reads.catalogue import with_catalogues
from reads.design.standard_form import standard_form
from reads.ecrf import Derived, ReadPoint, derive_all, named_derivations
from studies.forms.definition import Form
from studies.forms.evaluate import evaluate
from studies.forms.evaluation import Evaluation

CRITERIA: dict[str, dict[str, object]] = {"RECIST11": {}, "iRECIST": {}, "VOLUMETRIC": {}}
FORM = Form.from_document(standard_form(CRITERIA, key="ecrf_three", title="Three criteria"))
BASELINE = date(2026, 1, 5)


class Stream:
    """A reader's stream without a database: each time point is read as the room reads it."""

    def __init__(self) -> None:
        self.points: list[ReadPoint] = []
        self.derived: dict[str, Derived] = {}

    def read(self, answers: dict[str, Any], *, weeks: int = 6) -> Evaluation:
        """Evaluate one more time point and keep it."""
        first = not self.points
        day = BASELINE if first else self.points[-1].day + timedelta(weeks=weeks)
        given: dict[str, Any] = {
            "previous": None if first else self.points[-1].evaluation,
            "context": {"time_point.kind": "baseline" if first else "follow_up"},
            "final": True,
        }
        name = f"TP{len(self.points) + 1}"
        typed = ReadPoint(name, day, first, evaluate(FORM, answers, **given), answers)
        points = [*self.points, typed]
        outcomes = derive_all(points, CRITERIA, FORM)
        seen = evaluate(FORM, answers, derivations=named_derivations(outcomes), **given)
        seen = with_catalogues(seen, points, CRITERIA, answers)
        self.points.append(ReadPoint(name, day, first, seen, answers))
        self.derived = {k: d for k, d in outcomes.items() if isinstance(d, Derived)}
        return seen

    def overall(self) -> dict[str, str | None]:
        """Return the overall response by criterion."""
        return {key: derived.last.text("overall_response") for key, derived in self.derived.items()}


def target(label: str, size: str, volume: str, **more: Any) -> dict[str, Any]:
    """Return a measured liver target."""
    row = {"label": label, "location": "LIVER", "method": "CT SCAN", "state": "MEASURED"}
    return {**row, "slice": "4", "long_axis": size, "volume": volume, **more}


def at_baseline() -> dict[str, Any]:
    """Return two targets and no non-target."""
    rows = [target("T01", "40", "30.0"), target("T02", "20", "4.0")]
    return {
        "quality": {"overall": "ADEQUATE"},
        "target": {"none": False, "lesions": [{**row, "irradiated": False} for row in rows]},
        "non_target": {"none": True},
    }


def follow_up(*, new: str = "", responses: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return 45 mm and 11.9 ml, with a new lung target of some size."""
    answers: dict[str, Any] = {
        "quality": {"overall": "ADEQUATE"},
        "target": {"lesions": [target("T01", "30", "10.0"), target("T02", "15", "1.9")]},
        "new": {"any": bool(new)},
        **(responses or {}),
    }
    if new:
        row = {"label": "NL01", "location": "LUNG", "method": "CT SCAN", "state": "MEASURED"}
        row |= {"certainty": "UNEQUIVOCAL", "category": "NEW TARGET", "slice": "2"}
        answers["new"]["lesions"] = [{**row, "long_axis": new}]
    return answers


def entered(recist: str, immune: str, volume: str, **more: Any) -> dict[str, Any]:
    """Return entered responses: target and non-target follow the measurements."""
    none = "NOT APPLICABLE"
    return {
        "response": {"target": "SD", "non_target": none, "new": "NONE", "overall": recist},
        "response_irecist": {"target": "iSD", "non_target": none, "overall": immune, **more},
        "response_volumetric": {"overall": volume},
    }


def checks(evaluation: Evaluation) -> list[str]:
    """Return the names of the checks that fire."""
    return [message.check for message in evaluation.messages]


def test_one_set_of_lesions_gives_the_response_of_every_criterion_with_its_reasons() -> None:
    stream = Stream()
    assert stream.read(at_baseline()).can_sign
    seen = stream.read(follow_up(responses=entered("SD", "iSD", "PR")))
    assert stream.overall() == {"RECIST11": "SD", "iRECIST": "iSD", "VOLUMETRIC": "PR"}
    assert seen.can_sign, checks(seen)
    assert seen.answer("target.since_baseline").value is None  # the caller gave no context
    because = " ".join(seen.answer("response_volumetric.derived_overall").because)
    assert "11.9 ml is 65 % below the baseline of 34 ml" in because


def test_a_new_lesion_is_unconfirmed_by_irecist_and_confirmed_by_its_growth() -> None:
    stream = Stream()
    stream.read(at_baseline())
    stream.read(follow_up())
    stream.read(follow_up(new="12"))
    assert stream.overall() == {"RECIST11": "PD", "iRECIST": "iUPD", "VOLUMETRIC": "PD"}
    stream.read(follow_up(new="18"))
    assert stream.overall() == {"RECIST11": "PD", "iRECIST": "iCPD", "VOLUMETRIC": "PD"}


def test_a_response_that_differs_blocks_until_its_own_criterion_has_class_and_reason() -> None:
    stream = Stream()
    stream.read(at_baseline())
    points = list(stream.points)
    differs = entered("SD", "iPR", "SD")
    seen = stream.read(follow_up(responses=differs))
    assert {"IRECIST_MISMATCH_OVERALL", "VOLUMETRIC_MISMATCH_OVERALL"} <= set(checks(seen))
    assert "RESPONSE_MISMATCH_OVERALL" not in checks(seen)
    said = next(m for m in seen.messages if m.check == "IRECIST_MISMATCH_OVERALL")
    assert said.text.startswith("You entered iPR, but iSD follows.")

    stream.points = points
    differs["response_irecist"] |= {
        "override_class": "TECHNIQUE",
        "override_reason": "The phase of contrast differs.",
    }
    seen = stream.read(follow_up(responses=differs))
    assert "IRECIST_MISMATCH_OVERALL" not in checks(seen)
    assert "VOLUMETRIC_MISMATCH_OVERALL" in checks(seen)  # another criterion, another reason
    assert not seen.can_sign


def test_a_check_of_the_catalogues_that_the_form_does_not_hold_is_shown_once() -> None:
    stream = Stream()
    stream.read(at_baseline())
    stream.read(follow_up(new="12"))
    late = stream.read(follow_up(new="18"), weeks=10)
    assert checks(late).count("IUPD_CONFIRMATION_OUT_OF_WINDOW") == 1
    warning = next(m for m in late.messages if m.check == "IUPD_CONFIRMATION_OUT_OF_WINDOW")
    assert (warning.place, warning.blocks) == ("response_irecist.overall", True)


def test_a_reason_given_to_such_a_warning_is_kept_with_the_answers() -> None:
    stream = Stream()
    stream.read(at_baseline())
    stream.read(follow_up(new="12"))
    answers = follow_up(new="18")
    answers["reasons"] = {"IUPD_CONFIRMATION_OUT_OF_WINDOW": "The site scanned late."}
    late = stream.read(answers, weeks=10)
    warning = next(m for m in late.messages if m.check == "IUPD_CONFIRMATION_OUT_OF_WINDOW")
    assert warning.is_accepted
    assert late.reasons == {"IUPD_CONFIRMATION_OUT_OF_WINDOW": "The site scanned late."}


def test_no_check_is_said_twice_about_one_place_by_several_criteria() -> None:
    stream = Stream()
    answers = at_baseline()
    answers["target"]["lesions"][1]["long_axis"] = "8"  # RECIST 1.1 and iRECIST both refuse it
    seen = stream.read(answers)
    said = [(m.check, m.place) for m in seen.messages]
    assert said.count(("TARGET_NOT_MEASURABLE", "target.lesions.1.long_axis")) == 1
    assert len(said) == len(set(said))


def test_what_merged_counts_in_millimetres_and_in_millilitres() -> None:
    stream = Stream()
    stream.read(at_baseline())
    answers = follow_up()
    answers["target"]["lesions"] = [
        target("T01", "50", "33.0"),
        {"label": "T02", "location": "LIVER", "method": "CT SCAN", "state": "MERGED"}
        | {"merged_into": "T01"},
    ]
    seen = stream.read(answers)
    assert str(seen.answer("target.sum").value) == "50"
    assert str(seen.answer("target.volume_sum").value) == "33.0"
    assert stream.overall()["VOLUMETRIC"] == "SD"


def test_a_time_point_that_cannot_be_read_is_not_evaluable_by_every_criterion() -> None:
    stream = Stream()
    stream.read(at_baseline())
    answers = follow_up()
    answers["quality"] = {"overall": "NOT READABLE"}
    stream.read(answers)
    assert stream.overall() == {"RECIST11": "NE", "iRECIST": "NE", "VOLUMETRIC": "NE"}


def test_the_review_lists_what_changed_since_the_last_time_point() -> None:
    stream = Stream()
    stream.read(at_baseline())
    stream.read(follow_up(responses=entered("SD", "iSD", "PR")))
    stream.read(follow_up(new="12", responses=entered("PD", "iUPD", "PR")))
    changes = [(c.label, c.before, c.now) for c in tables.since_last(stream.points, list(CRITERIA))]
    assert changes == [
        ("NL01, Lung", "–", "12"),
        ("RECIST 1.1", "SD", "PD"),
        ("iRECIST", "iSD", "iUPD"),
    ]
    assert tables.since_last(stream.points[:1], list(CRITERIA)) == ()
    second = tables.since_last(stream.points[:2], ["VOLUMETRIC"])
    assert ("Volume, ml", "34.0", "11.9") in [(c.label, c.before, c.now) for c in second]


def test_the_responses_of_all_criteria_stand_side_by_side_with_what_was_entered() -> None:
    stream = Stream()
    stream.read(at_baseline())
    differs = entered("SD", "iPR", "PR")
    differs["response_irecist"] |= {"override_class": "OTHER", "override_reason": "See comment."}
    seen = stream.read(follow_up(responses=differs))
    views = [tables.response(key, derived, seen) for key, derived in stream.derived.items()]
    assert [(v.criterion, v.overall, v.entered, v.is_overridden) for v in views] == [
        ("RECIST 1.1", "SD", "SD", False),
        ("iRECIST", "iSD", "iPR", True),
        ("Volumetric response", "PR", "PR", False),
    ]
    assert views[1].override == "Other, in the reason: See comment."
    assert views[2].parts[0] == ("Volume", "PR")
    assert all(view.why for view in views)

"""The standard forms of lymphoma, brain, prostate and uptake, read as the room reads them.

Every expected response is calculated by hand from the limits of the paper named in the test.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from reads import tables
from reads.catalogue import with_catalogues
from reads.criteria.errors import CriteriaError
from reads.design.standard_form import standard_form
from reads.ecrf import Derived, ReadPoint, derive_all, named_derivations
from studies.forms.definition import Form
from studies.forms.evaluate import evaluate
from studies.forms.evaluation import Evaluation

BASELINE = date(2026, 1, 5)
Answers = dict[str, Any]


class Stream:
    """A reader's stream without a database, with the form that the criteria have together."""

    def __init__(self, *criteria: str, **parameters: dict[str, object]) -> None:
        self.criteria: dict[str, dict[str, object]] = {key: {} for key in criteria} | parameters
        document = standard_form(self.criteria, key="ecrf_study", title="Study")
        self.form = Form.from_document(document)
        self.points: list[ReadPoint] = []
        self.outcomes: dict[str, Any] = {}

    def read(self, answers: Answers, *, weeks: int = 8) -> Evaluation:
        """Evaluate one more time point and keep it."""
        first = not self.points
        day = BASELINE if first else self.points[-1].day + timedelta(weeks=weeks)
        given: dict[str, Any] = {
            "previous": None if first else self.points[-1].evaluation,
            "context": {"time_point.kind": "baseline" if first else "follow_up"},
            "final": True,
        }
        name = f"TP{len(self.points) + 1}"
        typed = ReadPoint(name, day, first, evaluate(self.form, answers, **given), answers)
        points = [*self.points, typed]
        self.outcomes = dict(derive_all(points, self.criteria, self.form))
        named = named_derivations(self.outcomes)
        seen = evaluate(self.form, answers, derivations=named, **given)
        seen = with_catalogues(seen, points, self.criteria, answers)
        self.points.append(ReadPoint(name, day, first, seen, answers))
        return seen

    def last(self, key: str, name: str = "overall_response") -> str | None:
        """Return a derived value of the newest time point."""
        outcome = self.outcomes[key]
        assert isinstance(outcome, Derived), outcome
        found: str | None = outcome.last.text(name)
        return found


def fired(seen: Evaluation) -> set[str]:
    return {message.check for message in seen.messages}


def left(seen: Evaluation) -> list[str]:
    """What still keeps a read from its signature."""
    return [*map(str, seen.missing), *(one.text for one in seen.messages if one.blocks)]


def mass(label: str, long: str, short: str, where: str = "LIVER", **more: Any) -> Answers:
    row = {"label": label, "location": where, "method": "CT SCAN", "state": "MEASURED"}
    return {**row, "slice": "4", "long_axis": long, "short_axis": short, **more}


def gone(label: str, where: str = "LIVER", state: str = "ABSENT", **more: Any) -> Answers:
    return {"label": label, "location": where, "method": "CT SCAN", "state": state, **more}


def readable(**sections: Any) -> Answers:
    return {"quality": {"overall": "ADEQUATE"}, **sections}


# --- Lugano 2014 ----------------------------------------------------------------------------------

PET = {"done": True, "readable": True, "liver_suv": "2.0", "mediastinum_suv": "1.5"}


def lymphoma_baseline(**more: Any) -> Answers:
    """Two targets, 40 x 30 and 20 x 20 mm: 1,600 mm²; spleen 150 mm, 20 mm above normal."""
    return readable(
        target={
            "none": False,
            "lesions": [mass("T01", "40", "30", "LYMPH NODE"), mass("T02", "20", "20")],
        },
        non_target={
            "none": False,
            "lesions": [{"label": "NT01", "location": "LYMPH NODE", "state": "PRESENT"}],
        },
        organs={"spleen": "150", "marrow": "NORMAL"},
        pet={**PET, "deauville": "5", "hottest_site": "Neck", "hottest_suv": "12"},
        **more,
    )


def lymphoma_visit(
    rows: list[Answers], spleen: str, others: str, pet: Answers, **more: Any
) -> Answers:
    return readable(
        target={"lesions": rows},
        non_target={"lesions": [{"label": "NT01", "location": "LYMPH NODE", "state": others}]},
        new={"any": False},
        organs={"spleen": spleen, "marrow": "NORMAL"},
        pet={**PET, "new_avid": "NONE", "marrow_avid": False, **pet},
        **more,
    )


SMALLER = [mass("T01", "20", "20", "LYMPH NODE"), mass("T02", "20", "15")]
NORMAL = [mass("T01", "15", "10", "LYMPH NODE"), gone("T02")]


def test_lugano_ct_and_pet_are_derived_from_one_form_and_pet_decides() -> None:
    stream = Stream("LUGANO2014")
    seen = stream.read(lymphoma_baseline())
    assert left(seen) == []
    assert str(seen.answer("target.sum").value) == "1600"
    # 400 + 300 = 700 mm², minus 56 %; the excess of the spleen fell from 20 to 5 mm
    pet = {"deauville": "4", "hottest_site": "Neck", "hottest_suv": "3", "uptake_change": "REDUCED"}
    answers = {"ct": "PR", "pet": "PMR", "overall": "PR"}
    seen = stream.read(
        lymphoma_visit(SMALLER, "135", "DECREASED", pet, response_lugano2014=answers)
    )
    assert left(seen) == []
    assert [stream.last("LUGANO2014", n) for n in ("ct_response", "pet_response")] == ["PR", "PMR"]
    because = " ".join(seen.answer("response_lugano2014.derived_ct").because)
    assert "Sum of products 700 mm²" in because
    assert "spleen REGRESSED" in because
    # A residual mass with a score of 3 is a complete response (Cheson 2014).
    pet = {"deauville": "3", "hottest_suv": "1.9"}
    stream.read(lymphoma_visit(SMALLER, "135", "DECREASED", pet))
    assert stream.last("LUGANO2014", "ct_response") == "PR"
    assert stream.last("LUGANO2014") == "CR"


def test_lugano_without_pet_is_decided_by_ct() -> None:
    stream = Stream("LUGANO2014")
    stream.read(lymphoma_baseline())
    visit = lymphoma_visit(NORMAL, "128", "ABSENT", {})
    visit["pet"] = {"done": False}
    stream.read(visit)
    assert stream.last("LUGANO2014", "pet_response") == "NOT_DONE"
    assert stream.last("LUGANO2014") == "CR"
    # 24 x 20 = 480 mm² against 15 x 10: LDi above 15 mm, product + 220 %, LDi + 9 mm
    visit = lymphoma_visit(
        [mass("T01", "24", "20", "LYMPH NODE"), gone("T02")], "128", "ABSENT", {}
    )
    visit["pet"] = {"done": False}
    stream.read(visit)
    assert stream.last("LUGANO2014") == "PD"


def test_lugano_a_new_focus_consistent_with_lymphoma_is_progression_and_x_is_not() -> None:
    stream = Stream("LUGANO2014")
    stream.read(lymphoma_baseline())
    pet = {"deauville": "2", "hottest_suv": "1", "new_avid": "UNRELATED"}
    stream.read(lymphoma_visit(NORMAL, "128", "ABSENT", pet))
    assert stream.last("LUGANO2014") == "CR"
    stream.read(
        lymphoma_visit(NORMAL, "128", "ABSENT", {**pet, "new_avid": "CONSISTENT WITH LYMPHOMA"})
    )
    assert stream.last("LUGANO2014") == "PD"


def test_lugano_checks_look_at_size_score_and_course() -> None:
    stream = Stream("LUGANO2014")
    small = lymphoma_baseline()
    small["target"]["lesions"] = [
        mass("T01", "15", "15", "LYMPH NODE"),
        mass("T02", "10.1", "10", "LUNG"),
    ]
    small["pet"] |= {"deauville": "2", "hottest_suv": "1.6"}
    seen = stream.read(small)
    assert {"TARGET_NOT_MEASURABLE", "DEAUVILLE_2_ABOVE_MEDIASTINUM"} <= fired(seen)
    assert [m.place for m in seen.messages if m.check == "TARGET_NOT_MEASURABLE"] == [
        "target.lesions.0.long_axis"
    ]
    seen = stream.read(lymphoma_visit(SMALLER, "135", "PRESENT", {}))
    assert "NT_NOT_COMPARED" in fired(seen)
    seven = lymphoma_baseline()
    seven["target"]["lesions"] = [mass(f"T0{n}", "30", "20") for n in range(1, 8)]
    assert "TARGET_COUNT_MAX" in fired(Stream("LUGANO2014").read(seven))


def test_cheson_and_lugano_share_one_set_of_masses() -> None:
    stream = Stream("LUGANO2014", "CHESON2007")
    base = lymphoma_baseline()
    base["pet"]["avid"] = True
    stream.read(base)
    visit = lymphoma_visit(SMALLER, "135", "DECREASED", {"deauville": "3", "hottest_suv": "1.9"})
    visit["pet"]["positive"] = True
    visit["organs"]["growth"] = False
    stream.read(visit)  # 700 of 1,600 mm²: minus 56 %, PET still positive
    assert stream.last("CHESON2007") == "PR"
    visit["pet"]["positive"] = False
    stream.read(visit)  # avid disease that turned negative is complete at any size (Cheson 2007)
    assert stream.last("CHESON2007") == "CR"
    assert stream.last("LUGANO2014") == "CR"


# --- RANO -----------------------------------------------------------------------------------------


def brain(label: str, long: str, short: str, **more: Any) -> Answers:
    return mass(label, long, short, "FRONTAL LOBE", **{"method": "MRI", **more})


def brain_baseline(*rows: Answers, dose: str = "4") -> Answers:
    return readable(
        target={"none": False, "lesions": list(rows)},
        non_target={"none": True},
        clinical={"dexamethasone": dose, "replacement": False},
    )


def brain_visit(*rows: Answers, dose: str = "4", flair: str = "STABLE", **more: Any) -> Answers:
    return readable(
        target={"lesions": list(rows)},
        new={"any": False},
        course={"t2_flair": flair, "histology": False},
        clinical={
            "dexamethasone": dose, "replacement": False, "status": "STABLE", "basis": "KPS",
        },
        **more,
    )  # fmt: skip


def test_high_grade_glioma_by_products_steroids_and_flair() -> None:
    stream = Stream("RANO_HGG_2010")
    assert left(stream.read(brain_baseline(brain("T01", "40", "30")))) == []  # 1,200 mm²
    responses = {"measured": "PR", "overall": "PR"}
    visit = brain_visit(brain("T01", "25", "24"), response_rano_hgg_2010=responses)
    assert left(stream.read(visit)) == []  # 600 mm², minus 50 %
    assert stream.last("RANO_HGG_2010") == "PR"
    stream.read(brain_visit(brain("T01", "25", "24"), dose="8"))
    assert stream.last("RANO_HGG_2010") == "NE"  # a higher dose alone leaves the category open
    stream.read(brain_visit(brain("T01", "25", "24"), flair="INCREASED"))
    assert stream.last("RANO_HGG_2010") == "PD"
    stream.read(brain_visit(brain("T01", "30", "25")))
    assert stream.last("RANO_HGG_2010") == "PD"  # 750 mm², 25 % above the nadir of 600


def test_high_grade_glioma_products_and_volumes_of_rano_20_share_the_lesions() -> None:
    stream = Stream("RANO_HGG_2010", "RANO20_CE_2D", "RANO20_CE_VOL")
    stream.read(brain_baseline(brain("T01", "40", "30", volume="30")))
    stream.read(brain_visit(brain("T01", "30", "25", volume="10")))
    # 750 mm², minus 37.5 %: SD; 10 of 30 ml, minus 67 %: PR from 65 % on
    assert stream.last("RANO20_CE_2D") == "SD"
    assert stream.last("RANO20_CE_VOL") == "PR"
    stream.read(brain_visit(brain("T01", "30", "25", volume="14")))
    assert stream.last("RANO20_CE_VOL") == "PD"  # 40 % above the nadir of 10 ml
    assert "TARGET_COUNT_MAX" in fired(
        Stream("RANO_HGG_2010", "RANO20_CE_2D").read(
            brain_baseline(*(brain(f"T0{n}", "30", "20") for n in range(1, 5)))
        )
    )  # three by RANO 2.0, the stricter limit


def test_mixed_tumours_are_judged_in_two_parts() -> None:
    stream = Stream("RANO20_MIXED")
    shining, dull = {"component": "ENHANCING"}, {"component": "NON ENHANCING"}
    rows = (brain("T01", "20", "20", **shining), brain("T02", "30", "30", **dull))
    assert left(stream.read(brain_baseline(*rows))) == []
    rows = (brain("T01", "20", "10", **shining), brain("T02", "30", "30", **dull))
    stream.read(brain_visit(*rows))  # minus 50 % and no change: PR with SD is PR
    assert stream.last("RANO20_MIXED") == "PR"
    three = [brain(f"T0{n}", "20", "10", **shining) for n in range(1, 4)]
    assert "TARGET_PER_PART_MAX" in fired(Stream("RANO20_MIXED").read(brain_baseline(*three)))


def test_low_grade_glioma_knows_a_minor_response_and_new_enhancement() -> None:
    stream = Stream("RANO_LGG_2011")
    stream.read(brain_baseline(brain("T01", "40", "30")))
    stream.read(brain_visit(brain("T01", "30", "28")))  # 840 mm², minus 30 %
    assert stream.last("RANO_LGG_2011") == "MR"
    visit = brain_visit(brain("T01", "30", "28"))
    visit["course"]["enhancement"] = "INCREASED"
    stream.read(visit)
    assert stream.last("RANO_LGG_2011") == "PD"


def test_a_target_of_the_brain_has_ten_mm_both_ways_and_steroids_are_asked() -> None:
    stream = Stream("RANO_HGG_2010")
    base = brain_baseline(brain("T01", "20", "9.9"))
    del base["clinical"]
    seen = stream.read(base)
    assert "TARGET_NOT_MEASURABLE" in fired(seen)
    assert "clinical.dexamethasone" in seen.missing


# --- PCWG3 ----------------------------------------------------------------------------------------


def soft(size: str, **more: Any) -> Answers:
    row = mass("T01", size, "20", irradiated=False)
    return readable(target={"none": False, "lesions": [row]}, non_target={"none": True}, **more)


def bone(*rows: tuple[str, str], counted: str = "0", seen: bool = True) -> Answers:
    return {
        "done": True, "readable": True, "visible": seen, "new_count": counted,
        "lesions": [{"label": n, "location": "RIBS", "state": state} for n, state in rows],
    }  # fmt: skip


def test_two_new_bone_lesions_are_progression_once_two_more_confirm_them() -> None:
    stream = Stream("RECIST11", "PCWG3")
    base = soft("40", bone={"done": True, "readable": True, "count": "3"})
    assert left(stream.read(base)) == []
    new = {"new": {"any": False}}
    first = bone(("B01", "FIRST SEEN"), ("B02", "FIRST SEEN"), counted="2")
    seen = stream.read(soft("30", bone=first, **new))
    # 30 of 40 mm, minus 25 %: SD; the first scan in the flare window shows two: unconfirmed
    assert stream.last("PCWG3", "soft_tissue_response") == "SD"
    assert stream.last("PCWG3", "bone_response_as_read") == "PDu"
    assert stream.last("PCWG3") == "SD"
    assert "BONE_LESION_UNKNOWN" not in fired(seen)
    rows = [("B01", "PERSISTING"), ("B02", "PERSISTING"), ("B03", "FIRST SEEN"),
            ("B04", "FIRST SEEN")]  # fmt: skip
    stream.read(soft("30", bone=bone(*rows, counted="4"), **new))
    assert stream.last("PCWG3") == "PD"
    assert stream.last("RECIST11") == "SD"
    table = tables.lesions(stream.points)
    assert [row.label for row in table.rows if row.kind == "new"] == ["B01", "B02", "B03", "B04"]


def test_bone_lesions_are_followed_by_their_names() -> None:
    stream = Stream("PCWG3")
    stream.read(soft("40", bone={"done": True, "readable": True, "count": "3"}))
    new = {"new": {"any": False}}
    seen = stream.read(soft("40", bone=bone(("B01", "PERSISTING"), counted="0"), **new))
    assert {"BONE_LESION_UNKNOWN", "BONE_SCAN_COUNT_INCONSISTENT"} <= fired(seen)
    seen = stream.read(soft("40", bone=bone(("B01", "FIRST SEEN"), counted="1", seen=False), **new))
    assert {"BONE_LESION_SEEN_BEFORE", "BONE_VISIBLE_DENIED"} <= fired(seen)
    assert "BONE_LESION_DROPPED" in fired(stream.read(soft("40", bone=bone(), **new)))


# --- PERCIST --------------------------------------------------------------------------------------


def uptake(peak: str, liver: str = "2.0", **more: Any) -> Answers:
    given = {"done": True, "resolved": False, "sul_peak": peak, "site": "Liver", "liver_sul": liver}
    return readable(uptake={**given, **more})


def test_percist_alone_is_a_form_of_quality_and_uptake() -> None:
    stream = Stream("PERCIST")
    assert [section.key for section in stream.form.sections] == [
        "quality", "uptake", "response_percist", "remarks",
    ]  # fmt: skip
    assert left(stream.read(uptake("10"))) == []
    visit = uptake("7", "2.1", new_lesion=False) | {"response_percist": {"overall": "PMR"}}
    assert left(stream.read(visit)) == []  # minus 30 % and 3.0
    stream.read(uptake("13.1", new_lesion=False))
    assert stream.last("PERCIST") == "PMD"  # plus 31 % and 3.1
    seen = stream.read(uptake("7", "2.5", new_lesion=False))
    assert stream.last("PERCIST") == "NE"  # the liver differs by 25 %
    assert "PERCIST_LIVER_NOT_COMPARABLE" in fired(seen)


def test_percist_goes_beside_the_lesions_of_another_criterion() -> None:
    stream = Stream("RECIST11", "PERCIST")
    stream.read(soft("40") | {"uptake": uptake("10")["uptake"]})
    visit = soft("20", new={"any": False}) | {"uptake": uptake("9", new_lesion=True)["uptake"]}
    stream.read(visit)
    assert (stream.last("RECIST11"), stream.last("PERCIST")) == ("PR", "PMD")


# --- all ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "keys",
    [("RECIST11", "LUGANO2014"), ("LUGANO2014", "RANO_HGG_2010"), ("iRECIST", "RANO20_CE_2D")],
)
def test_criteria_that_choose_lesions_differently_do_not_share_a_form(
    keys: tuple[str, ...],
) -> None:
    with pytest.raises(CriteriaError, match="choose lesions by different rules"):
        standard_form({key: {} for key in keys}, key="ecrf_x", title="X")


@pytest.mark.parametrize("key", ["LUGANO2014", "RANO20_MIXED", "PCWG3", "PERCIST", "CHESON2007"])
def test_every_check_of_a_form_cites_a_clause_of_its_own_criterion(key: str) -> None:
    document = standard_form({key: {}}, key="ecrf_x", title="X")
    cited = {str(check["clause"]) for check in document["checks"]}
    assert all(cited)
    if key != "PCWG3":  # its soft tissue is that of RECIST 1.1
        assert not any("RECIST 1.1" in clause for clause in cited)


def test_the_table_of_lesions_shows_both_diameters_and_their_product() -> None:
    stream = Stream("LUGANO2014")
    stream.read(lymphoma_baseline())
    pet = {"deauville": "2", "hottest_suv": "1"}
    stream.read(lymphoma_visit(SMALLER, "135", "DECREASED", pet))
    table = tables.lesions(stream.points)
    assert table.sum_words == "Sum of products, mm²"
    assert [cell.diameters for cell in table.rows[0].cells] == ["40 × 30", "20 × 20"]
    assert str(table.since_first) == "-56.2"  # 700 against 1,600
    outcome = stream.outcomes["LUGANO2014"]
    view = tables.response("LUGANO2014", outcome, stream.points[-1].evaluation)
    assert view.parts == (("CT", "PR"), ("PET", "CMR"), ("New lesion", "No"))


# --- lesions that split, where products are summed ------------------------------------------------


def split(label: str, long: str, short: str, *further: str, where: str = "LIVER") -> Answers:
    """A lesion in pieces: diameters of the first and largest, products of the further ones."""
    pieces = {f"piece_product_{n}": product for n, product in enumerate(further, start=2)}
    return mass(label, long, short, where, **pieces) | {"state": "SPLIT"}


def test_a_mass_that_split_counts_the_products_of_its_pieces() -> None:
    stream = Stream("LUGANO2014", "CHESON2007")
    base = lymphoma_baseline()
    base["pet"]["avid"] = True
    stream.read(base)  # 1,200 + 400 = 1,600 mm²
    rows = [split("T01", "20", "15", "200", where="LYMPH NODE"), mass("T02", "20", "10")]
    pet = {"deauville": "4", "hottest_site": "Neck", "hottest_suv": "3", "uptake_change": "REDUCED"}
    visit = lymphoma_visit(rows, "120", "DECREASED", pet)
    visit["pet"]["positive"], visit["organs"]["growth"] = True, False
    seen = stream.read(visit)
    # 20 x 15 = 300 mm² and 200 mm² of the second piece, with 200 mm²: 700 mm², minus 56 %
    assert str(seen.answer("target.sum").value) == "700"
    assert stream.last("LUGANO2014", "spd_mm2") == "700"
    assert stream.last("LUGANO2014", "ct_response") == "PR"
    assert stream.last("CHESON2007", "spd_mm2") == "700"
    # The pieces grow from 500 to 416 + 484 = 900 mm², 80 % over their own nadir, the largest from
    # 20 to 26 mm.
    visit["target"]["lesions"][0] = split("T01", "26", "16", "484", where="LYMPH NODE")
    stream.read(visit)
    assert stream.last("LUGANO2014", "progressed_lesions") is not None
    assert stream.last("LUGANO2014", "ct_response") == "PD"


def test_a_node_in_pieces_is_normal_when_its_largest_piece_is() -> None:
    stream = Stream("LUGANO2014")
    stream.read(lymphoma_baseline())
    rows = [split("T01", "15", "10", "100", where="LYMPH NODE"), gone("T02")]
    stream.read(lymphoma_visit(rows, "120", "ABSENT", {"done": False}))
    assert stream.last("LUGANO2014", "ct_response") == "CR"


def test_a_brain_lesion_that_split_is_summed_over_its_pieces_and_needs_them() -> None:
    stream = Stream("RANO_HGG_2010")
    stream.read(brain_baseline(brain("T01", "40", "30")))  # 1,200 mm²
    row = split("T01", "20", "18", "240", where="FRONTAL LOBE") | {"method": "MRI"}
    seen = stream.read(brain_visit(row))  # 360 mm² and 240 mm²: minus 50 %
    assert str(seen.answer("target.lesions.0.value").value) == "600"
    assert stream.last("RANO_HGG_2010") == "PR"
    del row["piece_product_2"]
    assert any("piece_product_2" in one for one in left(stream.read(brain_visit(row))))


def shown(row: tables.LesionRow) -> tuple[str, list[str], str]:
    return row.label, [cell.words for cell in row.cells], str(row.since_nadir)


def test_each_piece_of_a_mass_is_followed_by_itself_in_its_product() -> None:
    stream = Stream("LUGANO2014")
    stream.read(lymphoma_baseline())
    for rows in (
        [split("T01", "20", "15", "200", where="LYMPH NODE"), mass("T02", "20", "10")],
        [split("T01", "18", "15", "250", "30", where="LYMPH NODE"), mass("T02", "20", "10")],
    ):
        stream.read(lymphoma_visit(rows, "120", "DECREASED", {"done": False}))
    whole = tables.lesions(stream.points).rows[0]
    # 270 + 250 + 30 mm² count for the mass; 300 to 270 is minus 10 %, 200 to 250 plus 25 %.
    assert whole.cells[-1].value == 550
    assert [shown(piece) for piece in whole.pieces] == [
        ("T01.1", ["–", "300", "270"], "-10.0"),
        ("T01.2", ["–", "200", "250"], "25.0"),
        ("T01.3", ["–", "–", "30"], "None"),
    ]

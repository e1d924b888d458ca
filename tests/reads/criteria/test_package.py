"""Registry, parameters, locations, trace data, reference page and command line."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace

import pytest

from reads.criteria import registry
from reads.criteria.__main__ import main
from reads.criteria.arithmetic import percent_change, percent_words, words
from reads.criteria.base import Criterion, DecisionTable
from reads.criteria.errors import CriteriaError
from reads.criteria.locations import (
    LOCATIONS,
    Laterality,
    is_bone,
    is_lymph_node,
    laterality_of,
    location_of,
    organ_group,
)
from reads.criteria.parameters import Options, Parameter, options_from
from reads.criteria.records import Record, loads
from reads.criteria.reference import reference
from reads.criteria.trace import from_data
from tests.reads.criteria.streams import assess, point
from tests.reads.criteria.test_vectors import FOLDER

ROOT = Path(__file__).parents[3]
VECTOR_CRITERIA = {
    "RECIST11",
    "iRECIST",
    "RANO_HGG_2010",
    "RANO_LGG_2011",
    "RANO20_CE_2D",
    "RANO20_CE_VOL",
    "RANO20_MIXED",
    "LUGANO2014",
    "PCWG3",
    "VOLUMETRIC",
}


def test_every_criterion_of_the_vector_files_is_registered_under_its_name() -> None:
    keys = {criterion.key for criterion in registry.all_criteria()}
    assert keys >= VECTOR_CRITERIA | {"PERCIST", "CHESON2007"}


def test_an_unknown_criterion_is_refused_by_name() -> None:
    for key in ("RECIST", "", None, 1):
        with pytest.raises(CriteriaError) as caught:
            registry.get(key)  # type: ignore[arg-type]
        assert caught.value.field == "criterion"


@pytest.fixture
def clean_registry(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    registry.all_criteria()
    monkeypatch.setattr(registry, "_registered", dict(registry._registered))
    yield
    registry.rule_named.cache_clear()


@pytest.mark.usefixtures("clean_registry")
def test_a_third_party_criterion_is_found_through_its_entry_point(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    own = Criterion(key="OWN", title="Own", version="1", citation="us")
    other = Criterion(key="OTHER", title="Other", version="1", citation="us")
    found = [SimpleNamespace(load=lambda: own), SimpleNamespace(load=lambda: (other,))]
    monkeypatch.setattr(
        registry, "entry_points", lambda group: found if group == "icro.criteria" else []
    )
    registry._load.cache_clear()
    assert registry.get("OWN") is own
    assert registry.get("OTHER") is other


@pytest.mark.usefixtures("clean_registry")
def test_two_criteria_cannot_share_a_key_nor_two_rules_of_one() -> None:
    recist = registry.get("RECIST11")
    registry.register(recist)
    with pytest.raises(CriteriaError):
        registry.register(Criterion(key="RECIST11", title="x", version="1", citation="x"))
    rules = (recist.rules[0], recist.rules[0])
    with pytest.raises(CriteriaError):
        registry.register(Criterion(key="Z", title="x", version="1", citation="x", rules=rules))
    with pytest.raises(CriteriaError):
        registry._register_all("no criterion")


def test_rules_of_different_criteria_never_share_a_key_unless_they_are_one() -> None:
    known: dict[str, object] = {}
    for criterion in registry.all_criteria():
        for rule in criterion.rules:
            assert known.setdefault(rule.key, rule) is rule, rule.key


def test_an_unknown_rule_of_a_stored_trace_is_named() -> None:
    with pytest.raises(CriteriaError) as caught:
        registry.rule_named("RECIST11.nothing")
    assert caught.value.field == "trace.rule"


@pytest.mark.parametrize("missing", ["name", "rule", "inputs", "value"])
def test_a_stored_trace_without_an_item_is_refused_by_its_name(missing: str) -> None:
    step = assess("RECIST11", point(0, {"T01": 30})).time_points[0].trace[0]
    data = step.as_data()
    del data[missing]
    with pytest.raises(CriteriaError) as caught:
        from_data(data, registry.rule_named)
    assert caught.value.field == f"trace.{missing}"


def test_every_criterion_tells_version_citation_parameters_and_checks() -> None:
    for criterion in registry.all_criteria():
        assert criterion.version
        assert criterion.citation
        for parameter in criterion.parameters:
            assert parameter.meaning.endswith(".")
            assert parameter.clause
            assert parameter.parsed(parameter.default) == parameter.default
            if parameter.kind == "choice":
                assert parameter.default in parameter.choices
        for check in criterion.checks:
            assert check.when
            assert check.message.endswith(".")
            assert check.clause


def test_unverified_facts_are_off_by_default() -> None:
    unverified = [
        (criterion.key, parameter)
        for criterion in registry.all_criteria()
        for parameter in criterion.parameters
        if not parameter.verified
    ]
    assert unverified
    # Two rules of RANO's published table that an unverified reading would switch off.
    published = {"judge_t2_flair", "early_clinical_decline"}
    for key, parameter in unverified:
        off = parameter.name in published
        assert parameter.default in (off, "off", "none"), (key, parameter.name)


def test_all_twelve_open_questions_are_parameters_with_their_readings() -> None:
    found = {
        parameter.question
        for criterion in registry.all_criteria()
        for parameter in criterion.parameters
        if parameter.question is not None
    }
    assert found == set(range(1, 13))


NUMBER = Parameter(
    name="n", kind="integer", default=3, minimum=1, maximum=5, meaning="N.", clause="c"
)


@pytest.mark.parametrize("raw", [0, 6, "2.5", "x", True, None, [], float("nan"), "1e400"])
def test_a_setting_of_a_wrong_type_or_out_of_range_is_named(raw: object) -> None:
    with pytest.raises(CriteriaError) as caught:
        options_from((NUMBER,), {"n": raw})
    assert caught.value.field == "settings.n"


@pytest.mark.parametrize(("raw", "value"), [(1, 1), ("5", 5), (Decimal("2.0"), 2), (4.0, 4)])
def test_a_setting_within_its_range_is_taken(raw: object, value: int) -> None:
    options = options_from((NUMBER,), {"n": raw})
    assert options.integer("n") == value
    assert options.decimal("n") == value


def test_unknown_settings_are_refused_and_options_are_typed() -> None:
    with pytest.raises(CriteriaError) as caught:
        options_from((NUMBER,), {"m": 1})
    assert caught.value.field == "settings.m"
    options = Options({"flag": True, "word": "a", "number": 1})
    assert dict(options) == {"flag": True, "word": "a", "number": 1}
    assert len(options) == 3
    for read in (
        lambda: options.integer("flag"),
        lambda: options.decimal("word"),
        lambda: options.flag("word"),
        lambda: options.choice("number"),
        lambda: options.flag("none"),
    ):
        with pytest.raises(CriteriaError):
            read()


def test_a_decision_table_takes_the_first_row_that_matches() -> None:
    table = DecisionTable(
        key="T",
        title="T",
        clause="c",
        columns=("a", "b"),
        rows=((("1", "ANY"), "x"), (("ANY", "2"), "y")),
    )
    assert table.look_up("1", "2") == "x"
    assert table.look_up("3", "2") == "y"
    assert table.look_up("3", "3") is None


# --- locations --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "nodal", "organ"),
    [
        ("LUNG", False, "LUNG"),
        ("Lung, left", False, "LUNG"),
        ("RIGHT LUNG", False, "LUNG"),
        ("lung, right lower lobe", False, "LUNG"),
        ("ADRENAL, LEFT", False, "ADRENAL GLAND"),
        ("adrenal gland", False, "ADRENAL GLAND"),
        ("KIDNEYS", False, "KIDNEY"),
        ("mediastinum", True, "LYMPH NODE"),
        ("axillary lymph node", False, "LYMPH NODE"),
        ("Inguinal node", False, "LYMPH NODE"),
        ("LIVER SEGMENT 5", False, "LIVER"),
        ("FOOT, LEFT", False, "FOOT"),
    ],
)
def test_organs_are_counted_as_the_criteria_count_them(text: str, nodal: bool, organ: str) -> None:
    assert organ_group(text, nodal=nodal) == organ


def test_nodes_bones_and_sides_are_known_from_text() -> None:
    assert is_lymph_node("LYMPH NODE")
    assert is_lymph_node("mediastinal LN")
    assert not is_lymph_node("LUNG")
    assert is_bone("VERTEBRA L3")
    assert not is_bone("BONE MARROW")
    assert laterality_of("ADRENAL, LEFT") is Laterality.LEFT
    assert laterality_of("Rt lung") is Laterality.RIGHT
    assert laterality_of("both kidneys") is Laterality.BILATERAL
    assert laterality_of("LIVER") is None
    assert location_of("somewhere") is None


def test_codes_are_unique_and_each_has_its_cdisc_and_dicom_codes() -> None:
    assert len({location.code for location in LOCATIONS}) == len(LOCATIONS)
    spelled = [word for location in LOCATIONS for word in (location.code, *location.words)]
    assert len(set(spelled)) == len(spelled)
    for location in LOCATIONS:
        assert location.region_code.isdigit()
        assert location.cdisc_loc == location.cdisc_loc.upper()
        assert (location.organ == "LYMPH NODE") is location.nodal


def test_snomed_codes_are_those_of_the_dicom_standard() -> None:
    concepts = pytest.importorskip("pydicom.sr._concepts_dict").concepts["SCT"]
    known = {code for entries in concepts.values() for code in entries}
    assert {location.region_code for location in LOCATIONS} <= known
    assert {side.dicom_code for side in Laterality} <= known


# --- words ------------------------------------------------------------------------------------


def test_numbers_read_as_on_paper() -> None:
    assert words(Decimal("84.0"), "mm") == "84 mm"
    assert words(Decimal("1E+3")) == "1000"
    assert words(None) == "no value"
    assert percent_change(Decimal(2), Decimal(3)) == Decimal("-33.3333")
    assert percent_change(Decimal(2), Decimal(0)) is None
    assert percent_words(Decimal("-33.3333")) == "33 %"
    assert percent_words(Decimal("19.75")) == "19.75 %"
    assert percent_words(Decimal("20.004")) == "20 %"
    assert percent_words(Decimal("22.5")) == "22 %"
    assert percent_words(Decimal("30")) == "30 %"
    assert percent_words(Decimal("-29.99")) == "29.99 %"
    assert percent_words(None) == "no percentage"


def test_records_name_the_path_of_what_is_wrong() -> None:
    record = Record({"a": "x", "n": "1.5", "l": "text", "t": [1], "d": "tomorrow"}, "visit")
    for read, field in (
        (lambda: record.decimal("a"), "visit.a"),
        (lambda: record.integer("n"), "visit.n"),
        (lambda: record.flag("a"), "visit.a"),
        (lambda: record.items("l"), "visit.l"),
        (lambda: record.texts("t"), "visit.t[0]"),
        (lambda: record.date("d"), "visit.d"),
        (lambda: record.record("a"), "visit.a"),
        (lambda: record.records("t"), "visit.t[0]"),
        (lambda: record.text("t"), "visit.t"),
        (lambda: record.required_text("z"), "visit.z"),
        (lambda: record.decimals("t", "n") and record.decimals("l"), "visit.l"),
    ):
        with pytest.raises(CriteriaError) as caught:
            read()
        assert caught.value.field == field
    assert record.decimal("missing", "n") == Decimal("1.5")


@pytest.mark.parametrize("text", ["", "{", "[1,]", '{"a": NaN}', '{"a": Infinity}', "[" * 100000])
def test_text_that_is_no_json_raises_the_one_error(text: str) -> None:
    with pytest.raises(CriteriaError) as caught:
        loads(text)
    assert caught.value.field == "file"


@pytest.mark.parametrize("raw", ["1e13", "1e-19", "inf", "nan", "", " ", "1,5", True, [], {}])
def test_numbers_that_are_no_measurements_are_refused(raw: object) -> None:
    with pytest.raises(CriteriaError):
        Record({"n": raw}).decimal("n")


# --- reference page ---------------------------------------------------------------------------


def test_the_reference_page_names_every_rule_parameter_and_check() -> None:
    page = reference()
    for criterion in registry.all_criteria():
        assert f"(`{criterion.key}`)" in page
        for rule in criterion.rules:
            assert f"`{rule.key}`" in page
        for parameter in criterion.parameters:
            assert f"| `{parameter.name}` |" in page
        for check in criterion.checks:
            assert f"`{check.id}`" in page
    assert "*Unverified.*" in page


def test_the_page_in_docs_is_the_generated_one() -> None:
    assert (ROOT / "docs" / "criteria.md").read_text(encoding="utf-8") == reference()


def test_no_clause_on_screen_cites_a_paper_of_ours() -> None:
    assert "criteria.md" not in reference()
    library = (ROOT / "reads" / "oversight" / "library.json").read_text(encoding="utf-8")
    assert "criteria.md" not in library


# --- command line -----------------------------------------------------------------------------


def test_the_command_line_needs_no_settings_and_no_database(tmp_path: Path) -> None:
    out = tmp_path / "out.json"
    done = subprocess.run(
        [sys.executable, "-m", "reads.criteria", "assess", FOLDER / "irecist.json", "--out", out],
        cwd=ROOT,
        env={"PATH": "/usr/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    subject = json.loads(out.read_text(encoding="utf-8"))["subjects"][0]
    assert subject["visits"][1]["derived"]["overall_response"] == "iCPD"
    assert subject["derived_progression_day"] == 56
    assert subject["visits"][1]["derived_because"][-1].endswith("iRECIST table 2")


def test_assess_writes_to_standard_output(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["assess", str(FOLDER / "volumetric.json")]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["conversions"][0]["derived"] == {"volume_ml": 14.137167}


def test_check_exits_with_1_on_any_difference_and_prints_a_table(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", str(FOLDER / "volumetric.json")]) == 0
    assert capsys.readouterr().out == "16 expected values, 0 different\n"
    document = json.loads((FOLDER / "volumetric.json").read_text(encoding="utf-8"))
    document["subjects"][0]["visits"][0]["expected"]["measured_response"] = "SD"
    changed = tmp_path / "changed.json"
    changed.write_text(json.dumps(document), encoding="utf-8")
    assert main(["check", str(changed)]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].split() == ["VOL-S-01", "TP1", "measured_response", '"SD"', '"PR"', "≠"]
    assert lines[-1] == "16 expected values, 1 different"


def test_input_that_cannot_be_assessed_exits_with_2_and_names_the_field(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    document = json.loads((FOLDER / "volumetric.json").read_text(encoding="utf-8"))
    document["subjects"][0]["visits"][0]["volumes_ml"] = ["x"]
    changed = tmp_path / "changed.json"
    changed.write_text(json.dumps(document), encoding="utf-8")
    assert main(["assess", str(changed)]) == 2
    expected = "error: subjects[0].visits[0].volumes_ml[0]: must be a number\n"
    assert capsys.readouterr().err == expected
    changed.write_bytes(b"\xff\xfe")
    assert main(["assess", str(changed)]) == 2
    assert main(["check", str(tmp_path / "missing.json")]) == 2
    assert "missing.json: No such file" in capsys.readouterr().err


def test_unknown_settings_of_a_file_are_noted_and_ignored(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    document = json.loads((FOLDER / "volumetric.json").read_text(encoding="utf-8"))
    document["subjects"][0]["settings"]["colour"] = "blue"
    changed = tmp_path / "changed.json"
    changed.write_text(json.dumps(document), encoding="utf-8")
    assert main(["check", str(changed)]) == 0
    note = "note: setting colour is not a parameter of VOLUMETRIC; it was ignored\n"
    assert capsys.readouterr().err == note


def test_docs_writes_the_reference_page(tmp_path: Path) -> None:
    assert main(["docs", "--out", str(tmp_path / "page.md")]) == 0
    assert (tmp_path / "page.md").read_text(encoding="utf-8") == reference()


@pytest.mark.parametrize("key", ["RECIST11", "iRECIST"])
def test_five_hundred_time_points_take_less_than_a_second(key: str) -> None:
    points = [point(day, {"T01": 30 + day % 7, "N01": 20}) for day in range(0, 501 * 28, 28)]
    start = time.process_time()
    assert len(assess(key, *points).time_points) == 501
    assert time.process_time() - start < 1

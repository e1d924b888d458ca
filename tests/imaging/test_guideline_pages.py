"""The acquisition guideline: edited row by row, validated, compared, exchanged as YAML."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from audit.errors import Conflict, NotPermitted, RuleBroken
from imaging.pipeline.technical_qc import default_guideline, from_document
from imaging.pipeline.technical_qc.guideline_text import difference, read_yaml
from imaging.pipeline.yaml_text import UnreadableText
from imaging.services import guideline
from studies.models import Configuration
from studies.scoping import scope
from studies.services import configuration
from tests.imaging.upload_world import make_imaging_study
from tests.world import (
    StudyWorld,
    logged_in,
)

pytestmark = pytest.mark.django_db
ROW = {
    "modality": "CT",
    "parameter": "slice_thickness_mm",
    "kind": "max",
    "value": "3",
    "tolerance": "0.1",
    "severity": "error",
    "source": "Protocol 8.2",
    "time_points": "baseline, week8",
}


@pytest.fixture
def world() -> StudyWorld:
    return make_imaging_study()


def _draft(world: StudyWorld) -> Configuration:
    return guideline.start_draft(world.study, actor=world.actor("scientific"))


def _save(world: StudyWorld, draft: Configuration, **changes: str) -> Configuration:
    return guideline.save_row(
        draft,
        {**ROW, **changes},
        index=None,
        seen_digest=draft.digest,
        actor=world.actor("scientific"),
    )


# --- rows -----------------------------------------------------------------------------------------


def test_a_row_that_a_scientist_types_becomes_a_rule_for_its_time_points(world: StudyWorld) -> None:
    with scope(world.study):
        saved = _save(world, _draft(world))
        rules = from_document(saved.document).comparisons(modality="CT", time_point="week8")
        (thickness,) = [r for r in rules if r.parameter == "slice_thickness_mm"]
        assert (thickness.value, thickness.tolerance, thickness.source) == (3, 0.1, "Protocol 8.2")
        other = from_document(saved.document).comparisons(modality="CT", time_point="week16")
        assert [r.value for r in other if r.parameter == "slice_thickness_mm"] == [5]


def test_negative_limits_have_a_minus_sign_on_the_page_and_a_hyphen_in_the_file(
    world: StudyWorld,
) -> None:
    with scope(world.study):
        pasted = {"kind": "range", "value": "\N{MINUS SIGN}3.5", "value_to": "-1"}
        draft = _save(world, _draft(world), parameter="gantry_tilt_deg", **pasted)
    client = logged_in(world, "scientific")
    page = client.get(reverse("guideline-version", args=[world.study.code, draft.pk]))
    assert "\N{MINUS SIGN}3.5 to \N{MINUS SIGN}1" in page.content.decode()
    sent = client.get(reverse("guideline-export", args=[world.study.code, draft.pk]))
    text = b"".join(sent) if sent.streaming else sent.content
    assert [row.get("value") for row in read_yaml(text.decode()).to_document()["rules"]][-1] == [
        -3.5,
        -1,
    ]
    assert "\N{MINUS SIGN}" not in text.decode()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"value": "thin"}, "Value: a number"),
        ({"value": ""}, "Value: a number"),
        ({"kind": "range", "value": "9", "value_to": "3"}, "lower limit is above"),
        ({"kind": "range", "value": "9"}, "Value: a number"),
        ({"parameter": "missing_slices"}, "no parameter named missing_slices"),
        ({"kind": "check", "value": ""}, "no check named slice_thickness_mm"),
        ({"severity": "fatal"}, "Severity: choose"),
        ({"source": " "}, "Source: name the"),
        ({"modality": "ct"}, "Modality: give CT"),
        ({"tolerance": "-1"}, "Tolerance: a number"),
        ({"tolerance": "nan"}, "Tolerance: a number"),
    ],
)
def test_what_is_wrong_with_a_row_is_said_and_nothing_is_written(
    world: StudyWorld, changes: dict[str, str], message: str
) -> None:
    with scope(world.study):
        draft = _draft(world)
        with pytest.raises(RuleBroken, match=message):
            _save(world, draft, **changes)
        draft.refresh_from_db()
        assert draft.document["rules"] == default_guideline().to_document()["rules"]


def test_of_two_scientists_who_edit_one_draft_the_second_is_told(world: StudyWorld) -> None:
    with scope(world.study):
        draft = _draft(world)
        _save(world, draft)
        draft_as_seen = Configuration.objects.get(pk=draft.pk)
        with pytest.raises(Conflict, match="Somebody else"):
            guideline.save_row(
                draft_as_seen,
                ROW,
                index=0,
                seen_digest="0" * 64,
                actor=world.actor("scientific"),
            )


def test_only_science_edits_the_guideline(world: StudyWorld) -> None:
    with scope(world.study), pytest.raises(NotPermitted):
        guideline.start_draft(world.study, actor=world.actor("project_manager"))


def test_a_guideline_goes_from_draft_over_validated_and_signed_to_effective(
    world: StudyWorld,
) -> None:
    with scope(world.study):
        draft = _save(world, _draft(world))
        science = world.actor("scientific")
        valid = guideline.validate(draft, actor=science)
        assert valid.state == "in_review"
        with pytest.raises(RuleBroken):
            _save(world, valid)
        signed = configuration.approve(
            valid, actor=science, assent=world.assent("scientific", "approval")
        )
        held = configuration.make_effective(signed, actor=science)
        found = guideline.effective_or_none(world.study)
        assert found is not None
        assert (found.pk, held.state, found.version) == (held.pk, "effective", 2)
        assert [v.state for v in guideline.versions(world.study)] == ["effective", "superseded"]


def test_repeats_and_unknown_time_points_keep_a_draft_from_validation(world: StudyWorld) -> None:
    with scope(world.study):
        draft = _save(world, _draft(world), time_points="week99")
        draft = _save(world, draft, time_points="week99", value="4")
        with pytest.raises(RuleBroken) as caught:
            guideline.validate(draft, actor=world.actor("scientific"))
        assert "no time point week99" in caught.value.message
        assert "repeats row" in caught.value.message


# --- differences ----------------------------------------------------------------------------------


def test_a_difference_says_in_words_what_changed_was_added_and_removed() -> None:
    old = default_guideline()
    document = old.to_document()
    rows = document["rules"]
    place = next(
        i
        for i, r in enumerate(rows)
        if r["parameter"] == "slice_thickness_mm" and r["kind"] == "max"
    )
    rows[place] = {**rows[place], "value": 3}
    document["rules"] = [r for r in rows if r["parameter"] != "kvp"]
    document["rules"].append(
        {"modality": "MR", "parameter": "b_value", "kind": "contains", "value": [0, 800],
         "severity": "warning", "source": "Protocol 8.4"}
    )  # fmt: skip
    changes = {(c.verb, c.what): (c.old, c.new) for c in difference(old, from_document(document))}
    source = "source: RECIST 1.1 (Eisenhauer 2009): 5 mm or less"
    rest = f"tolerance 0.05; error; warning when not stated; {source}"
    assert changes["changed", "Slice thickness, CT"] == (
        f"at most 5 mm, {rest}",
        f"at most 3 mm, {rest}",
    )
    assert changes["added", "b-value, MR"] == (
        "",
        "0 and 800 s/mm²; warning; source: Protocol 8.4",
    )
    assert ("removed", "Tube voltage, CT") in changes
    assert len([c for c in changes if c[0] == "changed"]) == 1


# --- YAML -----------------------------------------------------------------------------------------


def test_what_is_exported_reads_back_as_the_same_guideline() -> None:
    text = default_guideline().to_yaml()
    assert read_yaml(text) == default_guideline()
    assert read_yaml(text).to_yaml() == text


@pytest.mark.parametrize(
    ("old", "new", "place", "words"),
    [
        ("severity: error", "severity: fatal", "rules/0/severity", "not one of"),
        ("modality: '*'", "modality: 7", "rules/0/modality", "not of type"),
        ("version: '1.0'", "version: 1.0", "version", "not of type"),
        ("name: General oncology", "name: A\nname: B", "name", "written twice"),
        ("parameter: mixed_subject", "parameter: ghosts", "rules/0", "no check named ghosts"),
    ],
)
def test_a_fault_is_told_with_its_line_and_path(old: str, new: str, place: str, words: str) -> None:
    text = default_guideline().to_yaml().replace(old, new, 1)
    with pytest.raises(UnreadableText) as caught:
        read_yaml(text)
    problem = caught.value.problems[0]
    assert (problem.path, words in problem.text) == (place, True)
    line = text.splitlines()[problem.line - 1]
    assert new.splitlines()[-1] in line or place == "rules/0"


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("a: [1, 2\nb: 3", 2, "expected"),
        ("- a\n- b", 1, "starts with"),
        ("", 1, "starts with"),
        ("a: &x [1]\nb: *x", 1, "alias"),
    ],
)
def test_text_that_is_no_guideline_is_refused_with_its_line(
    text: str, line: int, words: str
) -> None:
    with pytest.raises(UnreadableText) as caught:
        read_yaml(text)
    problem = caught.value.problems[0]
    assert problem.line == line
    assert words in problem.text


def test_an_import_becomes_a_draft_and_shows_the_difference(world: StudyWorld) -> None:
    text = default_guideline().to_yaml().replace("value: 5\n", "value: 3\n", 1)
    answer = logged_in(world, "scientific").post(
        reverse("guideline-import", args=[world.study.code]),
        {"file": SimpleUploadedFile("g.yaml", text.encode(), content_type="application/yaml")},
        follow=True,
    )
    page = answer.content.decode()
    assert answer.status_code == 200
    assert "at most 3 mm" in page
    with scope(world.study):
        assert guideline.open_draft(world.study) is not None


def test_a_bad_file_is_shown_with_its_fault_and_nothing_is_lost(world: StudyWorld) -> None:
    text = default_guideline().to_yaml().replace("severity: error", "severity: fatal", 1)
    answer = logged_in(world, "scientific").post(
        reverse("guideline-import", args=[world.study.code]), {"text": text}
    )
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "Line 8" in page
    assert "rules/0/severity" in page
    assert "severity: fatal" in page
    with scope(world.study):
        assert guideline.open_draft(world.study) is None


def test_a_file_that_is_no_text_is_refused(world: StudyWorld) -> None:
    answer = logged_in(world, "scientific").post(
        reverse("guideline-import", args=[world.study.code]),
        {"file": SimpleUploadedFile("g.yaml", b"\xff\xfe\x00\x01")},
    )
    assert answer.status_code == 422
    assert "UTF-8" in answer.content.decode()


# --- pages ----------------------------------------------------------------------------------------


def test_a_row_with_a_fault_comes_back_with_what_was_typed(world: StudyWorld) -> None:
    with scope(world.study):
        draft = _draft(world)
    answer = logged_in(world, "scientific").post(
        reverse("guideline-row", args=[world.study.code, draft.pk]),
        {**ROW, "value": "thin", "source": "A paper I typed", "seen": draft.digest, "index": ""},
    )
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "Value: a number" in page
    assert "A paper I typed" in page
    own = reverse("guideline-version", args=[world.study.code, draft.pk])
    relative = re.findall(r'href="\?[^"]*"', page)
    assert relative == [], "links of this answer would lead to an address that takes no GET"
    assert f'href="{own}?row=new#row-form"' in page


def test_who_saves_a_row_goes_on_at_that_row_with_the_modality_that_was_shown(
    world: StudyWorld,
) -> None:
    with scope(world.study):
        draft = _draft(world)
    rows = len(draft.document["rules"])
    client = logged_in(world, "scientific")
    page = reverse("guideline-version", args=[world.study.code, draft.pk])
    save = reverse("guideline-row", args=[world.study.code, draft.pk])
    new = client.post(f"{save}?modality=CT", {**ROW, "seen": draft.digest, "index": ""})
    assert new["Location"] == f"{page}?modality=CT#row-{rows}"
    assert f'<tr id="row-{rows}"' in client.get(new["Location"]).content.decode()
    draft.refresh_from_db()
    changed = client.post(save, {**ROW, "value": "4", "seen": draft.digest, "index": str(rows)})
    assert changed["Location"] == f"{page}#row-{rows}"


def test_the_page_exports_what_it_shows(world: StudyWorld) -> None:
    with scope(world.study):
        held = guideline.effective_or_none(world.study)
    assert held is not None
    client = logged_in(world, "data_manager")
    page = client.get(reverse("guideline", args=[world.study.code])).content.decode()
    assert "Slice thickness" in page
    assert "Edit as draft" not in page
    answer: Any = client.get(reverse("guideline-export", args=[world.study.code, held.pk]))
    assert read_yaml(answer.content.decode()) == default_guideline()


def test_a_row_can_be_edited_and_removed_on_the_page(world: StudyWorld) -> None:
    with scope(world.study):
        draft = _draft(world)
    client = logged_in(world, "scientific")
    shown = client.get(
        reverse("guideline-version", args=[world.study.code, draft.pk]), {"row": "0"}
    )
    assert 'value="Completeness and integrity of the series"' in shown.content.decode()
    client.post(
        reverse("guideline-row-remove", args=[world.study.code, draft.pk]),
        {"index": "0", "seen": draft.digest},
    )
    draft.refresh_from_db()
    parameters = [row["parameter"] for row in draft.document["rules"]]
    assert "mixed_subject" not in parameters
    assert len(parameters) == len(default_guideline().rules) - 1

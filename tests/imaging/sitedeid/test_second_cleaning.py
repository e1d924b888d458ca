"""Cleaning at the site and again at the server equals cleaning at the server alone."""

from __future__ import annotations

import json
import struct
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from imaging.phantom import SeriesSpec, invented_identity, write_series
from imaging.pipeline.deidentify import DeidPlan, IdentityTokens, deidentify_file, merge_tokens
from imaging.pipeline.site_cleaning import (
    SITE_ENGINE,
    SecondVerifier,
    SiteOption,
    is_new_uid,
    method_text,
    second_plan,
    site_plan,
    subject_key,
    why_identified,
)
from imaging.pipeline.verifier import OutputVerifier
from imaging.pipeline.verify import load, read_header
from tests.imaging.sitedeid import reference

TODAY = date(2026, 3, 2)


def at_site(src: Path, dst: Path) -> DeidPlan:
    """Clean as the engine at the site does: the same bytes, but for the engine's name."""
    plan = reference.plan_for(reference.tokens_of(src))
    outcome = deidentify_file(src, dst, plan=plan, accepted=frozenset(reference.COMMON["lifted"]))
    assert outcome.code == ""
    data = dst.read_bytes()
    dst.write_bytes(data.replace(b"ICRO_DEID_1", SITE_ENGINE.encode(), 1))
    return plan


def again(src: Path, dst: Path) -> str:
    """Clean at the server what came cleaned from the site."""
    plan = second_plan(reference.plan_for(reference.tokens_of(src)))
    accepted = frozenset(reference.COMMON["lifted"])
    return deidentify_file(src, dst, plan=plan, accepted=accepted).code


def slice_of(folder: Path) -> Path:
    spec = SeriesSpec(
        identity=invented_identity(1), study_date=date(2026, 1, 5), slices=2, matrix=16
    )
    return write_series(folder, spec).files[0]


VECTORS = [
    pytest.param(case, id=case["title"])
    for path in sorted(reference.VECTORS.glob("*.json"))
    if path.stem != "common"
    for case in json.loads(path.read_text("utf-8"))
    if "expected" in case
]


@pytest.mark.parametrize("case", VECTORS)
def test_cleaning_twice_gives_the_bytes_of_cleaning_once(case: dict, tmp_path: Path) -> None:  # type: ignore[type-arg]
    source = tmp_path / "in.dcm"
    source.write_bytes(reference.written(case))
    once, site, twice = tmp_path / "once", tmp_path / "site", tmp_path / "twice"
    assert reference.clean(source, once) == ""
    at_site(source, site)
    assert again(site, twice) == ""
    assert twice.read_bytes() == once.read_bytes()


def test_dates_are_not_moved_twice_and_intervals_stay(tmp_path: Path) -> None:
    source, site, twice = slice_of(tmp_path), tmp_path / "site", tmp_path / "twice"
    plan = at_site(source, site)
    again(site, twice)
    moved = date(2026, 1, 5) + timedelta(days=plan.offset_days)
    assert reference.read_back(twice.read_bytes())["00080020"] == ["DA", f"{moved:%Y%m%d}"]


def test_the_verifier_of_the_second_cleaning_passes_what_the_first_one_would_hold(
    tmp_path: Path,
) -> None:
    source, site, twice = slice_of(tmp_path), tmp_path / "site", tmp_path / "twice"
    at_site(source, site)
    again(site, twice)
    plan = second_plan(reference.plan_for(reference.tokens_of(site)))
    assert OutputVerifier(plan).check(site, twice).code == "uid_map_broken"
    assert SecondVerifier(plan).check(site, twice).passed


def test_the_verifier_still_finds_an_identifier_that_nobody_replaced(tmp_path: Path) -> None:
    source, site, twice = slice_of(tmp_path), tmp_path / "site", tmp_path / "twice"
    at_site(source, site)
    again(site, twice)
    old = reference.read_back(source.read_bytes())["0020000e"][1]
    kept = reference.read_back(twice.read_bytes())["0020000e"][1]
    # The same length, so that the file stays well formed: an identified one on both sides.
    foreign = ("1.2.826." + old.replace(".", ""))[: len(kept)].ljust(len(kept), "7")
    site.write_bytes(site.read_bytes().replace(kept.encode(), foreign.encode()))
    twice.write_bytes(twice.read_bytes().replace(kept.encode(), foreign.encode()))
    plan = second_plan(reference.plan_for())
    assert SecondVerifier(plan).check(site, twice).code == "uid_map_broken"


def test_only_the_form_that_the_engines_give_counts_as_a_new_identifier() -> None:
    plan = reference.plan_for()
    assert is_new_uid(plan.new_uid("1.2.3"))
    # A random UUID (version 4) as made by scanners, an empty one, a number over 128 bits.
    for uid in ("2.25.309329683223345268123742187842110372117", "", "2.25.0", "2.25." + "9" * 39):
        assert not is_new_uid(uid)


# --- what does not count as cleaned ---------------------------------------------------------


def verdict(path: Path, *, latest: date = TODAY) -> str:
    return why_identified(read_header(load(path)), reference.plan_for(), latest=latest)


def test_a_file_that_was_cleaned_at_the_site_counts_as_cleaned(tmp_path: Path) -> None:
    source, site = slice_of(tmp_path), tmp_path / "site"
    at_site(source, site)
    assert verdict(site) == ""
    assert verdict(source) == "identified_at_site"


def test_a_file_cleaned_for_another_subject_does_not_count(tmp_path: Path) -> None:
    source, site = slice_of(tmp_path), tmp_path / "site"
    plan = reference.plan_for(reference.tokens_of(source))
    other = replace(plan, subject=replace(plan.subject, subject_id="ALPHA-0102"))
    deidentify_file(source, site, plan=other)
    assert verdict(site) == "site_other_subject"


def test_a_file_of_another_profile_version_does_not_count(tmp_path: Path) -> None:
    source, site = slice_of(tmp_path), tmp_path / "site"
    plan = reference.plan_for(reference.tokens_of(source))
    other = replace(plan, profile=replace(plan.profile, digest="0" * 64, version=9))
    deidentify_file(source, site, plan=other)
    assert verdict(site) == "site_other_profile"


def test_a_file_whose_dates_were_not_moved_does_not_count(tmp_path: Path) -> None:
    class Unmoved(DeidPlan):
        offset_days = 0  # type: ignore[assignment]

    source, site = slice_of(tmp_path), tmp_path / "site"
    plan = reference.plan_for(reference.tokens_of(source))
    parts = {name: getattr(plan, name) for name in DeidPlan.__dataclass_fields__}
    parts["trial"] = replace(plan.trial, site_name="elsewhere")  # another plan for the caches
    deidentify_file(source, site, plan=Unmoved(**parts))
    assert verdict(site) == "dates_not_moved"


def test_a_file_that_another_tool_calls_anonymous_is_identified(tmp_path: Path) -> None:
    case = {"input": [["00120062", "CS", "YES"], ["00120063", "LO", "Some tool"]]}
    source = tmp_path / "in.dcm"
    source.write_bytes(reference.written(case))
    assert verdict(source) == "identified_at_site"


# --- what is handed out ---------------------------------------------------------------------


def test_the_key_that_is_handed_out_is_the_subjects_and_not_the_studys() -> None:
    study = bytes(range(32))
    first, second = subject_key(study, "one"), subject_key(study, "two")
    assert len({study, first, second}) == 3
    assert first == subject_key(study, "one")
    # HMAC-SHA256 of "subject" US "one" under the study's key, computed apart with openssl.
    assert first.hex() == ("3ffd81641311908cfc2f175de7bbb6b03f45bc698f92f902209ff0d93877659c")


def test_a_site_plan_holds_the_rules_and_no_identity() -> None:
    tokens = IdentityTokens(people=frozenset({"kowalczyk"}))
    plan = site_plan(reference.plan_for(merge_tokens([tokens])), SiteOption("required"))
    assert "kowalczyk" not in json.dumps({k: v for k, v in plan.items() if k != "vocabulary"})
    assert plan["offset_days"] == reference.COMMON["offset_days"]
    assert plan["profile"]["method"] == method_text(reference.plan_for().profile)
    assert struct.calcsize("32s") * 2 == len(plan["key"])


@pytest.mark.parametrize(
    ("document", "problems"),
    [
        ({}, 0),
        ({"at_site": "required"}, 0),
        ({"at_site": "sometimes"}, 1),
        ({"at_site": "offered", "at_site_unjudged": "maybe"}, 1),
    ],
)
def test_a_site_option_is_one_of_three(document: dict[str, str], problems: int) -> None:
    assert len(SiteOption.of(document).problems) == problems

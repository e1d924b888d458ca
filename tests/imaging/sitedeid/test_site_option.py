"""De-identification at the site as an option of the study: from the plan handed out to QC."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from audit.errors import Conflict, RuleBroken
from audit.models import Event
from imaging.models import AcquisitionFacts, Instance, SiteCleaning, Submission
from imaging.phantom import write_series
from imaging.pipeline.deidentify import deidentify_file, merge_tokens
from imaging.pipeline.site_cleaning import SITE_ENGINE, is_new_uid
from imaging.services import manifest, site_cleaning
from imaging.storage import ArrivalStore, study_key
from studies.models import Configuration
from studies.scoping import scope
from studies.services.configuration import effective
from tests.imaging import upload_world
from tests.imaging.sitedeid.reference import tokens_of
from tests.remembering import continued, remembered
from tests.world import (
    BACKEND,
    StudyWorld,
    _configure,
)

pytestmark = pytest.mark.django_db


@remembered
def study_with(at_site: str, **more: str) -> StudyWorld:
    """A study whose effective profile says what is done at the site."""
    world = upload_world.make_imaging_study()
    with scope(world.study):
        kind = Configuration.Kind.DEID_PROFILE
        before = effective(world.study, kind)
        document = {**before.document, "at_site": at_site, **more}
        _configure(world, kind, before.key, before.title, document)
    return world


def clean_at_the_site(row: Submission, source: Path, target: Path) -> None:
    """What the browser does, with the plan that it is handed; its engine gives the same bytes."""
    target.mkdir()
    files = sorted(path for path in source.rglob("*") if path.is_file())
    tokens = merge_tokens(tokens_of(path) for path in files)
    plan = site_cleaning.plan_for(row, study_secret=study_key(row.study_id), tokens=tokens)
    for number, path in enumerate(files):
        out = target / f"{number:04d}"
        assert deidentify_file(path, out, plan=plan).code == ""
        data = out.read_bytes()
        out.write_bytes(data.replace(b"ICRO_DEID_1", SITE_ENGINE.encode(), 1))


@continued
def draft_with_files(
    world: StudyWorld, folder: Path, *, at_site: bool, index: int = 0
) -> Submission:
    """A draft of the first subject with one series, cleaned at the site or identified."""
    row = upload_world.draft(world, index)
    source = folder / f"source-{row.number}"
    write_series(source, upload_world.spec_for(row.time_point))
    chosen = source
    if at_site:
        site_cleaning.hand_out(row, actor=world.actor("site_user"))
        chosen = folder / f"clean-{row.number}"
        clean_at_the_site(row, source, chosen)
    manifest.upload_folder(row, chosen, actor=world.actor("site_user"))
    upload_world.run_jobs(row)
    row.refresh_from_db()
    return row


def sent(world: StudyWorld, row: Submission) -> Submission:
    upload_world.fill_form(world, row)
    upload_world.send(world, row)
    upload_world.run_jobs(row)
    row.refresh_from_db()
    return row


# --- the way to QC --------------------------------------------------------------------------


def test_files_cleaned_at_the_site_go_to_qc_with_their_true_dates(tmp_path: Path) -> None:
    world = study_with("required")
    with scope(world.study):
        row = sent(world, draft_with_files(world, tmp_path, at_site=True))
        assert row.state == "in_qc", row.hold_reason
        day = row.time_point.planned_date
        sealed = AcquisitionFacts.objects.get(series__submission=row)
        assert (sealed.study_date, sealed.acquisition_date) == (day, day)
        codes = set(row.findings.values_list("code", flat=True))
        assert not codes & {"date_out_of_window", "date_in_future", "mixed_subject"}


def test_both_ways_give_the_same_files(tmp_path: Path) -> None:
    world = study_with("offered")
    with scope(world.study):
        row = sent(world, draft_with_files(world, tmp_path, at_site=True))
        assert row.state == "in_qc"
        found = set(
            Instance.objects.filter(series__submission=row).values_list("sha256", flat=True)
        )
        source = tmp_path / f"source-{row.number}"
        files = sorted(path for path in source.rglob("*") if path.is_file())
        plan = site_cleaning.plan_for(
            row,
            study_secret=study_key(row.study_id),
            tokens=merge_tokens(tokens_of(path) for path in files),
        )
        outcomes = [deidentify_file(path, tmp_path / path.name, plan=plan) for path in files]
        assert found == {outcome.sha256_after for outcome in outcomes}


def test_where_it_is_offered_identified_files_are_cleaned_by_the_server(tmp_path: Path) -> None:
    world = study_with("offered")
    with scope(world.study):
        row = sent(world, draft_with_files(world, tmp_path, at_site=False))
        assert row.state == "in_qc"
        uids = Instance.objects.filter(series__submission=row).values_list(
            "sop_instance_uid", flat=True
        )
        assert all(is_new_uid(uid) for uid in uids)


def test_where_it_is_required_identified_files_are_refused_and_not_kept(tmp_path: Path) -> None:
    world = study_with("required")
    with scope(world.study):
        row = draft_with_files(world, tmp_path, at_site=False)
        files = row.files.all()
        assert {(f.outcome, f.code) for f in files} == {("refused", "identified_at_site")}
        arrivals = ArrivalStore(row.pk)
        assert not any(arrivals.exists(f.sha256) for f in files)
        told = row.check_result["set_aside"]
        assert [(line["code"], line["count"]) for line in told] == [("identified_at_site", 12)]
        assert "was not kept" in told[0]["text"]


def test_a_file_cleaned_for_another_subject_is_refused_even_where_it_is_offered(
    tmp_path: Path,
) -> None:
    world = study_with("offered")
    with scope(world.study):
        row = upload_world.draft(world)
        write_series(tmp_path / "source", upload_world.spec_for(row.time_point))
        other = upload_world.submission.start(
            world.time_points(world.subjects[1])[0], actor=world.actor("site_user")
        )
        clean_at_the_site(other, tmp_path / "source", tmp_path / "clean")
        manifest.upload_folder(row, tmp_path / "clean", actor=world.actor("site_user"))
        upload_world.run_jobs(row)
        assert set(row.files.values_list("code", flat=True)) == {"site_other_subject"}


# --- the plan and the account ---------------------------------------------------------------


def test_the_plan_is_of_one_subject_and_its_handing_out_is_in_the_history() -> None:
    world = study_with("required")
    with scope(world.study):
        row = upload_world.draft(world)
        plan = site_cleaning.hand_out(row, actor=world.actor("site_user"))
        assert plan["subject"]["subject_id"] == row.subject.code
        assert plan["key"] != study_key(row.study_id).hex()
        event = Event.objects.get(kind="submission.site_plan")
        assert plan["key"] not in json.dumps(event.details)
        account = SiteCleaning.objects.get(submission=row)
        assert account.handed_to == world.users["site_user"]
        assert plan["key"] not in json.dumps(
            [str(getattr(account, f.name)) for f in account._meta.fields]
        )


def test_a_study_that_cleans_at_the_server_hands_nothing_out() -> None:
    world = upload_world.make_imaging_study()
    with scope(world.study):
        row = upload_world.draft(world)
        with pytest.raises(RuleBroken, match="at the server"):
            site_cleaning.hand_out(row, actor=world.actor("site_user"))


def test_a_submission_that_was_sent_hands_nothing_out(tmp_path: Path) -> None:
    world = study_with("offered")
    with scope(world.study):
        row = upload_world.received(world, tmp_path)
        with pytest.raises(Conflict):
            site_cleaning.hand_out(row, actor=world.actor("site_user"))


ACCOUNT: Mapping[str, Any] = {
    "cleaned": 12,
    "not_sent": {"report_text": 1, "always_looked_at": 3},
    "patient_key": "ab" * 32,
    "engine": SITE_ENGINE,
}


def test_the_account_of_the_site_names_no_file_and_no_person() -> None:
    world = study_with("required")
    with scope(world.study):
        row = upload_world.draft(world)
        site_cleaning.hand_out(row, actor=world.actor("site_user"))
        site_cleaning.report(row, **ACCOUNT, actor=world.actor("site_user"))
        account = site_cleaning.account_of(row)
        assert account is not None
        assert [(line["count"], line["text"]) for line in account["not_sent"]] == [
            (3, "Images of this kind often show names. A person must look."),
            (1, "The file is a written report. Reports stay at the site."),
        ]


@pytest.mark.parametrize(
    "wrong",
    [
        {"not_sent": {"Jane Doe": 1}},
        {"not_sent": {"report_text": 0}},
        {"cleaned": -1},
        {"patient_key": "Jane Doe"},
        {"engine": "another"},
    ],
)
def test_an_account_with_anything_else_in_it_is_refused(wrong: dict[str, Any]) -> None:
    world = study_with("required")
    with scope(world.study):
        row = upload_world.draft(world)
        site_cleaning.hand_out(row, actor=world.actor("site_user"))
        with pytest.raises(RuleBroken, match="not readable"):
            site_cleaning.report(row, **{**ACCOUNT, **wrong}, actor=world.actor("site_user"))


def test_another_person_than_at_the_visits_before_is_noticed_by_a_hash(tmp_path: Path) -> None:
    world = study_with("required")
    with scope(world.study):
        for index, key in ((0, "aa" * 32), (1, "bb" * 32)):
            row = upload_world.draft(world, index)
            site_cleaning.hand_out(row, actor=world.actor("site_user"))
            site_cleaning.report(
                row, **{**ACCOUNT, "patient_key": key}, actor=world.actor("site_user")
            )
            assert site_cleaning.other_person(row) is (index == 1)
            if index == 0:
                sent(world, draft_with_files(world, tmp_path, at_site=True))


def test_the_page_answers_the_plan_and_nobody_may_store_it(client: Client) -> None:
    world = study_with("required")
    with scope(world.study):
        row = upload_world.draft(world)
    client.force_login(world.users["site_user"], backend=BACKEND)
    answer = client.post(reverse("site-plan", args=[world.study.code, row.pk]))
    assert answer.status_code == 200
    assert answer["Cache-Control"] == "no-store"
    assert answer.json()["at_site"] == "required"
    url = reverse("site-report", args=[world.study.code, row.pk])
    good = client.post(url, json.dumps(ACCOUNT), content_type="application/json")
    assert good.status_code == 200
    for body in ("", "[]", '{"cleaned": "12"}', json.dumps({**ACCOUNT, "cleaned": True})):
        bad = client.post(url, body, content_type="application/json")
        assert (bad.status_code, bad.json()["rule"]) == (422, "IMG-061")

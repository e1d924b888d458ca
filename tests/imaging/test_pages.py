"""Pages of imaging answer those who may see them, and nobody else."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.urls import reverse

from audit.models import Event
from imaging.models import Preview, Submission
from imaging.services import manifest, submission
from studies.scoping import scope
from tests.imaging.upload_world import draft, in_qc, make_imaging_study
from tests.sign_dialogs import typed_into
from tests.world import (
    PASSWORD,
    StudyWorld,
    logged_in,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> StudyWorld:
    return make_imaging_study()


@pytest.fixture
def sent(world: StudyWorld, tmp_path: Path) -> Iterator[Submission]:
    with scope(world.study):
        yield in_qc(world, tmp_path)


def test_the_home_of_a_site_shows_its_visits_and_uploads(world: StudyWorld, sent: Any) -> None:
    page = logged_in(world, "site_user").get(reverse("site-home"))
    assert page.status_code == 200
    text = page.content.decode()
    assert "101-001" in text
    assert str(sent) in text
    assert "201-002" not in text


def test_who_works_for_no_site_has_no_site_home(world: StudyWorld) -> None:
    assert logged_in(world, "image_operations").get(reverse("site-home")).status_code == 404


@pytest.mark.parametrize(
    "name", ["submission", "receipt", "deid-report", "upload-files", "upload-form"]
)
def test_another_sites_submission_does_not_exist(world: StudyWorld, sent: Any, name: str) -> None:
    url = reverse(name, args=[world.study.code, sent.pk])
    assert logged_in(world, "site_user_2").get(url).status_code == 404
    denied = Event.objects.filter(kind="access.denied", details__id=str(sent.pk))
    assert denied.exists()


def test_another_sites_visit_takes_no_upload(world: StudyWorld) -> None:
    with scope(world.study):
        theirs = world.time_points(world.subjects[1])[0]
        url = reverse("upload-start", args=[world.study.code, theirs.pk])
        assert logged_in(world, "site_user").post(url).status_code == 404
        assert not Submission.objects.exists()


def test_an_upload_that_was_cut_says_how_much_is_here_and_what_to_choose(
    world: StudyWorld,
) -> None:
    one, two = b"first file" * 1024, b"second file" * 10_240
    with scope(world.study):
        row, actor = draft(world), world.actor("site_user")
        both = [(hashlib.sha256(content).hexdigest(), len(content)) for content in (one, two)]
        manifest.announce(row, both, actor=actor)
        manifest.store_file(row, both[0][0], [one], actor=actor)
    url = reverse("upload-files", args=[world.study.code, row.pk])
    page = logged_in(world, "site_user").get(url).content.decode().replace("\xa0", " ")
    assert "1 of 2 files are here, 10 kB of 123 kB" in page
    assert "Choose the same folder again first" in page
    assert "Choose files first" not in page


@pytest.mark.parametrize("name", ["central_reader", "sponsor", "data_recipient"])
def test_readers_and_sponsors_see_no_submission(world: StudyWorld, sent: Any, name: str) -> None:
    url = reverse("submission", args=[world.study.code, sent.pk])
    assert logged_in(world, name).get(url).status_code in {403, 404}


@pytest.mark.parametrize("tab", ["series", "findings", "files", "history"])
@pytest.mark.parametrize("name", ["site_user", "image_operations", "inspector"])
def test_a_submission_is_shown_with_every_part(
    world: StudyWorld, sent: Any, name: str, tab: str
) -> None:
    url = reverse("submission", args=[world.study.code, sent.pk])
    page = logged_in(world, name).get(f"{url}?tab={tab}")
    assert page.status_code == 200
    assert str(sent) in page.content.decode()


def test_receipt_and_proof_are_shown_to_the_sender(world: StudyWorld, sent: Any) -> None:
    client = logged_in(world, "site_user")
    receipt = client.get(reverse("receipt", args=[world.study.code, sent.pk])).content.decode()
    assert sent.manifest_digest in receipt
    assert "Matches the record" in receipt
    proof = client.get(reverse("deid-report", args=[world.study.code, sent.pk]))
    assert "12 files were cleaned" in proof.content.decode()


def test_a_picture_is_immutable_and_answers_a_known_tag_without_bytes(
    world: StudyWorld, sent: Any
) -> None:
    preview = Preview.objects.filter(series__submission=sent).first()
    assert preview is not None
    digest = preview.objects_sha256[0]
    url = reverse("image-preview", args=[world.study.code, preview.series_id, digest])
    client = logged_in(world, "image_operations")
    first = client.get(url)
    assert (first.status_code, first["Content-Type"]) == (200, "image/jpeg")
    assert "immutable" in first["Cache-Control"]
    again = client.get(url, headers={"If-None-Match": first["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    other = url.replace(digest, "0" * 64)
    assert client.get(other).status_code == 404
    assert logged_in(world, "site_user_2").get(url).status_code == 404


def test_the_stack_viewer_gets_every_slice(world: StudyWorld, sent: Any) -> None:
    series = sent.series.get()
    url = reverse("series-stack", args=[world.study.code, series.pk])
    (pane,) = logged_in(world, "image_operations").get(url).json()["panes"]
    assert len(pane["stack"]["windows"]["soft"]["slices"]) == 12
    assert len(pane["stack"]["positions"]) == 12


def test_the_queue_and_the_workbench_open_and_only_staff_decides(
    world: StudyWorld, sent: Any
) -> None:
    code = world.study.code
    staff = logged_in(world, "image_operations")
    assert str(sent) in staff.get(reverse("qc-queue", args=[code])).content.decode()
    claim = reverse("qc-claim", args=[code, sent.pk])
    assert logged_in(world, "project_manager").post(claim).status_code == 403
    bench = reverse("qc-workbench", args=[code, sent.pk])
    assert staff.post(claim, follow=True).redirect_chain[-1][0] == bench
    page = staff.get(bench).content.decode()
    assert "Release claim" in page
    assert "Release claim" not in logged_in(world, "inspector").get(bench).content.decode()
    assert logged_in(world, "site_user").get(bench).status_code == 403


def test_files_are_announced_and_sent_over_http(world: StudyWorld) -> None:
    with scope(world.study):
        row = draft(world)
    client, args = logged_in(world, "site_user"), [world.study.code, row.pk]
    abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"  # FIPS 180-2, B.1
    entry = {"path": "Maeve Halloran/IM1", "sha256": abc, "size": 3}
    manifest = json.dumps({"files": [entry]})
    url = reverse("upload-manifest", args=args)
    answer = client.post(url, manifest, content_type="application/json")
    assert answer.json()["missing"] == [abc]
    put = reverse("upload-put", args=[*args, abc])
    wrong = client.put(put, b"abd", content_type="application/octet-stream")
    assert wrong.status_code == 422
    assert "not those of the file" in wrong.json()["detail"]
    assert client.put(put, b"abc", content_type="application/octet-stream").status_code == 204
    assert client.post(url, manifest, content_type="application/json").json()["missing"] == []
    done = client.post(reverse("upload-finish", args=args), "{}", content_type="application/json")
    assert done.json()["next"] == reverse("upload-checks", args=args)
    nonsense = client.post(url, "[1]", content_type="application/json")
    assert nonsense.status_code == 422


def test_autosave_keeps_single_answers_and_tells_the_second_tab(world: StudyWorld) -> None:
    with scope(world.study):
        row = draft(world)
    client = logged_in(world, "site_user")
    url = reverse("upload-form-autosave", args=[world.study.code, row.pk])

    def save(values: dict[str, Any], version: int) -> Any:
        return client.post(
            url,
            json.dumps({"values": values}),
            content_type="application/json",
            headers={"If-Match": f'"{version}"'},
        )

    first = save({"answers[scan.time]": "09:30"}, 0)
    assert (first.status_code, first.json()["version"]) == (200, "1")
    second = save({"answers[scan.technologist]": "IC"}, 1)
    assert second.json()["version"] == "2"
    with scope(world.study):
        row.form_record.refresh_from_db()
        assert row.form_record.answers["scan"] == {"time": "09:30", "technologist": "IC"}
    late = save({"answers[scan.time]": "10:00"}, 1)
    assert (late.status_code, late.json()["version"]) == (409, "2")


def test_a_wrong_password_signs_nothing_and_says_so(world: StudyWorld, tmp_path: Path) -> None:
    from imaging.phantom import write_series
    from imaging.services import manifest
    from tests.imaging.upload_world import fill_form, run_jobs, spec_for

    with scope(world.study):
        row = draft(world)
        write_series(tmp_path / "scan", spec_for(row.time_point))
        manifest.upload_folder(row, tmp_path / "scan", actor=world.actor("site_user"))
        run_jobs(row)
        fill_form(world, row)
    client = logged_in(world, "site_user")
    url = reverse("upload-review", args=[world.study.code, row.pk])
    shown = client.get(url)
    assert submission.STATEMENT in shown.content.decode()
    refused = client.post(url, typed_into(shown, "wrong"))
    assert refused.status_code == 422
    assert "The password is not right" in refused.content.decode()
    with scope(world.study):
        assert Submission.objects.get(pk=row.pk).state == "uploading"
    unseen = client.post(url, {"password": PASSWORD})
    assert unseen.status_code == 422
    assert "The page did not say what you saw" in unseen.content.decode()
    sent = client.post(url, typed_into(unseen))
    assert sent["Location"] == reverse("receipt", args=[world.study.code, row.pk])


def test_the_door_for_machines_shows_what_the_pages_show(world: StudyWorld, sent: Any) -> None:
    base = f"/api/v1/studies/{world.study.code}/submissions/"
    mine = logged_in(world, "site_user").get(base).json()["results"]
    assert [row["receipt"] for row in mine] == [str(sent)]
    assert logged_in(world, "site_user_2").get(base).json()["results"] == []
    assert logged_in(world, "site_user_2").get(f"{base}{sent.pk}/").status_code == 404
    assert logged_in(world, "sponsor").get(base).status_code == 403
    found = logged_in(world, "image_operations").get(f"/api/v1/studies/{world.study.code}/series/")
    assert found.json()["results"][0]["instance_count"] == 12

"""Read packages: chosen, ordered, named, versioned; re-opened as seen; late images are decided."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from audit.errors import RuleBroken
from imaging.models import LateImages, ReadPackage, Series, Submission
from imaging.phantom import write_series
from imaging.services import manifest, package, qc, submission
from imaging.services.package import Choice
from studies.scoping import scope
from tests.imaging.qc_world import decided
from tests.imaging.upload_world import (
    fill_form,
    in_qc,
    make_imaging_study,
    run_jobs,
    send,
    spec_for,
)
from tests.remembering import continued
from tests.world import (
    BACKEND,
    StudyWorld,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> StudyWorld:
    return make_imaging_study()


def pass_it(world: StudyWorld, row: Submission) -> Submission:
    decided(world, qc.claim(row, actor=world.actor("image_operations")), "pass")
    row.refresh_from_db()
    row.time_point.refresh_from_db()
    return row


@continued
def released(world: StudyWorld, folder: Path) -> Submission:
    """Send a visit that quality control releases."""
    return pass_it(world, in_qc(world, folder))


def another(world: StudyWorld, first: Submission, folder: Path) -> Submission:
    """Send one more series of the same visit, as a site does weeks later."""
    visit = first.time_point
    visit.refresh_from_db()
    row = submission.start(visit, actor=world.actor("site_user"))
    write_series(folder / "more", spec_for(visit, series_number=7, seed=9))
    manifest.upload_folder(row, folder / "more", actor=world.actor("site_user"))
    run_jobs(row)
    fill_form(world, row)
    send(world, row)
    assert run_jobs(row) == ["done"]
    row.refresh_from_db()
    assert row.state == "in_qc"
    return row


def change(world: StudyWorld, visit: Any, choices: list[Choice], **more: str) -> ReadPackage:
    given = {"layout": "1x1", "note": "", **more}
    return package.change(visit, choices=choices, actor=world.actor("image_operations"), **given)


def test_what_was_prepared_in_quality_control_is_released_by_its_decision(
    world: StudyWorld, tmp_path: Path
) -> None:
    with scope(world.study):
        row = in_qc(world, tmp_path)
        series = Series.objects.get(submission=row)
        made = change(
            world, row.time_point, [Choice(series, "Abdomen, portal venous", 2)], layout="1x2"
        )
        assert made.state == "built"
        pass_it(world, row)
        held = package.released(row.time_point)
        assert held is not None
        assert (held.pk, held.version, held.layout) == (made.pk, 1, "1x2")
        entry = held.entries.get()
        assert (entry.label, entry.place, entry.order) == ("Abdomen, portal venous", 2, 1)


@pytest.mark.parametrize(
    ("chosen", "message"),
    [
        (("Scan of 05.03.2026", None, "1x1"), "names no date"),
        (("Week 8, 2026", None, "1x1"), "names no date"),
        (("A" * 81, None, "1x1"), "at most 80"),
        (("Abdomen", 2, "1x1"), "does not have"),
        (("Abdomen", None, "3x3"), "Choose a layout"),
    ],
)
def test_a_choice_that_is_not_possible_is_refused(
    world: StudyWorld, tmp_path: Path, chosen: tuple[str, int | None, str], message: str
) -> None:
    label, place, layout = chosen
    with scope(world.study):
        row = in_qc(world, tmp_path)
        series = Series.objects.get(submission=row)
        with pytest.raises(RuleBroken, match=message):
            change(world, row.time_point, [Choice(series, label, place)], layout=layout)
        assert not ReadPackage.objects.exists()


def test_nothing_chosen_means_every_readable_series_under_neutral_names(
    world: StudyWorld, tmp_path: Path
) -> None:
    with scope(world.study):
        row = released(world, tmp_path)
        held = package.released(row.time_point)
        assert held is not None
        assert [(e.label, e.place) for e in held.entries.all()] == [("CT, series 1", 1)]
        assert package.stored_digest(held) == held.digest


def test_a_released_visit_gets_another_version_only_with_a_reason(
    world: StudyWorld, tmp_path: Path
) -> None:
    with scope(world.study):
        row = released(world, tmp_path)
        series = Series.objects.get(submission=row)
        with pytest.raises(RuleBroken, match="Say why"):
            change(world, row.time_point, [Choice(series, "Liver")])
        made = change(world, row.time_point, [Choice(series, "Liver")], note="clearer name")
        states = ReadPackage.objects.order_by("version").values_list("version", "state")
        assert list(states) == [(1, "superseded"), (2, "released")]
        assert made.digest != ReadPackage.objects.get(version=1).digest


def test_a_version_that_was_seen_can_be_opened_again_by_the_auditor(
    world: StudyWorld, tmp_path: Path
) -> None:
    with scope(world.study):
        row = released(world, tmp_path)
        first = package.released(row.time_point)
        series = Series.objects.get(submission=row)
        change(world, row.time_point, [Choice(series, "Liver")], note="clearer name")
    assert first is not None
    client = Client()
    client.force_login(world.users["quality_auditor"], backend=BACKEND)
    page = client.get(reverse("package-version", args=[world.study.code, first.pk]))
    text = page.content.decode()
    assert page.status_code == 200
    assert "CT, series 1" in text
    assert "exactly those of this version" in text
    stack = client.get(reverse("package-stack", args=[world.study.code, first.pk])).json()
    slices = stack["panes"][0]["stack"]["windows"]["soft"]["slices"]
    assert len(slices) == 12
    assert client.get(slices[0])["Content-Type"] == "image/jpeg"


def test_a_changed_image_shows_that_a_version_is_not_what_was_seen(
    world: StudyWorld, tmp_path: Path
) -> None:
    with scope(world.study):
        row = released(world, tmp_path)
        held = package.released(row.time_point)
        assert held is not None
        instance = Series.objects.get(submission=row).instances.first()
        # The database lets nobody change an instance; another one in the series has the same sign.
        instance.pk, instance.source_sha256, instance.sha256 = None, "1" * 64, "2" * 64
        instance.save(force_insert=True)
        assert package.stored_digest(held) != held.digest


# --- late images ----------------------------------------------------------------------------------


def test_images_that_come_before_anybody_read_join_the_next_version(
    world: StudyWorld, tmp_path: Path
) -> None:
    with scope(world.study):
        row = released(world, tmp_path)
        late_row = another(world, row, tmp_path)
        row.time_point.refresh_from_db()
        assert row.time_point.state == "ready"
        pass_it(world, late_row)
        held = package.released(row.time_point)
        assert held is not None
        assert held.version == 2
        assert held.entries.count() == 2
        assert not LateImages.objects.exists()

"""From an announced folder to QC, with real DICOM, real storage and the production pipeline."""

from __future__ import annotations

from pathlib import Path

import pytest

from imaging.models import Finding, Instance, Series
from imaging.phantom import Defects
from imaging.storage import research
from studies.scoping import scope
from tests.imaging.upload_world import in_qc, make_imaging_study

pytestmark = pytest.mark.django_db


def test_a_clean_visit_reaches_qc_with_every_file_cleaned(tmp_path: Path) -> None:
    world = make_imaging_study()
    with scope(world.study):
        row = in_qc(world, tmp_path)
        assert row.state == "in_qc", row.hold_reason
        assert row.time_point.state == "in_qc"
        assert set(row.files.values_list("outcome", flat=True)) == {"cleaned"}
        assert Instance.objects.filter(series__submission=row).count() == 12
        assert Series.objects.get(submission=row).instance_count == 12
        for digest in Instance.objects.values_list("sha256", flat=True):
            assert research().is_whole(digest)
        blocking = [f.title for f in Finding.objects.filter(submission=row, level="error")]
        assert blocking == []


def test_missing_slices_and_a_late_date_are_found(tmp_path: Path) -> None:
    world = make_imaging_study()
    with scope(world.study):
        row = in_qc(world, tmp_path, defects=Defects(missing_slices=(4, 5), date_shift_days=-40))
        codes = set(
            Finding.objects.filter(submission=row, level="error").values_list("code", flat=True)
        )
        assert {"missing_slices", "date_out_of_window"} <= codes

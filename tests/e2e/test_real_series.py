"""A real, public CT series from a site's folder to a data cut, by the services of the pages."""

from __future__ import annotations

from pathlib import Path

import pydicom
import pytest

from imaging.models import Instance, Submission
from imaging.services import manifest, qc
from imaging.storage import research
from projects.demonstration.answers import checklist
from studies.scoping import scope
from studies.services import forms
from tests.exports.cut_world import make_cut_study, released
from tests.exports.cut_world import rows as delivered
from tests.imaging.upload_world import draft, fill_form, send
from tests.imaging.upload_world import run_jobs as process
from tests.reads.read_world import READERS, read_baseline, run_jobs

pytestmark = [pytest.mark.corpus, pytest.mark.slow, pytest.mark.django_db(transaction=True)]


def test_a_real_series_lives_from_receipt_to_the_cut(corpus: Path) -> None:
    folder = corpus / "series" / "ct_3slice_seg"
    images = sorted(folder.glob("0?.dcm"))
    world = make_cut_study(reads=False)
    with scope(world.study):
        row = manifest.upload_folder(draft(world), folder, actor=world.actor("site_user"))
        assert set(process(row)) == {"done"}
        fill_form(world, row)
        row = send(world, row)
        assert set(process(row)) == {"done"}
        row.refresh_from_db()
        assert row.state == "in_qc"

        originals = [pydicom.dcmread(path) for path in images]
        clean = [
            pydicom.dcmread(research().open(instance.sha256))
            for instance in Instance.objects.filter(series__submission=row)
        ]
        assert {d.PatientID for d in clean} == {world.subjects[0].code}
        assert all(d.PatientIdentityRemoved == "YES" for d in clean)
        known = {d.SOPInstanceUID for d in originals}
        assert known.isdisjoint({d.SOPInstanceUID for d in clean})
        pixels = {bytes(d.PixelData) for d in clean if d.Modality == "CT"}
        assert pixels == {bytes(d.PixelData) for d in originals}

        accept(world, row)
        run_jobs()
        for name in READERS:
            read_baseline(world, name, "40.0", "20.0")
        run_jobs()
        cut = released(world)
        lesions = delivered(cut, "tu.csv")
        assert {line["TULNKID"] for line in lesions} == {
            f"R{number}-{label}" for number in (1, 2) for label in ("T01", "T02", "NT01")
        }


def accept(world: object, row: Submission) -> None:
    """Accept the visit: what is known of this series is explained, then signed."""
    actor = world.actor("image_operations")  # type: ignore[attr-defined]
    for finding in qc.findings_of(row.time_point):
        if finding.state == "open" and finding.level != "info":
            qc.explain(finding, actor=actor, reason="three slices of a public test series")
    review = qc.claim(row, actor=actor)
    record = qc.save_checklist(
        review, checklist(follow_up=False), seen_version=review.form_record.version, actor=actor
    )
    result = forms.evaluated(record, context=qc.checklist_context(review), final=True)
    reasons = {m.key: "looked at the images" for m in result.messages if m.blocks}
    if reasons:
        qc.save_checklist(
            review,
            {**record.answers, "reasons": reasons},
            seen_version=record.version,
            actor=actor,
        )
    qc.complete_checklist(review, actor=actor)
    review = qc.decide(review, decision="pass", actor=actor)
    qc.sign(review, actor=actor, assent=world.assent("image_operations", qc.MEANING))  # type: ignore[attr-defined]

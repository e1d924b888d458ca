"""A study in which images can be received: profile, guideline, phantom CT, and its upload."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from audit import clock, jobs
from audit.models import Job
from imaging.models import Submission
from imaging.phantom import Defects, Scanner, SeriesSpec, invented_identity, write_series
from imaging.services import manifest, submission
from studies.models import Configuration, TimePoint
from studies.scoping import scope
from tests.remembering import continued, remembered
from tests.world import StudyWorld, _configure, make_study

IMAGING = Path(__file__).resolve().parents[2] / "imaging"
SCANNER = Scanner(
    manufacturer="Phantom Medical", model="Ellipse 64", serial="PM-0001", software="5.1"
)


@remembered
def make_imaging_study(code: str = "ALPHA", sponsor: str = "Norvane") -> StudyWorld:
    """Return a study whose configuration is complete for imaging."""
    world = make_study(code, sponsor=sponsor)
    with scope(world.study):
        profile = json.loads((IMAGING / "deid_profiles" / "trial.json").read_text())
        guideline = json.loads((IMAGING / "guidelines" / "default.json").read_text())
        for kind, key, title, document in (
            (Configuration.Kind.DEID_PROFILE, "trial", "Trial profile", profile),
            (Configuration.Kind.GUIDELINE, "general", "General oncology", guideline),
        ):
            if not Configuration.objects.filter(kind=kind, state="effective").exists():
                _configure(world, kind, key, title, document)
    return world


def spec_for(time_point: TimePoint, **changes: Any) -> SeriesSpec:
    """Return a small, fast series scanned on the planned day of a visit."""
    day = time_point.planned_date or clock.today()
    spec = SeriesSpec(
        identity=invented_identity(1),
        study_date=day,
        scanner=SCANNER,
        slices=12,
        matrix=64,
        spacing_mm=5.0,
        thickness_mm=5.0,
        seed=3,
    )
    return replace(spec, **changes)


def draft(world: StudyWorld, index: int = 0) -> Submission:
    """Open a draft for the first visit of the first subject, as the site's technologist."""
    time_point = world.time_points(world.subjects[0])[index]
    return submission.start(time_point, actor=world.actor("site_user"))


def run_jobs(row: Submission) -> list[str]:
    """Run a submission's waiting jobs here and now, messages left out; return how they end."""
    waiting = [job for job in jobs.of(row) if not job.is_over and job.kind != "projects.notify"]
    return [jobs.run(str(job.pk)) for job in reversed(waiting)]


def fill_form(world: StudyWorld, row: Submission, **changes: Any) -> None:
    """Answer the transmittal form truly and completely, as a technologist would."""
    actor = world.actor("site_user")
    row.refresh_from_db()
    record = row.form_record
    record.refresh_from_db()
    day = record.answers.get("scan", {}).get("date") or clock.today().isoformat()
    answers: dict[str, Any] = {
        "scan": {
            "modality": "CT",
            "date": day,
            "time": "09:30",
            "scanner": "Phantom Medical Ellipse 64",
            "technologist": "IC",
            "regions": ["CHEST", "ABDOMEN"],
            "slice_thickness": "5",
        },
        "contrast": {
            "given": True,
            "agent": "Iohexol 350",
            "volume": "90",
            "phase": "PORTAL VENOUS",
            "delay": "70",
        },
        "deviations": {"any": False},
    }
    for section, values in changes.items():
        answers[section] = {**answers.get(section, {}), **values}
    saved = submission.save_form(row, answers, seen_version=record.version, actor=actor)
    row.form_record = saved
    evaluation = submission.form_context(row)
    from studies.services import forms

    result = forms.evaluated(saved, context=evaluation, final=True)
    reasons = {m.key: "as scanned, see the scanner's log" for m in result.messages if m.blocks}
    if reasons:
        saved = submission.save_form(
            row, {**answers, "reasons": reasons}, seen_version=saved.version, actor=actor
        )
        row.form_record = saved
    submission.complete_form(row, actor=actor)


def send(world: StudyWorld, row: Submission) -> Submission:
    """Sign and send as the site's technologist."""
    row.refresh_from_db()
    return submission.sign_and_receive(
        row,
        actor=world.actor("site_user"),
        assent=world.assent("site_user", submission.MEANING),
    )


@continued
def received(
    world: StudyWorld, folder: Path, *, index: int = 0, defects: Defects | None = None, **spec: Any
) -> Submission:
    """Send one phantom series for a visit, up to the receipt; nothing is processed yet."""
    row = draft(world, index)
    folder = folder / f"upload-{row.number}"
    write_series(folder, spec_for(row.time_point, defects=defects or Defects(), **spec))
    manifest.upload_folder(row, folder, actor=world.actor("site_user"))
    run_jobs(row)
    fill_form(world, row)
    return send(world, row)


@continued
def in_qc(world: StudyWorld, folder: Path, **how: Any) -> Submission:
    """Send one phantom series and let the workers bring it to QC."""
    row = received(world, folder, **how)
    states = run_jobs(row)
    assert states == ["done"], [job.error for job in jobs.of(row)]
    row.refresh_from_db()
    return row


def job_of(row: Submission, kind: str) -> Job:
    """Return the newest job of a kind about a submission."""
    return next(job for job in jobs.of(row) if job.kind == kind)


@continued
def uploaded(world: StudyWorld, folder: Path, **spec: Any) -> Submission:
    """A draft whose files arrived and were checked; its form waits."""
    row = draft(world)
    write_series(folder, spec_for(row.time_point, **spec))
    manifest.upload_folder(row, folder, actor=world.actor("site_user"))
    assert run_jobs(row) == ["done"]
    row.refresh_from_db()
    return row

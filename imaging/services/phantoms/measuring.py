"""A received phantom scan is measured by a worker, in a child process."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from uuid import UUID

from django.conf import settings

from audit.actors import service
from audit.models import Job
from imaging.models import PhantomScan
from imaging.pipeline.phantom_scan import ENGINE, Filling, MeasuredScan, measure
from imaging.pipeline.sandbox import Contained, Sandbox, SandboxLimits
from imaging.pipeline.technical_qc.phantom_metrics import PhantomError
from imaging.pipeline.technical_qc.phantom_plan import figures_of
from imaging.services.phantoms.schedule import programme_of
from imaging.storage import ArrivalStore, ContentDamaged, previews
from imaging.workflows import PHANTOM_SCAN
from studies.scoping import across_studies, scope

LIMITS = SandboxLimits()


def measure_scan(job: Job, scan_id: str) -> None:
    """Measure a received phantom scan, or return it to the site with the reason."""
    with across_studies("a worker takes up a phantom scan"):
        row = PhantomScan.objects.select_related("study", "plan", "scanner").get(pk=UUID(scan_id))
    system = service("Phantom measurement", study_id=row.study_id)
    with scope(row.study):
        if row.state != "received":
            return
        result = _measured(row)
        if isinstance(result, str):
            PHANTOM_SCAN.move(
                row, "refuse", actor=system, reason=result, changes={"problem": result[:300]}
            )
            return
        figures = figures_of(programme_of(row), result.metrics)
        PHANTOM_SCAN.move(
            row,
            "measure",
            actor=system,
            changes={
                "figures": [asdict(figure) for figure in figures],
                "header": dict(result.header),
                "picture_sha256": previews().put_bytes(result.picture),
                "engine_version": ENGINE,
            },
            details={"outside": [f.metric for f in figures if f.passed is False]},
        )


def _measured(row: PhantomScan) -> MeasuredScan | str:
    folder = Path(settings.DATA_DIR) / "work" / f"phantom-{row.pk.hex}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, mode=0o700)
    try:
        arrivals = ArrivalStore(row.pk)
        paths = []
        for number, entry in enumerate(row.files):
            path = folder / f"{number:05d}"
            arrivals.write_to(entry["sha256"], path)
            paths.append(str(path))
        return _in_a_child(paths, programme_of(row).phantom, _filling(row))
    except (ContentDamaged, FileNotFoundError):
        return "A stored file cannot be read. Send the phantom scan again."
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _filling(row: PhantomScan) -> Filling | None:
    if row.background_kbq_ml is None or row.sphere_kbq_ml is None:
        return None
    return Filling(float(row.background_kbq_ml), float(row.sphere_kbq_ml))


def _in_a_child(paths: list[str], phantom: str, filling: Filling | None) -> MeasuredScan | str:
    def setup() -> Callable[[list[str]], MeasuredScan | str]:
        def run(files: list[str]) -> MeasuredScan | str:
            try:
                return measure([Path(path) for path in files], phantom, filling)
            except PhantomError as problem:
                return f"This could not be measured: {problem}."

        return run

    with Sandbox(setup, limits=LIMITS) as sandbox:
        _, result = next(iter(sandbox.map([paths])))
    if isinstance(result, Contained):
        return "The images could not be opened. Export the series again and send it once more."
    return result
